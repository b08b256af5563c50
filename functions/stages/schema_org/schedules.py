"""Read when an event takes place: its dates, or the simple cases of a repeating schedule."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from functions.stages.schema_org.graph import MAX_TRIES
from functions.stages.schema_org.moments import (
    Moment,
    Unreadable,
    read_clock,
    read_interval,
    read_moment,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date

    from functions.stages.schema_org.graph import Graph, Node

MAX_DATES: Final = 100
"""Per event. A weekly night for two years has as many."""

_FREQUENCY: Final = re.compile(r"P([1-9][0-9]?)([DW])")
_WORDS: Final = {"daily": "P1D", "weekly": "P1W", "biweekly": "P2W"}
_WEEK: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_DAY: Final = timedelta(days=1)
_DAYS_A_WEEK: Final = len(_WEEK)


@dataclass(frozen=True, slots=True)
class Occurrence:
    """Be one time that an event takes place.

    Attributes:
        end: None where the page does not tell, or tells an end before the start.
        end_time: The end's clock, where the page gives a clock only.
    """

    start: Moment
    end: Moment | None = None
    end_time: str | None = None


def read_occurrences(graph: Graph, event: Node) -> list[Occurrence] | Unreadable:
    """Read all times an event takes place.

    Several start dates are several occurrences. A schedule counts where there is no start date, or
    where the event is a series, whose own start date is just its first day.

    Returns:
        At least one occurrence; or why there is none.
    """
    series = event.event_type == "EventSeries"
    starts = graph.values(event, "startDate")
    if series or not starts:
        scheduled = [
            occurrence
            for schedule in graph.nodes_of(event, "eventSchedule")[:MAX_DATES]
            for occurrence in _scheduled(graph, schedule)
        ]
        if scheduled:
            return scheduled[:MAX_DATES]
    if not starts:
        return Unreadable("it has no startDate")
    return _dated(graph, event, [graph.written(start) for start in starts[:MAX_DATES]])


def _dated(
    graph: Graph, event: Node, starts: Sequence[str | None]
) -> list[Occurrence] | Unreadable:
    readings = [read_interval(start) for start in starts if start is not None]
    intervals = [reading for reading in readings if not isinstance(reading, Unreadable)]
    if not intervals:
        faults = [reading.reason for reading in readings if isinstance(reading, Unreadable)]
        return Unreadable(f"startDate {faults[0]}" if faults else "its startDate is empty")
    clock = _first_clock(graph, event, "startTime")
    if clock is not None:
        intervals = [
            (Moment(start.date, start.time or clock, start.offset), end) for start, end in intervals
        ]
    intervals = _without_repetitions(intervals)
    if len(intervals) > 1:
        return [Occurrence(start, _after(start, end)) for start, end in intervals]
    start, end = intervals[0]
    return [_with_end(graph, event, start, end)]


def _without_repetitions(
    intervals: list[tuple[Moment, Moment | None]],
) -> list[tuple[Moment, Moment | None]]:
    """Drop dates given twice, and a bare date where the same date is given with a time."""
    timed = {start.date for start, _ in intervals if start.time}
    kept: dict[tuple[date, str | None], tuple[Moment, Moment | None]] = {}
    for start, end in intervals:
        if start.time or start.date not in timed:
            kept.setdefault((start.date, start.time), (start, end))
    return list(kept.values())


def _with_end(graph: Graph, event: Node, start: Moment, end: Moment | None) -> Occurrence:
    for value in graph.values(event, "endDate")[:MAX_TRIES]:
        written = graph.written(value)
        if end is not None or written is None:
            continue
        reading = read_moment(written)
        if isinstance(reading, Moment):
            end = reading
        elif (clock := read_clock(written)) is not None:
            return Occurrence(start, end_time=clock)
    clock = _first_clock(graph, event, "endTime")
    end = _after(start, end)
    return Occurrence(start, end, end.time if end and end.time else clock)


def _after(start: Moment, end: Moment | None) -> Moment | None:
    return end if end is not None and end.date >= start.date else None


def _first_clock(graph: Graph, node: Node, name: str) -> str | None:
    written = graph.text(node, name)
    return read_clock(written) if written else None


def _scheduled(graph: Graph, schedule: Node) -> Iterator[Occurrence]:
    """Yield what a schedule (https://schema.org/Schedule) says, in order.

    Days and weeks are counted out, up to its end date or number of repetitions. One that repeats
    without end, or by the month or year, gives its first date only.
    """
    first = read_moment(graph.text(schedule, "startDate") or "")
    if isinstance(first, Unreadable):
        return
    last = read_moment(graph.text(schedule, "endDate") or "")
    last_day = last.date if isinstance(last, Moment) else None
    written_count = graph.text(schedule, "repeatCount") or ""
    count = int(written_count) if re.fullmatch(r"[1-9][0-9]{0,2}", written_count) else None
    clock = first.time or _first_clock(graph, schedule, "startTime")
    end_time = _first_clock(graph, schedule, "endTime")
    except_days = {
        exception.date
        for value in graph.values(schedule, "exceptDate")[:MAX_DATES]
        if isinstance(exception := read_moment(graph.written(value) or ""), Moment)
    }
    if count is None and last_day is None:
        count = 1
    days = _days(graph, schedule, first.date)
    for number, day in enumerate(days):
        if number == min(MAX_DATES, count or MAX_DATES) or (last_day and day > last_day):
            return
        if day not in except_days:
            yield Occurrence(Moment(day, clock, first.offset), end_time=end_time)


def _days(graph: Graph, schedule: Node, first: date) -> Iterator[date]:
    """Yield the days a schedule names, without end where it repeats."""
    written = graph.text(schedule, "repeatFrequency") or ""
    frequency = _FREQUENCY.fullmatch(_WORDS.get(written.lower(), written.upper()))
    if frequency is None:
        yield first
        return
    every, unit = int(frequency[1]), frequency[2]
    weekdays = {
        _WEEK.index(term.lower())
        for term in graph.terms(schedule, "byDay")
        if term.lower() in _WEEK
    }
    if unit == "D":
        weekdays, period = set(range(_DAYS_A_WEEK)), every
    else:
        weekdays, period = weekdays or {first.weekday()}, every * _DAYS_A_WEEK
    week_start = first - timedelta(days=first.weekday())
    day = first
    while True:
        counted = (day - first).days if unit == "D" else (day - week_start).days
        if counted % period < (1 if unit == "D" else _DAYS_A_WEEK) and day.weekday() in weekdays:
            yield day
        day += _DAY
