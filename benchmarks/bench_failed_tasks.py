"""10,000 failed tasks: each search an operator makes, beside reading a page of them by its key.

Prints one JSON document. The failed tasks are made by filing. The reference is plain SQLite: a
table of the same documents' texts with a primary key and an index by time, and a page of 50 read
by that index and decoded, with the standard library.
"""

from __future__ import annotations

import argparse
import json
import sqlite3
import statistics
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from functions.pipeline import STAGES
from functions.runtime.dead_letters import DeadLetter
from functions.runtime.failed_tasks.documents import FAILED_TASKS, Status
from functions.runtime.failed_tasks.filing import file_failed_task
from functions.runtime.failed_tasks.search import (
    Criteria,
    count_by,
    count_matches,
    find_oldest,
    group_failures,
    search,
)
from functions.runtime.store.sqlite import SqliteStore

if TYPE_CHECKING:
    from collections.abc import Callable

    from functions.runtime.store import DocumentStore

PAGE = 50
START = datetime(2026, 5, 1, tzinfo=UTC)
ERRORS = ("ValueError", "TimeoutError", "KeyError", "PermanentError", "TaskLost")


def make_letter(number: int) -> DeadLetter:
    """Make a failure like those of the pipeline: most of them of one stage and one cause."""
    stage = STAGES[2] if number % 10 else STAGES[number // 10 % len(STAGES)]
    error = ERRORS[0] if number % 10 else ERRORS[number // 10 % len(ERRORS)]
    return DeadLetter(
        task_id=f"{number:040x}",
        stage=stage.name,
        task_type=stage.task_type,
        function_name=stage.function,
        function_url=f"https://functions.example/{stage.function}",
        body=json.dumps({"scrape_id": f"{number:040x}", "ctx": {"traceparent": "x" * 55}}).encode(),
        error_type=error,
        error_message=f"page {number} of https://venue.example/{number} cannot be read: {error}",
        attempts=4,
        failed_at=START + timedelta(seconds=number),
        trace_id=f"{number:032x}",
        stack_trace="Traceback (most recent call last):\n" + '  File "stage.py", line 1\n' * 60,
        queue=stage.queue,
        service=stage.service,
        item_ids=[f"scrape_id={number:040x}"],
        past=[
            {"number": n, "at": START, "error_type": error, "error_message": "not yet"}
            for n in (1, 2, 3)
        ],
    )


def make_searches(store: DocumentStore) -> dict[str, Callable[[], object]]:
    """Return what an operator asks, by its name."""
    stage = STAGES[2].name
    far = search(store, Criteria(), limit=9_000).seen
    narrow = Criteria(
        status=str(Status.FAILED),
        pipeline_stage=stage,
        task_type=STAGES[2].task_type,
        error_type=ERRORS[3],
    )
    middle = {"since": START + timedelta(seconds=4_000), "until": START + timedelta(seconds=6_000)}

    def page(criteria: Criteria) -> Callable[[], object]:
        return lambda: search(store, criteria, limit=PAGE)

    return {
        "first_page": page(Criteria()),
        "page_180": lambda: search(store, Criteria(), limit=PAGE, after=far),
        "by_status": page(Criteria(status=str(Status.FAILED))),
        "by_status_without_any": page(Criteria(status=str(Status.RESOLVED))),
        "by_stage_and_status": page(Criteria(status="failed", pipeline_stage=stage)),
        "by_rare_error_type": page(Criteria(error_type=ERRORS[3])),
        "by_four_fields": page(narrow),
        "by_four_fields_none_of_which_meet": page(
            Criteria(
                status="failed",
                pipeline_stage=stage,
                task_type=STAGES[2].task_type,
                function_name=STAGES[3].function,
            )
        ),
        "by_time": page(Criteria(**middle)),
        "by_stage_and_time": page(Criteria(pipeline_stage=stage, **middle)),
        "by_words": page(Criteria(text="cannot be READ 7777")),
        "by_words_that_nobody_says": page(Criteria(text="never said")),
        "count_all": lambda: count_matches(store, Criteria()),
        "count_by_four_fields": lambda: count_matches(store, narrow),
        "count_by_words": lambda: count_matches(store, Criteria(text="page 77")),
        "counts_by_stage": lambda: count_by(
            store, Criteria(status="failed"), "pipeline_stage", tuple(s.name for s in STAGES)
        ),
        "counts_by_status": lambda: count_by(store, Criteria(), "status", tuple(map(str, Status))),
        "counts_by_stage_of_an_error": lambda: count_by(
            store,
            Criteria(status="failed", error_type=ERRORS[0]),
            "pipeline_stage",
            tuple(s.name for s in STAGES),
        ),
        "groups": lambda: group_failures(store, Criteria(status="failed"), limit=100),
        "oldest": lambda: find_oldest(store),
    }


def make_reference(store: DocumentStore, folder: Path) -> Callable[[], object]:
    """Return the reading of a page from plain SQLite."""
    connection = sqlite3.connect(folder / "reference.db")
    connection.execute("CREATE TABLE failed (id TEXT PRIMARY KEY, at TEXT, data TEXT)")
    connection.execute("CREATE INDEX by_time ON failed (at DESC)")
    connection.executemany(
        "INSERT INTO failed VALUES (?, ?, ?)",
        (
            (each.id, str(each.data["last_failed_at"]), json.dumps(each.data, default=str))
            for each in store.query(FAILED_TASKS)
        ),
    )
    connection.commit()

    def read() -> list[Any]:
        rows = connection.execute("SELECT data FROM failed ORDER BY at DESC LIMIT ?", (PAGE,))
        return [json.loads(text) for (text,) in rows]

    return read


def clock(work: Callable[[], object], rounds: int) -> float:
    """Return the median of several rounds, in milliseconds."""
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return round(statistics.median(times) * 1_000, 2)


def main() -> None:
    """Run the rounds and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--failed-tasks", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        store = SqliteStore(Path(name) / "documents.db")
        start = time.perf_counter()
        for number in range(options.failed_tasks):
            file_failed_task(store, make_letter(number))
        filing = (time.perf_counter() - start) / options.failed_tasks
        figures = {name: clock(work, options.rounds) for name, work in make_searches(store).items()}
        reference = clock(make_reference(store, Path(name)), options.rounds)
        store.close()
    print(
        json.dumps(
            {
                "failed_tasks": options.failed_tasks,
                "page": PAGE,
                "filing_milliseconds_each": round(filing * 1_000, 2),
                "milliseconds": figures,
                "slowest_milliseconds": max(figures.values()),
                "reference": "a page by an index of plain SQLite, decoded",
                "reference_milliseconds": reference,
                "first_page_ratio": round(figures["first_page"] / reference, 2),
                "goal_milliseconds": 300,
            },
            indent=2,
        )
    )


if __name__ == "__main__":
    main()
