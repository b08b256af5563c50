"""The queues the emulator serves, by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from functions.emulator.dispatcher import HostedQueue
from functions.emulator.messages import Queue
from functions.emulator.names import parse_queue
from functions.emulator.queues import TaskQueue
from functions.emulator.settings import limits_of
from functions.errors import CallRefused

if TYPE_CHECKING:
    from functions.emulator.store import TaskStore


class Registry:
    """Find queues by their full names."""

    def __init__(self) -> None:
        self._queues: dict[str, HostedQueue] = {}

    def load(self, store: TaskStore, *, ticks: float) -> list[HostedQueue]:
        """Take up every queue of a store with its unfinished tasks, and return them.

        An attempt that was under way when the emulator died has left no trace: it is made again and
        was not counted.

        Args:
            store: The store.
            ticks: The monotonic time now, in seconds.
        """
        by_key = {key: self.add(key, message, ticks=ticks) for key, message in store.queues()}
        for queue_key, task in store.live_tasks():
            by_key[queue_key].state.add(task)
        return list(by_key.values())

    def add(self, key: int, message: bytes, *, ticks: float) -> HostedQueue:
        """Take up a queue: its key in the store and its serialised, completed ``Queue``."""
        shown = Queue.FromString(message)
        state = TaskQueue(limits_of(shown), ticks=ticks)
        queue = HostedQueue(key=key, name=parse_queue(shown.name), message=shown, state=state)
        self._queues[shown.name] = queue
        return queue

    def find(self, name: str) -> HostedQueue | None:
        """Return a queue, or None when there is none of this name."""
        return self._queues.get(name)

    def get(self, name: str) -> HostedQueue:
        """Return a queue.

        Raises:
            CallRefused: INVALID_ARGUMENT: this is no queue's name; NOT_FOUND: there is none.
        """
        queue = self._queues.get(name)
        if queue is None:
            parse_queue(name)
            raise CallRefused(
                "NOT_FOUND",
                "Queue does not exist. If you just created the queue, wait at least a minute for "
                "the queue to initialize.",
            )
        return queue

    def in_location(self, location: str) -> list[HostedQueue]:
        """Return the queues of a location in the order of their names."""
        names = sorted(
            name for name, queue in self._queues.items() if queue.name.location == location
        )
        return [self._queues[name] for name in names]
