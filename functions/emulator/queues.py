"""One queue's tasks: which is due, which may start now, which is under way.

A pure state machine. It does no I/O and reads no clock: every method is told the time.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from functions.emulator.clock import SECOND
from functions.emulator.rates import TokenBucket
from functions.emulator.retries import RetryPolicy

if TYPE_CHECKING:
    from functions.emulator.records import Outcome, QueuedTask

# Deleted tasks leave their place in the heap behind; it is swept when they are many and the most.
_SWEEP_AT = 64


@dataclass(frozen=True, slots=True)
class QueueLimits:
    """Hold what a queue's ``RateLimits`` and ``RetryConfig`` ask for.

    Args:
        rate: Dispatches a second.
        burst: Dispatches at once after a rest.
        concurrency: Dispatches under way at a time.
        policy: The retry policy of tasks that have none of their own.
    """

    rate: float = 500.0
    burst: int = 100
    concurrency: int = 1000
    policy: RetryPolicy = field(default_factory=RetryPolicy)


class TaskQueue:
    """Keep the tasks of one queue in the order they are due.

    Args:
        limits: The queue's limits.
        ticks: The monotonic time now, in seconds.
    """

    __slots__ = ("_bucket", "_heap", "_order", "_stale", "in_flight", "limits", "tasks")

    def __init__(self, limits: QueueLimits, *, ticks: float) -> None:
        self.limits = limits
        self.tasks: dict[str, QueuedTask] = {}
        self.in_flight = 0
        self._bucket = TokenBucket(rate=limits.rate, burst=limits.burst, at=ticks)
        self._heap: list[tuple[int, int, QueuedTask]] = []
        self._order = 0  # tasks due at the same time start in the order they came
        self._stale = 0

    def add(self, task: QueuedTask) -> None:
        """Take in a new task."""
        self.tasks[task.task_id] = task
        self._push(task)

    def remove(self, task_id: str) -> QueuedTask | None:
        """Forget a task, waiting or under way, and return it; None when it is not here."""
        task = self.tasks.pop(task_id, None)
        if task is None:
            return None
        task.gone = True
        if not task.dispatched:
            self._stale += 1
            self._sweep()
        return task

    def take(self, *, wall: int, ticks: float, room: int) -> list[QueuedTask]:
        """Start what may start now, at most ``room`` tasks, in the order they are due.

        Args:
            wall: Microseconds since 1970.
            ticks: Monotonic seconds.
            room: How many dispatches the caller can take on.
        """
        started: list[QueuedTask] = []
        room = min(room, self.limits.concurrency - self.in_flight)
        while len(started) < room:
            task = self._next()
            if task is None or task.due > wall or not self._bucket.take(ticks):
                break
            heapq.heappop(self._heap)
            task.dispatched = wall
            started.append(task)
        self.in_flight += len(started)
        return started

    def wait(self, *, wall: int, ticks: float) -> float | None:
        """Return the seconds until :meth:`take` may start a task; None when time alone won't do."""
        task = self._next()
        if task is None or self.in_flight >= self.limits.concurrency:
            return None
        return max((task.due - wall) / SECOND, self._bucket.wait(ticks), 0.0)

    def finish(self, task: QueuedTask) -> bool:
        """End an attempt that succeeded; say whether the task had still been wanted."""
        self.in_flight -= 1
        task.dispatched = 0
        if task.gone:
            return False
        task.gone = True
        del self.tasks[task.task_id]
        return True

    def fail(self, task: QueuedTask, outcome: Outcome, *, wall: int) -> bool:
        """End an attempt that failed: plan the next one, or give the task up.

        Returns:
            Whether the task stays. A task given up, or deleted meanwhile, is ``gone``.
        """
        self.in_flight -= 1
        dispatch, task.dispatched = task.dispatched, 0
        if task.gone:
            return False
        log = task.attempts.add(outcome, schedule=task.due, dispatch=dispatch, now=wall)
        task.attempts = log
        due = (task.policy or self.limits.policy).next_attempt(
            failures=log.dispatches, first=log.first_dispatch, created=task.created, now=wall
        )
        if due is None:
            task.gone = True
            del self.tasks[task.task_id]
            return False
        task.due = max(due, wall + outcome.retry_after * SECOND)
        self._push(task)
        return True

    def change(self, limits: QueueLimits, *, ticks: float) -> None:
        """Go by other limits from now on."""
        self.limits = limits
        self._bucket.resize(rate=limits.rate, burst=limits.burst, at=ticks)

    def _push(self, task: QueuedTask) -> None:
        self._order += 1
        heapq.heappush(self._heap, (task.due, self._order, task))

    def _next(self) -> QueuedTask | None:
        heap = self._heap
        while heap and heap[0][2].gone:
            heapq.heappop(heap)
            self._stale -= 1
        return heap[0][2] if heap else None

    def _sweep(self) -> None:
        if self._stale >= _SWEEP_AT and self._stale * 2 > len(self._heap):
            self._heap = [entry for entry in self._heap if not entry[2].gone]
            heapq.heapify(self._heap)
            self._stale = 0
