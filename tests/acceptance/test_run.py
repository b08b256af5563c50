"""``mystage run``: pages in at one end, venues, artists and performances out at the other."""

from __future__ import annotations

import fcntl
import os
import signal
import sqlite3
import subprocess
import time
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from commands import MYSTAGE, Performance, event, event_page, mystage, read_performances

if TYPE_CHECKING:
    from pathlib import Path

STAGES = [
    "scheduling",
    "sourcing",
    "doc_processing",
    "extraction_adapters",
    "extraction_agents",
    "entity_resolution",
    "entity_source_mgmt",
    "entity_writers",
    "sync_data_stores",
]


def test_pages_become_entities_and_the_summary_says_so(pages: Path, data: Path) -> None:
    (pages / "one.html").write_text(event_page(event(1), event(2, artist="Band 1")))
    (pages / "two.html").write_text(event_page(event(1)))

    ended = mystage("run", pages, "--data", data, "--json", "--processes", "1")

    assert (0, 2, 0) == (ended.code, ended.json["sources"], ended.json["failed_tasks"]), (
        ended.stderr
    )
    assert STAGES == list(ended.json["stages"])
    assert {"succeeded": 2, "failed": 0, "retried": 0} == ended.json["stages"]["entity_resolution"]
    assert {
        "venues": {"found": 1, "created": 1},
        "artists": {"found": 1, "created": 1},
        "performances": {"found": 1, "created": 2},
    } == ended.json["entities"]
    assert 2 == len(set(ended.json["trace_ids"]))
    assert [
        Performance(
            "Night 1", "2027-01-02", "20:00", "scheduled", "Blue Lamp", "Leeds", ("Band 1",)
        ),
        Performance(
            "Night 2", "2027-01-03", "20:00", "scheduled", "Blue Lamp", "Leeds", ("Band 1",)
        ),
    ] == read_performances(data)


def test_the_same_sources_again_create_nothing_and_find_everything(pages: Path, data: Path) -> None:
    for number in range(4):
        (pages / f"{number}.html").write_text(event_page(event(number), event(number + 1)))
    first = mystage("run", pages, "--data", data, "--json").json["entities"]

    again = mystage("run", pages, "--data", data, "--json")

    assert 0 == again.code
    assert {
        kind: {"found": counts["found"] + counts["created"], "created": 0}
        for kind, counts in first.items()
    } == again.json["entities"]
    stages = again.json["stages"]
    assert (4, 0, 0) == tuple(
        stages[name]["succeeded"] for name in ("sourcing", "doc_processing", "entity_writers")
    )


def test_a_page_that_changed_is_read_again(pages: Path, data: Path) -> None:
    page = pages / "one.html"
    page.write_text(event_page(event(1)))
    mystage("run", page, "--data", data)

    page.write_text(event_page({**event(1), "eventStatus": "EventCancelled"}))
    again = mystage("run", page, "--data", data, "--json")

    assert {"found": 1, "created": 0} == again.json["entities"]["performances"]
    assert ["cancelled"] == [performance.status for performance in read_performances(data)]


def test_a_page_that_cannot_be_read_fails_alone_and_says_what_was_wrong(
    pages: Path, data: Path
) -> None:
    (pages / "good.html").write_text(event_page(event(1)))
    (pages / "plain.html").write_text("<html><body><p>Tonight: nothing.</p></body></html>")
    (pages / "picture.html").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(64))

    ended = mystage("run", pages, "--data", data)

    assert 1 == ended.code
    told = " ".join(ended.stdout.split())
    assert "PNG" in told
    assert "has no structured event data" in told
    assert ["Night 1"] == [performance.name for performance in read_performances(data)]

    again = mystage("run", pages, "--data", data, "--json")
    assert (1, 2) == (again.code, again.json["failed_tasks"])


def test_piped_output_is_plain_and_the_json_is_alone_on_stdout(pages: Path, data: Path) -> None:
    (pages / "one.html").write_text(event_page(event(1)))

    human = mystage("run", pages, "--data", data)
    machine = mystage("run", pages, "--data", data, "--json")

    assert "\x1b" not in human.stdout + human.stderr
    assert "" == machine.stderr
    assert 1 == machine.json["sources"]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["run"], "nothing to do: name a SOURCE"),
        (["run", "no/such/page.html"], "no/such/page.html"),
        (["run", "ftp://venue.example/"], "ftp"),
        (["run", "--processes", "0", "x"], "--processes"),
        (["run", "--sql", "nosuchdb://x", "x"], "names no database that can be used"),
        (["run", "--sql", "postgresql://u:p@h:abc/d", "x"], "the URL is malformed"),
        (["fly"], "No such command 'fly'"),
    ],
)
def test_wrong_usage_is_told_in_words_and_ends_with_64(
    arguments: list[str], told: str, data: Path
) -> None:
    options = ["--data", str(data)] if arguments[0] == "run" else []

    ended = mystage(*arguments, *options)

    assert 64 == ended.code
    assert told in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize("arguments", [["--help"], ["run", "--help"], ["emulate", "tasks", "-h"]])
def test_help_shows_how_it_is_used(arguments: list[str]) -> None:
    ended = mystage(*arguments)

    assert (0, True) == (ended.code, "Usage: mystage" in ended.stdout)


def test_a_folder_that_cannot_be_used_is_a_clear_error(tmp_path: Path, pages: Path) -> None:
    (pages / "one.html").write_text(event_page(event(1)))
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "documents.db").write_bytes(b"this is no database, and long enough to be read" * 40)

    ended = mystage("run", pages, "--data", folder)

    assert 69 == ended.code
    assert ended.stderr.startswith(f"Error: {folder / 'documents.db'} is damaged")
    assert "Traceback" not in ended.stderr


def test_a_folder_that_is_none_is_a_clear_error(tmp_path: Path, pages: Path) -> None:
    (pages / "one.html").write_text(event_page(event(1)))
    (tmp_path / "file").write_text("")

    ended = mystage("run", pages, "--data", tmp_path / "file" / "data")

    assert 69 == ended.code
    assert "cannot be used: Not a directory. Name another folder with --data" in ended.stderr


PAGES = 30


@dataclass(frozen=True)
class Undisturbed:
    """Hold pages, and what a run that nobody kills makes of them."""

    pages: Path
    performances: list[Performance]
    entities: dict[str, dict[str, int]]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    """Give a folder of pages and what a run that nobody kills makes of it."""
    pages = tmp_path_factory.mktemp("pages")
    for number in range(PAGES):
        shows = [event(number * 2 + offset, venue=f"Hall {number % 5}") for offset in range(4)]
        (pages / f"{number:03}.html").write_text(event_page(*shows))
    data = tmp_path_factory.mktemp("data")
    ended = mystage("run", pages, "--data", data, "--json")
    assert 0 == ended.code
    return Undisturbed(pages, read_performances(data), ended.json["entities"])


@pytest.mark.parametrize("receipts", [1, 60, 150])
def test_a_run_killed_at_any_moment_is_finished_by_the_next(
    undisturbed: Undisturbed, data: Path, receipts: int
) -> None:
    pages = undisturbed.pages
    run = subprocess.Popen([*MYSTAGE, "run", str(pages), "--data", str(data), "--json"])
    _wait_for_receipts(data, receipts, run)
    os.kill(run.pid, signal.SIGKILL)
    assert -signal.SIGKILL == run.wait()

    ended = mystage("run", pages, "--data", data, "--json")

    assert (0, PAGES) == (ended.code, ended.json["sources"]), ended.stderr
    assert "taking up the run of" in ended.stderr
    assert undisturbed.performances == read_performances(data)
    assert undisturbed.entities == ended.json["entities"]
    assert [PAGES, 0] == [
        ended.json["stages"]["sourcing"]["succeeded"],
        sum(stage["failed"] for stage in ended.json["stages"].values()),
    ]


def test_a_run_that_was_cut_off_needs_no_source_to_go_on(
    undisturbed: Undisturbed, data: Path
) -> None:
    pages, expected = undisturbed.pages, undisturbed.performances
    run = subprocess.Popen([*MYSTAGE, "run", str(pages), "--data", str(data), "--json"])
    _wait_for_receipts(data, 20, run)
    os.kill(run.pid, signal.SIGKILL)
    run.wait()

    ended = mystage("run", "--data", data, "--json")

    assert (0, PAGES) == (ended.code, ended.json["sources"])
    assert expected == read_performances(data)


def test_a_run_that_is_interrupted_says_how_to_go_on(undisturbed: Undisturbed, data: Path) -> None:
    pages, expected = undisturbed.pages, undisturbed.performances
    run = subprocess.Popen(
        [*MYSTAGE, "run", str(pages), "--data", str(data)],
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    _wait_for_receipts(data, 20, run)
    os.killpg(run.pid, signal.SIGINT)
    _, stderr = run.communicate()

    assert 1 == run.returncode
    assert f"mystage run --data {data} takes up where this run stood" in stderr
    assert "Traceback" not in stderr
    assert 0 == mystage("run", "--data", data).code
    assert expected == read_performances(data)


def test_a_run_killed_again_and_again_still_comes_to_its_end(
    undisturbed: Undisturbed, data: Path
) -> None:
    command = [*MYSTAGE, "run", str(undisturbed.pages), "--data", str(data), "--json"]
    for receipts in (10, 50, 120):
        run = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        _wait_for_receipts(data, receipts, run)
        os.kill(run.pid, signal.SIGKILL)
        run.wait()

    ended = mystage(*command[len(MYSTAGE) :])

    assert (0, undisturbed.entities) == (ended.code, ended.json["entities"])
    assert undisturbed.performances == read_performances(data)


def test_a_folder_in_use_is_not_used_twice(
    pages: Path, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (pages / "one.html").write_text(event_page(event(1)))
    data.mkdir()
    with (data / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        monkeypatch.setenv("MYSTAGE_LOCK_PATIENCE", "0.2")
        ended = mystage("run", pages, "--data", data)

    assert 69 == ended.code
    assert f"{data} is in use by another mystage run" in ended.stderr


def test_what_did_not_reach_the_data_store_is_brought_there_by_the_next_run(
    pages: Path, data: Path, tmp_path: Path
) -> None:
    (pages / "one.html").write_text(event_page(event(1)))
    mystage("run", pages, "--data", data)
    other = tmp_path / "other"
    other.mkdir()

    ended = mystage(
        "run", pages, "--data", data, "--sql", f"sqlite:///{other}/mystage.db", "--json"
    )

    assert {"found": 1, "created": 0} == ended.json["entities"]["performances"]
    assert read_performances(data) == read_performances(other)


def test_a_long_page_says_the_same_whichever_of_its_parts_comes_first(
    pages: Path, data: Path
) -> None:
    shows = [event(number) for number in range(60)]
    for show in shows[:50]:
        show["location"]["address"]["streetAddress"] = "1 High Street"
    (pages / "long.html").write_text(event_page(*shows))

    ended = mystage("run", pages, "--data", data, "--json")

    assert 2 == ended.json["stages"]["entity_resolution"]["succeeded"]
    with closing(sqlite3.connect(data / "mystage.db")) as tables:
        assert [("1 High Street",)] == tables.execute("SELECT street FROM venues").fetchall()


def _wait_for_receipts(data: Path, wanted: int, run: subprocess.Popen[Any]) -> None:
    deadline = time.monotonic() + 60
    documents = f"file:{data / 'documents.db'}?mode=ro"
    while time.monotonic() < deadline:
        assert run.poll() is None, "the run ended before it could be killed"
        try:
            connection = sqlite3.connect(documents, uri=True)
            try:
                query = "SELECT count(*) FROM documents WHERE collection = 'receipts'"
                if connection.execute(query).fetchone()[0] >= wanted:
                    return
            finally:
                connection.close()
        except sqlite3.OperationalError:
            pass  # not made yet
        time.sleep(0.005)
    pytest.fail(f"no {wanted} receipts within a minute")
