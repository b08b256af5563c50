"""Work on a store in a process of its own: ``store_worker.py IMPLEMENTATION FOLDER TASK …``.

Prints ``ready``, waits for a line to begin, and prints one line for each result.
"""

from __future__ import annotations

import os
import resource
import sys
from contextlib import closing
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from store_implementations import open_store

from functions.errors import DocumentChanged, DocumentExists, StoreUnavailable
from functions.runtime.store import Create, Put

if TYPE_CHECKING:
    from functions.runtime.store import DocumentStore

PARTS = 5
"""Documents in each batch that ``write_batches`` commits."""


def say(line: object) -> None:
    print(line, flush=True)  # noqa: T201 - the answer to the test that started this


def create_all(store: DocumentStore, worker: str, amount: str) -> None:
    """Create the same documents as other workers do; print how many were created here."""
    won = 0
    for number in range(int(amount)):
        try:
            store.commit([Create("races", f"r{number}", {"winner": worker})])
        except DocumentExists:
            continue
        won += 1
    say(won)


def increment(store: DocumentStore, amount: str) -> None:
    """Add to a number that other workers add to; print how often it had changed meanwhile."""
    conflicts = 0
    for _ in range(int(amount)):
        while True:
            counter = store.get("counters", "shared")
            assert counter is not None
            data = {"count": counter.data["count"] + 1}
            try:
                store.commit([Put("counters", "shared", data, expect=counter.update_time)])
            except DocumentChanged:
                conflicts += 1
            else:
                break
    say(conflicts)


def write_batches(store: DocumentStore) -> None:
    """Commit batch after batch, for ever; print the number of each that was committed."""
    latest = store.get("latest", "batch")
    for number in count(latest.data["number"] + 1 if latest else 0):
        parts = [
            Create("batches", f"{number}-{part}", {"batch": number, "filling": "x" * 2_000})
            for part in range(PARTS)
        ]
        twins = [Put("latest", twin, {"number": number}) for twin in ("batch", "twin")]
        store.commit([*parts, *twins])
        say(number)


def outgrow(store: DocumentStore) -> None:
    """Commit until the disk is full, which a limit on files feigns, then go on without it."""
    store.commit([Create("sizes", "before", {})])
    unlimited = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, unlimited[1]))
    try:
        for number in range(10):
            pair = (f"{number}-a", f"{number}-b")
            store.commit([Create("sizes", each, {"x": b"x" * 150_000}) for each in pair])
    except StoreUnavailable as error:
        say(error)
    say(store.count("sizes") % 2)
    resource.setrlimit(resource.RLIMIT_FSIZE, unlimited)
    store.commit([Create("sizes", "after", {})])
    say(store.get("sizes", "after") is not None)


def fork(store: DocumentStore) -> None:
    """Use the store in a child and then in its parent; print what each gets."""
    child = os.fork()
    if child == 0:
        for use in (lambda: store.get("c", "a"), lambda: store.commit([])):
            try:
                use()
            except StoreUnavailable as error:
                say(error)
        os._exit(0)
    os.waitpid(child, 0)
    store.commit([Create("c", "a", {})])
    say(store.get("c", "a") is not None)


def main() -> None:
    implementation, folder, task, *arguments = sys.argv[1:]
    with closing(open_store(implementation, Path(folder))) as store:
        say("ready")
        sys.stdin.readline()
        globals()[task](store, *arguments)


if __name__ == "__main__":
    main()
