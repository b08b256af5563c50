"""Measure a plan without changes: 200 dashboards of 10 panels and 200 alerts on an emulator.

Run it with ``python benchmarks/bench_sync.py``; it prints one JSON document.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from telemetry.child import ServingProcess
from telemetry.definitions import load_definitions, load_names
from telemetry.sync.api import Api
from telemetry.sync.apply import Applier
from telemetry.sync.plan import make_plan
from telemetry.sync.remote import Reader, find_project
from telemetry.sync.targets import make_targets

PANEL = """\
      - name: Panel {number}
        kind: time-series
        metrics: [n]
        sql: |
          SELECT time_bucket($resolution, start_timestamp) AS x, count(*) AS n
          FROM records
          WHERE level >= 'error' AND service_name = 'service-{number}'
          GROUP BY 1
"""
ALERT = """\
kind: Alert
name: Alert {number}
description: What to do about it.
sql: |
  SELECT span_name, count(*) AS n
  FROM records
  WHERE level >= 'error' AND service_name = 'service-{number}'
  GROUP BY 1
window: 15m
every: 5m
"""


def write_definitions(folder: Path, dashboards: int, panels: int, alerts: int) -> None:
    """Write as many definitions."""
    for name in ("dashboards", "alerts"):
        (folder / name).mkdir()
    for number in range(dashboards):
        head = f"kind: Dashboard\nslug: board-{number}\nname: Board {number}\ngroups:\n"
        body = "".join(PANEL.format(number=each) for each in range(panels))
        (folder / f"dashboards/{number}.yaml").write_text(
            f"{head}  - title: All\n    panels:\n{body}"
        )
    for number in range(alerts):
        (folder / f"alerts/{number}.yaml").write_text(ALERT.format(number=number))


def measure(dashboards: int, panels: int, alerts: int, repeats: int) -> dict[str, object]:
    """Return seconds of each part, the best of some."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_definitions(folder, dashboards, panels, alerts)
        figures: dict[str, object] = {
            "dashboards": dashboards,
            "panels": dashboards * panels,
            "alerts": alerts,
        }
        started = time.perf_counter()
        paths = [folder / "dashboards", folder / "alerts"]
        definitions = load_definitions(paths, load_names()).check()
        figures["load_definitions_seconds"] = round(time.perf_counter() - started, 3)
        with (
            ServingProcess(
                "telemetry.cli.emulate", ["--data", f"{folder}/data"], name="Logfire emulator"
            ) as emulator,
            Api(emulator.address, "local", limits=(), direct=True) as api,
        ):
            project = find_project(api, None)
            targets = make_targets(definitions)
            keys = [target.key for target in targets]

            def plan() -> tuple[float, float, int]:
                started = time.perf_counter()
                remote = Reader(api, project, keys).read()
                read = time.perf_counter() - started
                made = make_plan(api.url, targets, remote, {})
                return read, time.perf_counter() - started, len(made.actions)

            started = time.perf_counter()
            remote = Reader(api, project, keys).read()
            outcome = Applier(api, remote, {}).apply(make_plan(api.url, targets, remote, {}))
            figures["first_apply_seconds"] = round(time.perf_counter() - started, 3)
            figures["applied"] = len(outcome.done)
            rounds = [plan() for _ in range(repeats)]
            figures["changes"] = rounds[-1][2]
            figures["read_seconds"] = round(min(each[0] for each in rounds), 3)
            figures["read_and_plan_seconds"] = round(min(each[1] for each in rounds), 3)
            command = [sys.executable, "-m", "telemetry.cli", "plan", "--detailed-exitcode"]
            figures["plan_command_seconds"] = round(
                min(_time(command, emulator.address, folder) for _ in range(repeats)), 3
            )
    return figures


def _time(command: list[str], url: str, folder: Path) -> float:
    started = time.perf_counter()
    subprocess.run([*command, "--url", url], cwd=folder, check=True, capture_output=True)
    return time.perf_counter() - started


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dashboards", type=int, default=200)
    parser.add_argument("--panels", type=int, default=10)
    parser.add_argument("--alerts", type=int, default=200)
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    print(json.dumps(measure(options.dashboards, options.panels, options.alerts, options.repeats)))


if __name__ == "__main__":
    main()
