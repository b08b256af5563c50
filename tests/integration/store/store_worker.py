"""Work on a store in a process of its own: ``store_worker.py IMPLEMENTATION FOLDER TASK …``.

Prints ``ready``, waits for a line to begin, and prints one line for each result.
"""

from __future__ import annotations

import sys
from contextlib import closing
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from store_implementations import open_store

from functions.errors import DocumentChanged, DocumentExists
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
    for number in count():
        writes = [
            Create("batches", f"{number}-{part}", {"batch": number, "filling": "x" * 2_000})
            for part in range(PARTS)
        ]
        store.commit([*writes, Put("latest", "batch", {"number": number})])
        say(number)


def main() -> None:
    implementation, folder, task, *arguments = sys.argv[1:]
    with closing(open_store(implementation, Path(folder))) as store:
        say("ready")
        sys.stdin.readline()
        globals()[task](store, *arguments)


if __name__ == "__main__":
    main()
