"""What became of each task of a trace, stage by stage."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from telemetry import semconv

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from telemetry.journeys.spans import Span

_PRODUCING: Final = frozenset({semconv.CREATE, semconv.SEND})


class State(StrEnum):
    """Say where a task is."""

    SUCCEEDED = semconv.SUCCEEDED
    DEAD_LETTERED = semconv.DEAD_LETTERED
    FAILED = semconv.FAILED
    RETRIED = semconv.RETRIED
    """Its last attempt failed, and another one is to come."""
    UNDER_WAY = "under_way"
    """An attempt began; nobody has told that it ended."""
    WAITING = "waiting"
    """It was sent, and no attempt began: it waits in its queue, or it was lost."""

    @property
    def words(self) -> str:
        """What people call it."""
        return _TITLES[self]

    @property
    def is_end(self) -> bool:
        """Whether it was given up."""
        return self in {State.DEAD_LETTERED, State.FAILED}


_TITLES: Final = {
    State.SUCCEEDED: "succeeded",
    State.DEAD_LETTERED: "dead-lettered",
    State.FAILED: "failed",
    State.RETRIED: "to be retried",
    State.UNDER_WAY: "under way",
    State.WAITING: "waiting or lost",
}


@dataclass(frozen=True, slots=True)
class Attempt:
    """Hold one run of a stage for a task.

    Attributes:
        span: The run.
        number: Which one it is, from 1.
        waited: Seconds since the task was made, or since the attempt before; None where that is
            not known.
    """

    span: Span
    number: int
    waited: float | None


@dataclass(frozen=True, slots=True)
class Task:
    """Hold one task and its attempts.

    Attributes:
        id: As its queue calls it.
        stage: Where it goes; the queue's name, where no stage is known for it.
        created: The span that made it, if it is in the trace.
        attempts: In the order of time; none, where it is not begun.
    """

    id: str
    stage: str
    created: Span | None
    attempts: tuple[Attempt, ...]

    @property
    def state(self) -> State:
        """Where it is."""
        if not self.attempts:
            return State.WAITING
        outcomes = [attempt.span.outcome for attempt in self.attempts]
        for final in (State.SUCCEEDED, State.DEAD_LETTERED):
            if final in outcomes:
                return final
        last = self.attempts[-1].span
        if last.ended is None:
            return State.UNDER_WAY
        if last.outcome == semconv.DUPLICATE or (not last.outcome and not last.is_error):
            return State.SUCCEEDED
        return State.RETRIED if last.outcome == semconv.RETRIED else State.FAILED

    @property
    def retries(self) -> int:
        """How many attempts were followed by another, or are to be."""
        return sum(attempt.span.outcome == semconv.RETRIED for attempt in self.attempts)

    @property
    def waited(self) -> float | None:
        """Seconds between its making and its first attempt."""
        return self.attempts[0].waited if self.attempts else None

    @property
    def seconds(self) -> float | None:
        """How long its attempts took together; None where none has ended."""
        ended = [each.span.seconds for each in self.attempts if each.span.seconds is not None]
        return sum(ended) if ended else None

    @property
    def error(self) -> str:
        """Why the last attempt that failed did, in a line; "" where none did."""
        failed = [each.span for each in self.attempts if each.span.exception is not None]
        if not failed or failed[-1].exception is None:
            return ""
        return failed[-1].exception.line

    @property
    def began(self) -> datetime:
        """When it was made, or else first tried."""
        return self.attempts[0].span.started if self.created is None else self.created.started


@dataclass(frozen=True, slots=True)
class Visit:
    """Hold the tasks of one stage."""

    stage: str
    tasks: tuple[Task, ...]


@dataclass(frozen=True, slots=True)
class Journey:
    """Hold an item's way.

    Attributes:
        visits: The stages it came to, in the order of the pipeline.
        spans: How many spans tell of it.
        seconds: From its first span's start to its last one's end; 0 without spans.
    """

    visits: tuple[Visit, ...]
    spans: int
    seconds: float

    @property
    def tasks(self) -> list[Task]:
        """All of its tasks, in the order of the pipeline."""
        return [task for visit in self.visits for task in visit.tasks]

    @property
    def reached(self) -> str:
        """The last stage that succeeded; "" where none did."""
        done = [task.stage for task in self.tasks if task.state is State.SUCCEEDED]
        return done[-1] if done else ""

    @property
    def unfinished(self) -> list[Task]:
        """The tasks that did not get through: those given up first, then the furthest first."""
        tasks = [task for task in reversed(self.tasks) if task.state is not State.SUCCEEDED]
        return sorted(tasks, key=lambda task: not task.state.is_end)


def follow(spans: Sequence[Span], stages: Mapping[str, str]) -> Journey:
    """Return an item's journey.

    Args:
        spans: Those of its trace, the earliest first.
        stages: The queue of each of the pipeline's, in order.
    """
    tasks = _gather_tasks(spans, {queue: name for name, queue in stages.items()})
    order = list(dict.fromkeys([*stages, *(task.stage for task in tasks)]))
    visits = (Visit(stage, tuple(task for task in tasks if task.stage == stage)) for stage in order)
    ends = [span.ended or span.started for span in spans]
    seconds = (max(ends) - spans[0].started).total_seconds() if spans else 0.0
    return Journey(tuple(visit for visit in visits if visit.tasks), len(spans), seconds)


def _gather_tasks(spans: Sequence[Span], by_queue: Mapping[str, str]) -> list[Task]:
    by_id = {span.id: span for span in reversed(spans)}
    created: dict[str, list[Span]] = {}
    runs: dict[str, list[Span]] = {}
    for span in spans:
        task_id = span.text(semconv.MESSAGING_MESSAGE_ID)
        if span.stage:
            runs.setdefault(task_id or span.id, []).append(span)
        elif task_id and span.text(semconv.MESSAGING_OPERATION_NAME) in _PRODUCING:
            created.setdefault(task_id, []).append(span)
    tasks = [
        _make_task(task_id, runs.get(task_id, []), created.get(task_id, []), by_id, by_queue)
        for task_id in dict.fromkeys((*created, *runs))
    ]
    return sorted((task for task in tasks if task is not None), key=lambda task: task.began)


def _make_task(
    task_id: str,
    runs: Sequence[Span],
    created: Sequence[Span],
    by_id: Mapping[str, Span],
    by_queue: Mapping[str, str],
) -> Task | None:
    if not runs:
        sent = next((span for span in created if _was_sent(span, by_id)), None)
        if sent is None:
            return None
        queue = sent.text(semconv.MESSAGING_DESTINATION_NAME)
        return Task(task_id, by_queue.get(queue, queue or sent.name), sent, ())
    # A task that was decided more than once is the one that its run belongs to.
    parents = [span for span in created if span.id == runs[0].parent_id]
    producer = next(iter((*parents, *created)), None)
    return Task(task_id, runs[0].stage, producer, tuple(_number(runs, producer)))


def _was_sent(span: Span, by_id: Mapping[str, Span]) -> bool:
    """Tell whether a task left: what a run decides that does not succeed is never sent."""
    parent = by_id.get(span.parent_id)
    if parent is None or not parent.stage:
        return True
    return parent.outcome in {semconv.SUCCEEDED, semconv.DUPLICATE}


def _number(runs: Sequence[Span], created: Span | None) -> Iterable[Attempt]:
    before = None if created is None else created.ended
    for position, span in enumerate(runs, 1):
        waited = None if before is None else max(0.0, (span.started - before).total_seconds())
        yield Attempt(span, span.number(semconv.ATTEMPT, position), waited)
        before = span.ended
