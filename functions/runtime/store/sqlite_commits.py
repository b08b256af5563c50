"""Commits to SQLite: one at a time, and together where several threads wait.

Most of a commit is waiting for the disk. So the thread whose turn it is takes along the batches of
those that wait behind it: one transaction, one wait. Batches stay apart in everything else: each
has a commit time of its own, sees what those before it did, and fails alone.
"""

from __future__ import annotations

import time
from collections import deque
from contextlib import suppress
from datetime import datetime
from threading import Lock
from typing import TYPE_CHECKING, Final

from functions.errors import StoreError, StoreUnavailable
from functions.runtime.store.changes import Row, apply
from functions.runtime.store.encoding import from_microseconds

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from functions.runtime.store.changes import Step
    from functions.runtime.store.protocol import Key
    from functions.runtime.store.sqlite_file import SqliteFile

SELECT: Final = (
    "SELECT data, create_time, update_time FROM documents WHERE collection = ? AND id = ?"
)
_UPSERT: Final = (
    "INSERT INTO documents (collection, id, data, create_time, update_time)"
    " VALUES (?, ?, ?, ?, ?) ON CONFLICT (collection, id) DO UPDATE SET data = excluded.data,"
    " create_time = excluded.create_time, update_time = excluded.update_time"
)
_DELETE: Final = "DELETE FROM documents WHERE collection = ? AND id = ?"

_MAX_GROUP: Final = 64
"""Batches in a transaction: enough to hide the disk, few enough not to keep other processes."""

_UNKNOWN: Final = (
    "a thread was interrupted while it committed this batch, and whether it was written is unknown:"
    " read before you write it again"
)


class _Batch:
    """Wait for a batch's outcome: its commit time, or why it failed."""

    __slots__ = ("outcome", "steps")

    def __init__(self, steps: Sequence[Step]) -> None:
        self.steps = steps
        self.outcome: datetime | StoreError | None = None


class CommitQueue:
    """Commit batches in the order in which they come."""

    def __init__(self, file: SqliteFile) -> None:
        self._file = file
        self._waiting: deque[_Batch] = deque()
        self._turn = Lock()

    def commit(self, steps: Sequence[Step]) -> datetime:
        """Commit a batch and return its commit time.

        Raises:
            PreconditionFailed: A write expected a document to be otherwise.
            StoreError: As ``DocumentStore.commit`` says.
        """
        self._file.check_usable()
        batch = _Batch(steps)
        self._waiting.append(batch)
        try:
            with self._turn:
                if batch.outcome is None:
                    self._commit_group(batch)
        finally:
            # Where the caller was interrupted, nobody must commit this later, unexpected.
            with suppress(ValueError):
                self._waiting.remove(batch)
        if not isinstance(batch.outcome, datetime):
            raise batch.outcome or StoreUnavailable(_UNKNOWN)
        return batch.outcome

    def close(self) -> None:
        """Close the file once the batch that is being committed is."""
        with self._turn:
            self._file.close()

    def _commit_group(self, own: _Batch) -> None:
        group: list[_Batch] = []
        outcomes: list[datetime | StoreError] = []
        try:
            self._file.check_usable()
            with self._file.errors(), self._file.transaction() as connection:
                group += self._take_group(own)
                outcomes = _write(connection, [batch.steps for batch in group])
        except StoreError as error:
            # All that wait fail with it, or each would wait as long again for the same. One for
            # each: threads must not share an exception, which carries a traceback.
            group = group or self._take_group(own)
            outcomes = [type(error)(*error.args) for _ in group]
        except BaseException:
            outcomes = [StoreUnavailable(_UNKNOWN) for _ in group]
            raise
        finally:
            for batch, outcome in zip(group, outcomes, strict=True):
                batch.outcome = outcome

    def _take_group(self, own: _Batch) -> list[_Batch]:
        group = [own]
        with suppress(ValueError):  # an interrupted thread may have taken it out already
            self._waiting.remove(own)
        with suppress(IndexError):
            while len(group) < _MAX_GROUP:
                group.append(self._waiting.popleft())
        return group


def _write(
    connection: sqlite3.Connection, batches: Sequence[Sequence[Step]]
) -> list[datetime | StoreError]:
    first = _advance_clock(connection, len(batches))
    before = {step.key: _read(connection, step.key) for steps in batches for step in steps}
    after = dict(before)
    outcomes: list[datetime | StoreError] = []
    for commit_time, steps in enumerate(batches, first):
        try:
            after |= apply(steps, after, commit_time)
            outcomes.append(from_microseconds(commit_time))
        except StoreError as error:
            outcomes.append(error)
    changed = [(key, row) for key, row in after.items() if row is not before[key]]
    connection.executemany(
        _UPSERT,
        [(*key, row.text, row.create_time, row.update_time) for key, row in changed if row],
    )
    connection.executemany(_DELETE, [key for key, row in changed if row is None])
    return outcomes


def _advance_clock(connection: sqlite3.Connection, ticks: int) -> int:
    """Return the first of so many commit times, all later than any that was given before."""
    (latest,) = connection.execute("SELECT commit_time FROM clock").fetchone()
    first = max(int(latest) + 1, time.time_ns() // 1_000)
    connection.execute("UPDATE clock SET commit_time = ?", (first + ticks - 1,))
    return first


def _read(connection: sqlite3.Connection, key: Key) -> Row | None:
    row = connection.execute(SELECT, key).fetchone()
    return None if row is None else Row(*row)
