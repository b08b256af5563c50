"""``make demo``: the pipeline over sample pages, checked against what is known to be on them.

A small web site on this machine serves the pages, and has the web's bad habits. The pipeline runs
over all of it twice: the first run finds what is there, the second creates nothing. Ends with 0 if
everything came out as it is known to, the failures among it.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from functions.demo.site import BAD_HABITS, DemoSite, Outcome
from functions.demo.truth import compare, load_truth, read_shows
from telemetry.child import ServingProcess
from telemetry.cli.exits import FINDINGS, OK

if TYPE_CHECKING:
    from collections.abc import Iterator

    from functions.demo.truth import Show

PAGES: Final = Path(__file__).parent / "pages"
DATA: Final = Path(".mystage") / "demo"

_SAMPLES: Final = 5

TABLES: Final = DATA / "mystage.db"
PICTURES: Final = DATA / "pictures"
DASHBOARDS: Final = ("pipeline-funnel", "entity-creation")

_PATIENCE: Final = "2"
"""Seconds for one fetch: the site's slow page would use up the thirty of the default."""


def main() -> int:
    """Run the demo and return its exit code."""
    with suppress(FileNotFoundError):
        shutil.rmtree(DATA)
    truth = load_truth()
    emulator = ServingProcess(
        "telemetry.cli.emulate", ["--data", str(DATA)], name="Logfire emulator"
    )
    with DemoSite(PAGES) as site, emulator:
        say(f"{len(site.pages)} sample pages, and {len(BAD_HABITS)} bad habits of the web:")
        for habit in BAD_HABITS:
            say(f"  {habit.path:<8} {habit.description}")
        sources = DATA.parent / "demo-sources.txt"
        sources.parent.mkdir(parents=True, exist_ok=True)
        sources.write_text("\n".join(site.urls) + "\n")
        command = ["run", f"@{sources}", "--data", str(DATA), "--fetch-timeout", _PATIENCE]
        say("", f"$ mystage {' '.join(command)}")
        run(command)
        say("", "The same sources again: everything is found, nothing is created.")
        say(f"$ mystage {' '.join(command)} --json")
        second = json.loads(run([*command, "--json"], capture=True))
        say(json.dumps({"entities": second["entities"], "failed_tasks": second["failed_tasks"]}))
        say("", "Both runs sent their telemetry to a Logfire emulator. What its dashboards show:")
        for dashboard in DASHBOARDS:
            draw(dashboard)
    found = read_shows(TABLES)
    faults = [
        *compare(truth, found),
        *check_failures(truth, second),
        *(
            f"the second run created {counts['created']} {kind}"
            for kind, counts in second["entities"].items()
            if counts["created"]
        ),
    ]
    if faults:
        say("", "This is not as it should be:", *faults)
        return 1
    events = sum(len(shows) for shows in truth.values())
    say(
        "",
        f"All as it should be: {events} events on {len(truth)} pages became {len(found)}"
        " performances, such as",
        *(f"  {title}" for title in sorted(show.title for show in found)[:_SAMPLES]),
        "and what cannot be read failed alone, with its reason.",
        f"They stand in the tables of {TABLES}, and the pictures in {PICTURES}.",
        "Open the .html files there with a browser. Pages of your own:",
        "  .venv/bin/mystage run https://venue.example/calendar",
        "Dashboards, alerts, queues and each item's way, in a browser:",
        f"  .venv/bin/mystage up --data {DATA}",
    )
    return 0


def check_failures(truth: dict[str, list[Show]], summary: dict[str, Any]) -> Iterator[str]:
    """Give a line where other tasks failed than those of pages that cannot be read."""
    silent = [name for name, shows in truth.items() if not shows]
    lost = {Outcome.GIVEN_UP, Outcome.NEVER_FETCHED}
    bad = [habit.path for habit in BAD_HABITS if habit.outcome in lost]
    if summary["failed_tasks"] != len(silent) + len(bad):
        yield (
            f"{summary['failed_tasks']} tasks failed for good, and {len(silent) + len(bad)} should"
            f" have: {', '.join(silent + bad)}"
        )


def draw(dashboard: str) -> None:
    """Draw a dashboard as a page and as a picture."""
    PICTURES.mkdir(exist_ok=True)
    page, picture = (str(PICTURES / f"{dashboard}.{suffix}") for suffix in ("html", "png"))
    arguments = ["preview", dashboard, "--data", str(DATA), "--html", page, "--png", picture]
    run([*arguments, "--last", "30m"], code=OK)


def run(arguments: list[str], *, capture: bool = False, code: int = FINDINGS) -> str:
    """Run ``mystage``; failed tasks are part of the demo, any other code is its end."""
    done = subprocess.run(  # noqa: S603 - this interpreter, our own module
        [sys.executable, "-m", "telemetry.cli", *arguments],
        stdout=subprocess.PIPE if capture else None,
        text=True,
        check=False,
    )
    if done.returncode != code:
        sys.exit(f"mystage {arguments[0]} ended with {done.returncode} instead of {code}")
    return done.stdout or ""


def say(*lines: str) -> None:
    """Print lines at once, so that they stand before what a command prints."""
    print(*lines, sep="\n", flush=True)  # noqa: T201 - the demo talks


if __name__ == "__main__":
    sys.exit(main())
