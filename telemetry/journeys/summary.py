"""A journey in one line of plain English."""

from __future__ import annotations

from typing import TYPE_CHECKING

from telemetry.elapsed import show_seconds
from telemetry.journeys.journey import State
from telemetry.terminal import on_one_line

if TYPE_CHECKING:
    from telemetry.journeys.journey import Journey, Task


def summarise(journey: Journey) -> str:
    """Say how far an item came, how long that took, and what stopped it."""
    if not journey.visits:
        spans = _amount(journey.spans, "span")
        return f"No stage of a pipeline is in this trace: {spans} over {_took(journey)}"
    unfinished = journey.unfinished
    if not unfinished:
        return _join(f"Reached {journey.reached} after {_took(journey)}", _tell_retries(journey))
    others = len(unfinished) - 1
    return on_one_line(
        _join(
            _tell_end(unfinished[0]),
            f"{_amount(others, 'more task')} did not get through" if others else "",
            f"the rest reached {journey.reached}" if _is_split(journey) else "",
        )
    )


def _tell_end(task: Task) -> str:
    last = task.attempts[-1].number if task.attempts else 0
    attempts = _amount(last, "attempt")
    because = f": {task.error}" if task.error else ""
    match task.state:
        case State.RETRIED:
            return f"Waits in {task.stage} to be tried again after {attempts}{because}"
        case State.UNDER_WAY:
            began = task.attempts[-1].span.started
            return f"Under way in {task.stage}: attempt {last} began at {began:%H:%M:%S} UTC"
        case State.WAITING:
            sent = f"sent at {task.began:%Y-%m-%d %H:%M:%S} UTC and not begun"
            return f"Waiting for {task.stage}, or lost on the way there: {sent}"
        case state:
            return f"Stopped in {task.stage}: {state.words} after {attempts}{because}"


def _tell_retries(journey: Journey) -> str:
    by_stage = {
        visit.stage: retries
        for visit in journey.visits
        if (retries := sum(task.retries for task in visit.tasks))
    }
    told = (f"{_amount(n, 'retry', 'retries')} in {stage}" for stage, n in by_stage.items())
    return ", ".join(told)


def _is_split(journey: Journey) -> bool:
    """Tell whether another part of the item came further than the one that is told of."""
    order = [visit.stage for visit in journey.visits]
    stopped = journey.unfinished[0].stage
    return bool(journey.reached) and order.index(journey.reached) > order.index(stopped)


def _took(journey: Journey) -> str:
    return show_seconds(journey.seconds)


def _amount(number: int, one: str, several: str = "") -> str:
    return f"{number:,} {one if number == 1 else several or one + 's'}"


def _join(*parts: str) -> str:
    return "; ".join(filter(None, parts))
