"""Group commit: one thread that writes, one call to the disk for all that wait for it.

While the disk works, further entries gather, and the next call takes all of them: under load its
latency is shared, and a lone entry waits for nobody.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Generic, TypeVar

from telemetry.errors import StoreUnavailable

_Entry = TypeVar("_Entry")
Task = Callable[[], None]


class GroupCommit(Generic[_Entry]):
    """Hand entries to a thread of its own, in groups.

    Args:
        commit: Called in the thread with all entries that wait; answers each of them itself.
        name: Of the thread.
    """

    def __init__(self, commit: Callable[[list[_Entry]], None], name: str) -> None:
        self._commit = commit
        self._changed = threading.Condition()
        self._entries: list[_Entry] = []
        self._tasks: list[tuple[Task, Future[None]]] = []
        self._closing = False
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def submit(self, entry: _Entry) -> None:
        """Let an entry be committed.

        Raises:
            StoreUnavailable: The store is closed.
        """
        with self._changed:
            self._check_open()
            self._entries.append(entry)
            self._changed.notify()

    def run(self, task: Task) -> Future[None]:
        """Let something be done in the thread, after the entries that wait.

        Raises:
            StoreUnavailable: The store is closed.
        """
        done: Future[None] = Future()
        with self._changed:
            self._check_open()
            self._tasks.append((task, done))
            self._changed.notify()
        return done

    def close(self) -> None:
        """Commit what waits, then end the thread."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._thread.join()

    def _check_open(self) -> None:
        if self._closing:
            raise StoreUnavailable("the telemetry store is closed: open it again")

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._entries and not self._tasks and not self._closing:
                    self._changed.wait()
                entries, self._entries = self._entries, []
                tasks, self._tasks = self._tasks, []
                if not entries and not tasks:
                    return
            if entries:
                self._commit(entries)
            for task, done in tasks:
                _fulfil(task, done)


def _fulfil(task: Task, done: Future[None]) -> None:
    try:
        task()
    except Exception as error:  # noqa: BLE001 - told to whoever asked for it
        done.set_exception(error)
    else:
        done.set_result(None)
