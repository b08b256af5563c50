"""The loop between queues, store and targets: what is due goes out, what happened is kept."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from functions.emulator.admission import parse_call
from functions.emulator.clock import SECOND
from functions.emulator.courier import attempt_headers
from functions.emulator.records import QueuedTask
from functions.emulator.routing import route
from functions.emulator.store import Insertion, NewTask

if TYPE_CHECKING:
    from collections.abc import Callable

    from functions.emulator.admission import AdmittedTask
    from functions.emulator.clock import Clock
    from functions.emulator.courier import Courier
    from functions.emulator.names import QueueName
    from functions.emulator.queues import TaskQueue
    from functions.emulator.records import HttpCall, Outcome
    from functions.emulator.store import TaskStore
    from functions.emulator.writer import Writer

# How long the name of a finished or deleted task cannot be used again: "about an hour".
# https://cloud.google.com/tasks/docs/reference/rpc/google.cloud.tasks.v2#createtaskrequest
NAME_RESTS = 3600 * SECOND
# Requests kept in memory between creation and delivery; those beyond are read when they are due.
_HELD_BYTES = 64 * 2**20
# A timer never sleeps longer, so that a wall clock that was set forward is noticed.
_LONGEST_SLEEP = 30.0


@dataclass(slots=True, eq=False)
class HostedQueue:
    """Hold a queue the emulator serves.

    Args:
        key: Its key in the store.
        name: Its name.
        message: Its ``Queue`` message as the service shows it.
        state: Its tasks.
    """

    key: int
    name: QueueName
    message: Any
    state: TaskQueue
    timer: asyncio.TimerHandle | None = field(default=None, init=False)
    awake: bool = field(default=False, init=False)


class Dispatcher:
    """Take tasks in, send them out when they are due, and keep what came of it.

    Args:
        writer: Where everything is made durable.
        courier: How tasks are sent.
        clock: What time it is.
        room: How many deliveries may be under way in all.
        last_key: The highest task key in the store.
        say: Where a task that is given up is told of.
        on_failure: Called when a bug breaks a delivery: the task is safe in the store, but nobody
            would look after it any more.
    """

    def __init__(  # noqa: PLR0913 - what it stands on, by name
        self,
        *,
        writer: Writer,
        courier: Courier,
        clock: Clock,
        room: int,
        last_key: int,
        say: Callable[[str], object],
        on_failure: Callable[[BaseException], None],
    ) -> None:
        self._say = say
        self._on_failure = on_failure
        self._writer = writer
        self._courier = courier
        self._clock = clock
        self._room = room
        self._key = last_key
        self._held = 0
        self._loop = asyncio.get_running_loop()
        self._deliveries: set[asyncio.Task[None]] = set()
        self._crowded_out: dict[HostedQueue, None] = {}  # an ordered set
        self._stopped = False

    def insertion(
        self, queue: HostedQueue, task: AdmittedTask
    ) -> tuple[Callable[[TaskStore], Insertion], Callable[[Insertion], None]]:
        """Return the job that stores a task, and what to do in the loop once it is durable."""
        self._key += 1
        row = NewTask(
            task_key=self._key,
            queue_key=queue.key,
            task_id=task.task_id,
            named=task.named,
            created=task.created,
            due=task.due,
            retry_config=task.retry_config,
            message=task.message,
            body=task.call.body,
        )
        return partial(_insert, row), partial(self._accept, queue, task, self._key)

    def forget(self, queue: HostedQueue, task_id: str) -> None:
        """Drop a task that was deleted from the store; an attempt under way changes nothing."""
        task = queue.state.remove(task_id)
        if task is not None:
            self._release(task)

    def wake(self, queue: HostedQueue) -> None:
        """Look soon whether a queue has something to send: after every change to it."""
        if not queue.awake and not self._stopped:
            queue.awake = True
            self._loop.call_soon(self._turn, queue)

    async def stop(self, *, grace: float) -> None:
        """Send nothing more, and wait for the deliveries under way.

        Args:
            grace: Seconds they get; then they are cut off, which does not count as an attempt.
        """
        self._stopped = True
        if self._deliveries:
            await asyncio.wait(self._deliveries, timeout=grace)
        for delivery in self._deliveries:
            delivery.cancel()
        await asyncio.gather(*self._deliveries, return_exceptions=True)

    def _accept(
        self, queue: HostedQueue, task: AdmittedTask, key: int, insertion: Insertion
    ) -> None:
        if insertion is not Insertion.ADDED:
            return
        held = self._held + task.call.size <= _HELD_BYTES
        if held:
            self._held += task.call.size
        queue.state.add(
            QueuedTask(
                key=key,
                task_id=task.task_id,
                named=task.named,
                created=task.created,
                due=task.due,
                policy=task.policy,
                call=task.call if held else None,
            )
        )
        self.wake(queue)

    def _turn(self, queue: HostedQueue) -> None:
        queue.awake = False
        if self._stopped:
            return
        try:
            self._send_due(queue)
        except Exception as error:  # noqa: BLE001 - a bug, which must not be lost in a callback
            self._on_failure(error)

    def _send_due(self, queue: HostedQueue) -> None:
        wall, ticks = self._clock.wall(), self._clock.monotonic()
        room = self._room - len(self._deliveries)
        for task in queue.state.take(wall=wall, ticks=ticks, room=room):
            delivery = self._loop.create_task(self._deliver(queue, task))
            self._deliveries.add(delivery)
            delivery.add_done_callback(partial(self._delivered, queue))
        wait = queue.state.wait(wall=wall, ticks=ticks)
        if queue.timer is not None:
            queue.timer.cancel()
            queue.timer = None
        if wait == 0:  # only for want of room
            self._crowded_out[queue] = None
        elif wait is not None:
            queue.timer = self._loop.call_later(min(wait, _LONGEST_SLEEP), self.wake, queue)

    async def _deliver(self, queue: HostedQueue, task: QueuedTask) -> None:
        call = task.call or await self._load(task)
        if call is None:  # deleted while it was being read
            queue.state.finish(task)
            return
        headers = attempt_headers(
            queue.name.queue_id, task.task_id, due=task.due, attempts=task.attempts
        )
        outcome = await self._courier.attempt(route(call, queue.message), headers)
        if outcome.succeeded:
            if queue.state.finish(task):
                self._retire(task)
        else:
            self._failed(queue, task, outcome)

    async def _load(self, task: QueuedTask) -> HttpCall | None:
        content = await self._writer.submit(lambda store: store.read_content(task.key))
        return None if content is None else parse_call(*content)

    def _failed(self, queue: HostedQueue, task: QueuedTask, outcome: Outcome) -> None:
        wanted = not task.gone
        if queue.state.fail(task, outcome, wall=self._clock.wall()):
            due, log = task.due, task.attempts
            self._writer.post(lambda store: store.record_attempt(task.key, due, log))
        elif wanted:
            self._retire(task)
            self._say(
                f"{queue.name.task(task.task_id)} is given up after {task.attempts.dispatches} "
                f"attempts: {outcome.reason}"
            )

    def _retire(self, task: QueuedTask) -> None:
        rests_until = self._clock.wall() + NAME_RESTS if task.named else None
        # A crash before this is durable makes the task go out once more, which it may anyway.
        self._writer.post(
            lambda store: store.retire_task(task.key, rests_until=rests_until), linger=True
        )
        self._release(task)

    def _release(self, task: QueuedTask) -> None:
        if task.call is not None:
            self._held -= task.call.size
            task.call = None

    def _delivered(self, queue: HostedQueue, delivery: asyncio.Task[None]) -> None:
        self._deliveries.discard(delivery)
        if not delivery.cancelled() and (error := delivery.exception()) is not None:
            self._on_failure(error)
        self.wake(queue)
        if self._crowded_out:
            first = next(iter(self._crowded_out))
            del self._crowded_out[first]
            self.wake(first)


def _insert(row: NewTask, store: TaskStore) -> Insertion:
    return store.insert_task(row)
