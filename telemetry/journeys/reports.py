"""A journey and its spans as text and as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from telemetry.elapsed import show_seconds
from telemetry.journeys.marks import OF_STATE, mark_span
from telemetry.terminal import on_one_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from telemetry.journeys.finding import Match
    from telemetry.journeys.journey import Attempt, Journey, Task
    from telemetry.journeys.tree import Branch


def lines_of_journey(journey: Journey) -> Iterator[str]:
    """Tell each stage, its tasks and, where there were several or it failed, their attempts."""
    for visit in journey.visits:
        yield visit.stage
        for task in visit.tasks:
            mark = OF_STATE[task.state]
            times = f"waited {show_seconds(task.waited)}, took {show_seconds(task.seconds)}"
            yield on_one_line(f"  {mark.sign} {mark.word}, {times}  task {task.id}")
            for attempt in task.attempts:
                error = attempt.span.exception
                if error is not None:
                    how = mark_span(attempt.span).word
                    yield on_one_line(f"      attempt {attempt.number} {how}: {error.line}")


def lines_of_tree(branches: Sequence[Branch]) -> Iterator[str]:
    """Tell each span in a line: when it began after the first, how long it took, how it fared."""
    for branch in branches:
        span, mark = branch.span, mark_span(branch.span)
        offset = (span.started - branches[0].span.started).total_seconds()
        yield on_one_line(
            f"{'  ' * branch.depth}{mark.sign} {span.name}  {show_offset(offset)}"
            f"  {show_seconds(span.seconds)}  {mark.word}"
        )


def show_offset(seconds: float) -> str:
    """Return how long after another thing something was, or before."""
    if not seconds:
        return "+0"
    return f"{'+' if seconds > 0 else '-'}{show_seconds(abs(seconds))}"


def describe_match(match: Match) -> dict[str, Any]:
    """Return a trace that was found, as JSON has it."""
    return {
        "trace_id": match.trace_id,
        "started": match.started.isoformat(),
        "stages": list(match.stages),
        "errors": match.errors,
    }


def describe_journey(journey: Journey) -> list[dict[str, Any]]:
    """Return a journey as JSON has it: a list of stages."""
    return [
        {"stage": visit.stage, "tasks": [_describe_task(task) for task in visit.tasks]}
        for visit in journey.visits
    ]


def _describe_task(task: Task) -> dict[str, Any]:
    return {
        "task_id": task.id,
        "state": str(task.state),
        "began": task.began.isoformat(),
        "waited_seconds": task.waited,
        "seconds": task.seconds,
        "attempts": [_describe_attempt(attempt) for attempt in task.attempts],
    }


def _describe_attempt(attempt: Attempt) -> dict[str, Any]:
    span = attempt.span
    return {
        "attempt": attempt.number,
        "span_id": span.id,
        "outcome": span.outcome or None,
        "waited_seconds": attempt.waited,
        "seconds": span.seconds,
        "error": span.exception.line if span.exception else None,
    }


def describe_tree(branches: Sequence[Branch]) -> list[dict[str, Any]]:
    """Return the spans as JSON has them, in the order of the tree."""
    return [
        {
            "span_id": branch.span.id,
            "parent_span_id": branch.span.parent_id or None,
            "depth": branch.depth,
            "name": branch.span.name,
            "kind": branch.span.kind,
            "service": branch.span.service,
            "started": branch.span.started.isoformat(),
            "seconds": branch.span.seconds,
            "outcome": mark_span(branch.span).word,
            "attributes": dict(branch.span.attributes),
        }
        for branch in branches
    ]
