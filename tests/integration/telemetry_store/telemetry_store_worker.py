"""Work on a telemetry store in a process of its own: ``telemetry_store_worker.py FOLDER TASK …``.

Prints one line for each result.
"""

from __future__ import annotations

import itertools
import resource
import sys
import threading
from pathlib import Path

from stored_rows import append, read

from telemetry.emulator.store import Store, StoreOptions
from telemetry.errors import StoreUnavailable

SMALL = StoreOptions(tail_rows=12, fan_in=3, hot_keys=("stage",), frozen_tails=1)
"""Rolls every four batches, and merges all the time."""

_printing = threading.Lock()


def say(line: object) -> None:
    with _printing:
        print(line, flush=True)  # noqa: T201 - the answer to the test that started this


def ingest(store: Store, run: str) -> None:
    """Append batches of three rows from two threads, for ever; print those acknowledged."""

    def work(worker: str) -> None:
        for number in itertools.count():
            batch = f"{run}.{worker}.{number}"
            append(store, *(f"{batch}.{part}" for part in range(3)))
            say(batch)

    threads = [threading.Thread(target=work, args=(worker,)) for worker in "xy"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def outgrow(store: Store) -> None:
    """Append until the disk is full, which a limit on files feigns, then go on without it."""
    append(store, "before")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, limits[1]))
    for number in range(20):
        try:
            append(store, f"{number}-a", f"{number}-b", digest=str(number))
        except StoreUnavailable as error:
            say(error)
            break
    seen = read(store)
    say(len(seen) - 1 - 2 * number)
    try:
        store.roll_now()
    except StoreUnavailable as error:
        say(error)
    resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    say(append(store, f"{number}-a", f"{number}-b", digest=str(number)))
    store.roll_now()
    say(len(read(store)) - 1 - 2 * (number + 1))


def wait(_: Store) -> None:
    """Hold the folder until killed."""
    say("ready")
    threading.Event().wait()


def main() -> None:
    folder, task, *arguments = sys.argv[1:]
    with Store(Path(folder), SMALL, say=lambda _: None) as store:
        globals()[task](store, *arguments)


if __name__ == "__main__":
    main()
