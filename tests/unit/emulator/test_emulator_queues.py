from __future__ import annotations

from dataclasses import replace

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    precondition,
    rule,
)

from functions.emulator.clock import SECOND
from functions.emulator.queues import QueueLimits, TaskQueue
from functions.emulator.records import NO_RESPONSE, Outcome, QueuedTask
from functions.emulator.retries import RetryPolicy

NOW = 1_700_000_000 * SECOND
OK = Outcome(200, responded=True)
BUSY = Outcome(503, responded=True, reason="HTTP status code 503")
NOT_FOUND = Outcome(404, responded=True, reason="HTTP status code 404")
UNREACHABLE = Outcome(NO_RESPONSE, responded=False, reason="ClientConnectorError")


def make_queue(**limits: float | RetryPolicy) -> TaskQueue:
    return TaskQueue(replace(QueueLimits(), **limits), ticks=0.0)


def make_task(name: str, *, due: int = NOW, policy: RetryPolicy | None = None) -> QueuedTask:
    return QueuedTask(key=1, task_id=name, named=False, created=NOW, due=due, policy=policy)


def started(queue: TaskQueue, *, wall: int = NOW, ticks: float = 0.0, room: int = 99) -> list[str]:
    return [task.task_id for task in queue.take(wall=wall, ticks=ticks, room=room)]


def test_tasks_start_in_the_order_they_are_due_and_then_in_the_order_they_came() -> None:
    queue = make_queue()
    for name, due in (("late", NOW - 1), ("early", NOW - 9), ("second", NOW - 9), ("last", NOW)):
        queue.add(make_task(name, due=due))
    assert ["early", "second", "late", "last"] == started(queue)


def test_a_task_starts_when_it_is_due_and_not_before() -> None:
    queue = make_queue()
    queue.add(make_task("later", due=NOW + 3 * SECOND))
    assert [] == started(queue, wall=NOW + 3 * SECOND - 1)
    assert 3.0 == queue.wait(wall=NOW, ticks=0.0)
    assert ["later"] == started(queue, wall=NOW + 3 * SECOND)


def test_a_started_task_does_not_start_again() -> None:
    queue = make_queue()
    queue.add(make_task("once"))
    assert ["once"] == started(queue)
    assert [] == started(queue, wall=NOW + 3600 * SECOND, ticks=3600.0)


def test_no_more_start_than_may_be_under_way() -> None:
    queue = make_queue(concurrency=2)
    for name in "abc":
        queue.add(make_task(name))
    running = queue.take(wall=NOW, ticks=0.0, room=99)
    assert 2 == len(running)
    assert queue.wait(wall=NOW, ticks=0.0) is None
    queue.finish(running[0])
    assert ["c"] == started(queue)


def test_no_more_start_than_the_caller_has_room_for() -> None:
    queue = make_queue()
    for name in "abc":
        queue.add(make_task(name))
    assert ["a"] == started(queue, room=1)
    assert [] == started(queue, room=0)


def test_no_more_start_than_the_rate_allows() -> None:
    queue = make_queue(rate=2.0, burst=1)
    for name in "abc":
        queue.add(make_task(name))
    assert ["a"] == started(queue)
    assert 0.5 == queue.wait(wall=NOW, ticks=0.0)
    assert ["b"] == started(queue, ticks=0.5)


def test_a_changed_limit_counts_for_the_tasks_that_wait() -> None:
    queue = make_queue(concurrency=1)
    for name in "abc":
        queue.add(make_task(name))
    assert ["a"] == started(queue)
    queue.change(QueueLimits(concurrency=3), ticks=0.0)
    assert ["b", "c"] == started(queue)


def test_a_finished_task_is_forgotten() -> None:
    queue = make_queue()
    queue.add(make_task("done"))
    (task,) = queue.take(wall=NOW, ticks=0.0, room=1)
    assert queue.finish(task)
    assert {} == queue.tasks
    assert 0 == queue.in_flight


def test_a_failed_task_waits_for_its_interval_and_starts_again() -> None:
    queue = make_queue(policy=RetryPolicy(min_backoff=4 * SECOND))
    queue.add(make_task("again"))
    (task,) = queue.take(wall=NOW, ticks=0.0, room=1)
    assert queue.fail(task, BUSY, wall=NOW + SECOND)
    assert [] == started(queue, wall=NOW + 5 * SECOND - 1)
    assert ["again"] == started(queue, wall=NOW + 5 * SECOND)


def test_the_counts_tell_answers_and_executions_apart() -> None:
    queue = make_queue()
    task = make_task("tried")
    queue.add(task)
    for outcome in (BUSY, NOT_FOUND, UNREACHABLE):
        queue.take(wall=task.due, ticks=0.0, room=1)
        queue.fail(task, outcome, wall=task.due + 7)
    log = task.attempts
    # 5xx answers are no executions; no answer is neither.
    assert (3, 2, 1) == (log.dispatches, log.responses, log.executions)
    assert NOW == log.first_dispatch
    assert (NO_RESPONSE, 0) == (log.last_status, log.last_response)


def test_a_task_is_given_up_after_its_last_attempt() -> None:
    queue = make_queue(policy=RetryPolicy(max_attempts=2))
    task = make_task("doomed")
    queue.add(task)
    queue.take(wall=NOW, ticks=0.0, room=1)
    assert queue.fail(task, BUSY, wall=NOW)
    queue.take(wall=task.due, ticks=0.0, room=1)
    assert not queue.fail(task, BUSY, wall=task.due)
    assert {} == queue.tasks
    assert queue.wait(wall=NOW, ticks=0.0) is None


def test_a_tasks_own_policy_goes_before_its_queues() -> None:
    queue = make_queue(policy=RetryPolicy(max_attempts=100))
    task = make_task("own", policy=RetryPolicy(max_attempts=1))
    queue.add(task)
    queue.take(wall=NOW, ticks=0.0, room=1)
    assert not queue.fail(task, BUSY, wall=NOW)


def test_a_removed_task_never_starts() -> None:
    queue = make_queue()
    queue.add(make_task("gone"))
    queue.add(make_task("here"))
    assert queue.remove("gone") is not None
    assert queue.remove("gone") is None
    assert ["here"] == started(queue)


def test_a_task_removed_under_way_stays_gone_whatever_comes_of_it() -> None:
    for outcome in (OK, BUSY):
        queue = make_queue()
        queue.add(make_task("gone"))
        (task,) = queue.take(wall=NOW, ticks=0.0, room=1)
        queue.remove("gone")
        ended = queue.finish(task) if outcome is OK else queue.fail(task, outcome, wall=NOW)
        assert not ended
        assert 0 == queue.in_flight
        assert [] == started(queue, wall=NOW + 3600 * SECOND)


def test_removed_tasks_leave_no_memory_behind() -> None:
    queue = make_queue()
    for number in range(10_000):
        queue.add(make_task(str(number), due=NOW + 3600 * SECOND))
        queue.remove(str(number))
    assert len(queue._heap) < 200


class QueueMachine(RuleBasedStateMachine):
    """Any order of events: nothing lost, nothing twice after success, no limit passed."""

    waiting = Bundle("waiting")

    @initialize(
        concurrency=st.integers(1, 4),
        burst=st.integers(1, 5),
        rate=st.sampled_from([0.5, 3.0, 500.0]),
        attempts=st.sampled_from([-1, 1, 3]),
    )
    def start(self, concurrency: int, burst: int, rate: float, attempts: int) -> None:
        self.wall, self.ticks = NOW, 0.0
        self.limits = QueueLimits(
            rate=rate,
            burst=burst,
            concurrency=concurrency,
            policy=RetryPolicy(max_attempts=attempts, min_backoff=SECOND, max_doublings=2),
        )
        self.queue = TaskQueue(self.limits, ticks=self.ticks)
        self.number = 0
        self.starts = 0
        self.here: dict[str, QueuedTask] = {}  # neither finished, nor given up, nor removed
        self.running: dict[str, QueuedTask] = {}
        self.ended: set[str] = set()

    @rule(target=waiting, delay=st.integers(-5 * SECOND, 10 * SECOND))
    def add(self, delay: int) -> str:
        self.number += 1
        task = make_task(str(self.number), due=self.wall + delay)
        self.queue.add(task)
        self.here[task.task_id] = task
        return task.task_id

    @rule(seconds=st.floats(0, 8))
    def pass_time(self, seconds: float) -> None:
        self.wall += int(seconds * SECOND)
        self.ticks += seconds

    @rule(room=st.integers(0, 6))
    def take(self, room: int) -> None:
        tasks = self.queue.take(wall=self.wall, ticks=self.ticks, room=room)
        assert len(tasks) <= room
        assert [task.due for task in tasks] == sorted(task.due for task in tasks)
        for task in tasks:
            assert task.due <= self.wall
            assert task.task_id not in self.ended
            assert task.task_id not in self.running
            self.running[task.task_id] = task
        self.starts += len(tasks)

    @precondition(lambda self: self.running)
    @rule(data=st.data())
    def succeed(self, data: st.DataObject) -> None:
        task = self.running.pop(data.draw(st.sampled_from(sorted(self.running))))
        assert self.queue.finish(task) == (task.task_id in self.here)
        self._end(task)

    @precondition(lambda self: self.running)
    @rule(data=st.data(), outcome=st.sampled_from([BUSY, NOT_FOUND, UNREACHABLE]))
    def fail(self, data: st.DataObject, outcome: Outcome) -> None:
        task = self.running.pop(data.draw(st.sampled_from(sorted(self.running))))
        if not self.queue.fail(task, outcome, wall=self.wall):
            self._end(task)

    @rule(name=consumes(waiting))
    def remove(self, name: str) -> None:
        task = self.queue.remove(name)
        assert (task is not None) == (name in self.here)
        self.here.pop(name, None)
        self.ended.add(name)

    @invariant()
    def nothing_is_lost_or_left_over(self) -> None:
        if hasattr(self, "queue"):
            assert self.here == self.queue.tasks

    @invariant()
    def no_limit_is_passed(self) -> None:
        if hasattr(self, "queue"):
            assert len(self.running) == self.queue.in_flight <= self.limits.concurrency
            assert self.starts <= self.limits.burst + self.limits.rate * self.ticks + 1e-6

    @invariant()
    def the_wait_is_true(self) -> None:
        if not hasattr(self, "queue"):
            return
        wait = self.queue.wait(wall=self.wall, ticks=self.ticks)
        idle = [task for name, task in self.here.items() if name not in self.running]
        if wait is None:
            assert not idle or len(self.running) == self.limits.concurrency
        else:
            assert min(task.due for task in idle) <= self.wall + wait * SECOND + 1

    def teardown(self) -> None:
        """Whatever happened: given time and success, every task that is left gets done."""
        for task in list(self.running.values()):
            self.queue.finish(task)
            self._end(task)
        while (wait := self.queue.wait(wall=self.wall, ticks=self.ticks)) is not None:
            self.wall += int(wait * SECOND) + 1
            self.ticks += wait
            for task in self.queue.take(wall=self.wall, ticks=self.ticks, room=99):
                self.queue.finish(task)
                self._end(task)
        assert {} == self.here

    def _end(self, task: QueuedTask) -> None:
        self.here.pop(task.task_id, None)
        self.ended.add(task.task_id)


TestQueueMachine = QueueMachine.TestCase
TestQueueMachine.settings = settings(max_examples=80, stateful_step_count=40, deadline=None)
