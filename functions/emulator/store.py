"""What survives: queues, tasks, resting names and finished operations, in one SQLite file.

One thread at a time may use a store. Whoever calls it opens and ends the transactions
(:meth:`TaskStore.begin`, :meth:`TaskStore.commit`), so that one commit serves many calls.
"""

from __future__ import annotations

import enum
from dataclasses import astuple, dataclass
from typing import TYPE_CHECKING

from functions.emulator.database import open_database
from functions.emulator.records import AttemptLog, QueuedTask
from functions.emulator.settings import parse_policy

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_LOG = (
    "dispatches, responses, executions, first_dispatch, last_schedule, last_dispatch, "
    "last_response, last_status, last_reason"
)


class Insertion(enum.Enum):
    """Say whether a task was taken in, and if not, who has its name."""

    ADDED = enum.auto()
    LIVE = enum.auto()
    RESTING = enum.auto()


@dataclass(frozen=True, slots=True)
class NewTask:
    """Hold the row of a task to be inserted."""

    task_key: int
    queue_key: int
    task_id: str
    named: bool
    created: int
    due: int
    retry_config: bytes | None
    message: bytes
    body: bytes


@dataclass(frozen=True, slots=True)
class StoredTask:
    """Hold what the store has of a task: its message without the body, and its body if asked for.

    ``finished`` tells a name that rests, of which nothing else is left.
    """

    task_id: str
    finished: bool
    message: bytes
    body: bytes


class TaskStore:
    """Read and write the file.

    Args:
        folder: Where the file is, made if missing; None for a temporary file that SQLite removes.

    Raises:
        EmulatorError: The folder cannot be used: in use, not writable, not an emulator's.
    """

    def __init__(self, folder: Path | None) -> None:
        self._connection = open_database(folder)

    def begin(self) -> None:
        """Open a transaction."""
        self._connection.execute("BEGIN")

    def commit(self) -> None:
        """Make the transaction durable: it is on the disk when this returns."""
        self._connection.execute("COMMIT")

    def rollback(self) -> None:
        """Drop the transaction, if one is open."""
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")

    def close(self) -> None:
        """Give the file free."""
        self._connection.close()

    def insert_queue(self, name: str, message: bytes) -> int | None:
        """Add a queue and return its key, or None when the name is taken."""
        cursor = self._connection.execute(
            "INSERT INTO queues (name, message) VALUES (?, ?) ON CONFLICT DO NOTHING",
            (name, message),
        )
        return cursor.lastrowid if cursor.rowcount else None

    def write_queue(self, queue_key: int, message: bytes) -> None:
        """Replace what is kept of a queue."""
        self._connection.execute(
            "UPDATE queues SET message = ? WHERE queue_key = ?", (message, queue_key)
        )

    def queues(self) -> list[tuple[int, bytes]]:
        """Return the key and the message of every queue."""
        return self._connection.execute("SELECT queue_key, message FROM queues").fetchall()

    def insert_task(self, task: NewTask) -> Insertion:
        """Add a task unless its name lives or rests."""
        row = (
            "INSERT INTO tasks (task_key, queue_key, task_id, named, created, due, retry_config,"
            " message, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"
        )
        values = (
            task.task_key,
            task.queue_key,
            task.task_id,
            task.named,
            task.created,
            task.due,
            task.retry_config,
            task.message,
            task.body,
        )
        if self._connection.execute(row, values).rowcount:
            return Insertion.ADDED
        if not self._connection.execute(
            "DELETE FROM tasks WHERE queue_key = ? AND task_id = ? AND rests_until <= ?",
            (task.queue_key, task.task_id, task.created),
        ).rowcount:
            held = self.read_task(task.queue_key, task.task_id, with_body=False)
            return Insertion.RESTING if held is not None and held.finished else Insertion.LIVE
        self._connection.execute(row, values)
        return Insertion.ADDED

    def retire_task(self, task_key: int, *, rests_until: int | None) -> None:
        """End a live task: forget it, or only its content while its name rests.

        Args:
            task_key: The task; one that is ended already stays as it is.
            rests_until: When the name may be used again; None for a name that need not rest.
        """
        if rests_until is None:
            self._connection.execute("DELETE FROM tasks WHERE task_key = ?", (task_key,))
            return
        self._connection.execute(
            "UPDATE tasks SET rests_until = ?, retry_config = NULL, message = NULL, body = NULL"
            " WHERE task_key = ? AND rests_until IS NULL",
            (rests_until, task_key),
        )

    def record_attempt(self, task_key: int, due: int, log: AttemptLog) -> None:
        """Keep how a live task's attempts went and when the next one is due."""
        self._connection.execute(
            f"UPDATE tasks SET (due, {_LOG}) = (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"  # noqa: S608 - constants only
            " WHERE task_key = ? AND rests_until IS NULL",
            (due, *astuple(log), task_key),
        )

    def read_task(self, queue_key: int, task_id: str, *, with_body: bool) -> StoredTask | None:
        """Return what is kept of a task, or None when nothing is."""
        body = "body" if with_body else "NULL"
        row = self._connection.execute(
            f"SELECT rests_until IS NOT NULL, message, {body} FROM tasks"  # noqa: S608 - constants only
            " WHERE queue_key = ? AND task_id = ?",
            (queue_key, task_id),
        ).fetchone()
        if row is None:
            return None
        return StoredTask(task_id, bool(row[0]), row[1] or b"", row[2] or b"")

    def read_content(self, task_key: int) -> tuple[bytes, bytes] | None:
        """Return a live task's message and body, or None when it is not live."""
        row: tuple[bytes, bytes] | None = self._connection.execute(
            "SELECT message, body FROM tasks WHERE task_key = ? AND rests_until IS NULL",
            (task_key,),
        ).fetchone()
        return row

    def list_tasks(
        self, queue_key: int, *, after: str, count: int, max_bytes: int, with_body: bool
    ) -> tuple[list[StoredTask], bool]:
        """Return a page of a queue's live tasks in the order of their ids.

        Args:
            queue_key: The queue.
            after: The id before the page; empty for the first page.
            count: The most tasks on the page.
            max_bytes: The most bytes of messages and bodies on it; one task always fits.
            with_body: Whether the bodies are wanted.

        Returns:
            The tasks, and whether there are more.
        """
        body = "body" if with_body else "NULL"
        rows = self._connection.execute(
            f"SELECT task_id, message, {body} FROM tasks"  # noqa: S608 - constants only
            " WHERE queue_key = ? AND task_id > ? AND rests_until IS NULL ORDER BY task_id",
            (queue_key, after),
        )
        page: list[StoredTask] = []
        for task_id, message, content in rows:
            max_bytes -= len(message) + len(content or b"")
            if page and (len(page) == count or max_bytes < 0):
                rows.close()
                return page, True
            page.append(StoredTask(task_id, False, message, content or b""))  # noqa: FBT003 - live
        return page, False

    def delete_task(self, queue_key: int, task_id: str, *, rests_until: int) -> StoredTask | None:
        """End a task by its id; a chosen name rests, as in :meth:`retire_task`.

        Returns:
            The task as it was: live, ``finished``, or None when nothing is kept of it.
        """
        held = self.read_task(queue_key, task_id, with_body=False)
        if held is not None and not held.finished:
            task_key, named = self._connection.execute(
                "SELECT task_key, named FROM tasks WHERE queue_key = ? AND task_id = ?",
                (queue_key, task_id),
            ).fetchone()
            self.retire_task(task_key, rests_until=rests_until if named else None)
        return held

    def live_tasks(self) -> Iterator[tuple[int, QueuedTask]]:
        """Yield the key of its queue and the record of every task that is not finished."""
        rows = self._connection.execute(
            "SELECT queue_key, task_key, task_id, named, created, due, retry_config,"  # noqa: S608 - constants only
            f" {_LOG} FROM tasks WHERE rests_until IS NULL ORDER BY due, task_key"
        )
        for queue_key, task_key, task_id, named, created, due, retry_config, *log in rows:
            yield (
                queue_key,
                QueuedTask(
                    key=task_key,
                    task_id=task_id,
                    named=bool(named),
                    created=created,
                    due=due,
                    policy=None if retry_config is None else parse_policy(retry_config),
                    attempts=AttemptLog(*log),
                ),
            )

    def last_key(self) -> int:
        """Return the highest task key in use."""
        row = self._connection.execute("SELECT coalesce(max(task_key), 0) FROM tasks").fetchone()
        return int(row[0])

    def insert_operation(self, name: str, message: bytes, *, kept_until: int) -> None:
        """Keep a finished operation."""
        self._connection.execute(
            "INSERT INTO operations (name, kept_until, message) VALUES (?, ?, ?)",
            (name, kept_until, message),
        )

    def read_operation(self, name: str) -> bytes | None:
        """Return a finished operation, or None when none is kept under this name."""
        row = self._connection.execute(
            "SELECT message FROM operations WHERE name = ?", (name,)
        ).fetchone()
        return None if row is None else row[0]

    def prune(self, now: int, *, count: int) -> int:
        """Forget what has rested long enough, at most ``count`` rows of each kind; say how many."""
        names = self._connection.execute(
            "DELETE FROM tasks WHERE task_key IN"
            " (SELECT task_key FROM tasks WHERE rests_until <= ? LIMIT ?)",
            (now, count),
        ).rowcount
        operations = self._connection.execute(
            "DELETE FROM operations WHERE name IN"
            " (SELECT name FROM operations WHERE kept_until <= ? LIMIT ?)",
            (now, count),
        ).rowcount
        return names + operations
