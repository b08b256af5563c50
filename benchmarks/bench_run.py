"""300 pages through ``mystage run``, beside the same handlers called in a plain loop.

Prints one JSON document. The loop calls each handler as a function, commits what it decided to the
same kind of store, and calls the next: no queue, no HTTP, no receipts, no telemetry, one process.
``mystage run`` is timed as a whole process, from its start to its end. Between the two stands the
runtime without a queue, which tells where the rest of the time goes.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import telemetry
from functions.demo.page_making import make_page
from functions.errors import PermanentError
from functions.pipeline import Pipeline
from functions.runtime.blobs import FolderBlobs
from functions.runtime.dispatcher import Sending
from functions.runtime.failed_tasks.topics import EmbeddedTopic
from functions.runtime.handlers import load_handler
from functions.runtime.runtime import Runtime
from functions.runtime.settings import Settings
from functions.runtime.store import Put
from functions.runtime.store.sqlite import SqliteStore
from functions.runtime.work import UnitOfWork
from functions.stages.collections import SOURCES
from functions.stages.fetching import expand_sources
from functions.stages.payloads import SourcePage
from telemetry.cli import exits

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from functions.pipeline import Stage
    from functions.runtime.outbox import OutboxEntry
    from functions.runtime.payload import Payload

SEED = 20_270_301


class Loop:
    """Call handlers one after the other."""

    def __init__(self, data: Path) -> None:
        self.pipeline = Pipeline(profile="embedded")
        self.store = SqliteStore(data / "documents.db")
        self.blobs = FolderBlobs(data / "blobs")
        self.settings = Settings(profile="embedded", data=data, fetch_files=True)
        self.ahead: deque[tuple[Stage, Payload]] = deque()
        self.failed = 0

    def run(self) -> None:
        """Call handlers until none has sent anything on."""
        while self.ahead:
            stage, payload = self.ahead.popleft()
            work = UnitOfWork(
                pipeline=self.pipeline,
                stage=stage,
                task_id=uuid4().hex,
                store=self.store,
                blobs=self.blobs,
                settings=self.settings,
            )
            try:
                load_handler(stage).__wrapped__(payload, work)
            except PermanentError:
                self.failed += 1  # a page without structured data, of which there are some
                continue
            if work.writes:
                self.store.commit(work.writes)
            self.ahead.extend(work.decided())


class InProcessQueue:
    """Keep what is sent in a list."""

    def __init__(self) -> None:
        self.entries: deque[OutboxEntry] = deque()

    def function_url(self, stage: Stage) -> str:
        """Return a name in the place of an address."""
        return stage.function

    def send(self, entries: Sequence[OutboxEntry]) -> Sending:
        """Keep the tasks."""
        self.entries.extend(entries)
        return Sending(sent=[entry.task_id for entry in entries])


def time_loop(pages: Path) -> float:
    """Time the plain loop, in seconds."""
    with tempfile.TemporaryDirectory() as folder:
        loop = Loop(Path(folder))
        for source_id in write_sources(loop.store, pages):
            loop.ahead.append((loop.pipeline.stage("sourcing"), SourcePage(source_id=source_id)))
        seconds = clock(loop.run)
        loop.store.close()
    return seconds


def time_runtime(pages: Path) -> float:
    """Time the runtime with receipts, outbox and telemetry, but no queue, in seconds."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        store = SqliteStore(folder / "documents.db")
        queue = InProcessQueue()
        runtime = Runtime(
            pipeline=Pipeline(profile="embedded"),
            store=store,
            blobs=FolderBlobs(folder / "blobs"),
            dispatcher=queue,
            topic=EmbeddedTopic(store),
            settings=Settings(profile="embedded", data=folder, fetch_files=True),
        )
        sources = write_sources(store, pages)

        def run() -> None:
            for source_id in sources:
                body = SourcePage(source_id=source_id).model_dump_json().encode()
                runtime.handle("dpl_source_listings", {}, body)
            while queue.entries:
                entry = queue.entries.popleft()
                function = runtime.pipeline.stage(entry.stage).function
                runtime.handle(function, {"X-CloudTasks-TaskName": entry.task_id}, entry.body)

        seconds = clock(run)
        store.close()
    return seconds


def time_command(pages: Path) -> dict[str, float]:
    """Time ``mystage run`` as a process: seconds, and processor seconds of all its processes."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "telemetry.cli", "run", str(pages), "--json"]
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        start = time.perf_counter()
        done = subprocess.run(
            [*command, "--data", folder], check=False, capture_output=True, text=True
        )
        seconds = time.perf_counter() - start
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode not in (exits.OK, exits.FINDINGS):
        sys.exit(f"mystage run ended with {done.returncode}: {done.stderr}")
    summary = json.loads(done.stdout)
    return {
        "seconds": seconds,
        "seconds_draining": summary["seconds"],
        "cpu_seconds": after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
        "tasks": sum(stage["succeeded"] for stage in summary["stages"].values()),
        "failed_tasks": summary["failed_tasks"],
        "performances": summary["entities"]["performances"]["created"],
    }


def write_sources(store: SqliteStore, pages: Path) -> list[str]:
    """Make the pages known, and return their ids."""
    sources = expand_sources([str(pages)])
    for first in range(0, len(sources), 400):
        store.commit(
            [
                Put(SOURCES, source.source_id, {"location": source.location, "precedence": 0})
                for source in sources[first : first + 400]
            ]
        )
    return [source.source_id for source in sources]


def clock(work: Callable[[], None]) -> float:
    """Return how many seconds it takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def main() -> None:
    """Run the rounds and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pages", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    telemetry.configure("benchmark", environment="local")
    for stage in Pipeline().stages:
        load_handler(stage)
    with tempfile.TemporaryDirectory() as name:
        pages = Path(name)
        size = 0
        for number in range(options.pages):
            filename, body = make_page(number, seed=SEED)
            (pages / filename).write_bytes(body)
            size += len(body)
        time_loop(pages)  # imports what is imported late
        rounds = [
            (time_loop(pages), time_runtime(pages), time_command(pages))
            for _ in range(options.rounds)
        ]
    loop, runtime, command = zip(*rounds, strict=True)
    whole = [each["seconds"] for each in command]
    print(
        json.dumps(
            {
                "pages": options.pages,
                "mean_page_bytes": size // options.pages,
                "tasks": command[0]["tasks"],
                "failed_tasks": command[0]["failed_tasks"],
                "performances": command[0]["performances"],
                "loop_seconds": median(loop),
                "runtime_without_queue_seconds": median(runtime),
                "mystage_run_seconds": median(whole),
                "mystage_run_draining_seconds": median([c["seconds_draining"] for c in command]),
                "mystage_run_cpu_seconds": median([each["cpu_seconds"] for each in command]),
                "ratio": round(
                    statistics.median(w / p for w, p in zip(whole, loop, strict=True)), 2
                ),
                "ratios": [round(w / p, 2) for w, p in zip(whole, loop, strict=True)],
                "goal": 4,
            },
            indent=2,
        )
    )


def median(values: Sequence[float]) -> float:
    """Return the median, to the millisecond."""
    return round(statistics.median(values), 3)


if __name__ == "__main__":
    main()
