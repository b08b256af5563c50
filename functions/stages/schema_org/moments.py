"""Read dates and times: ISO 8601 in all its forms, and what people write in its place.

A date is taken as it stands or refused. Nothing is filled in from today's date, nothing is guessed
where two readings are possible, and nothing is shifted between time zones.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from functions.stages.schema_org.written_dates import read_written_date

FIRST_YEAR: Final = 1900
LAST_YEAR: Final = 2199
MAX_WRITTEN: Final = 100
"""Longer texts are no dates."""

_DATE: Final = re.compile(
    r"""
    (?P<year>[0-9]{4})
    (?: -(?P<month>[0-9]{1,2})-(?P<day>[0-9]{1,2})
      | /(?P<month_s>[0-9]{1,2})/(?P<day_s>[0-9]{1,2})
      | \.(?P<month_d>[0-9]{1,2})\.(?P<day_d>[0-9]{1,2})
      | (?P<month_b>[0-9]{2})(?P<day_b>[0-9]{2})
      | [\u5e74\ub144]\s?(?P<month_c>[0-9]{1,2})[\u6708\uc6d4]\s?(?P<day_c>[0-9]{1,2})[\u65e5\uc77c]
      | -?W(?P<week>[0-9]{2})-?(?P<weekday>[1-7])
      | -?(?P<ordinal>[0-9]{3})
    )(?![0-9])
    """,
    re.VERBOSE,
)
_SEPARATORS: Final = ("", "_s", "_d", "_c", "_b")
_TIME: Final = re.compile(
    r"""
    (?P<hour>[0-9]{1,2})
    (?: :?(?P<minute>[0-9]{2}) (?: :?(?P<second>[0-9]{2}) (?:[.,][0-9]+)? )? )?
    \s*(?P<half>[ap]\.?m\.?)?
    \s*(?P<offset> Z | (?:UTC|GMT)?\s*[+\u2212-][0-9]{1,2}(?::?[0-9]{2})? | UTC | GMT )?
    (?:\[[A-Za-z_+\-/0-9]+\])?  # a zone's name in brackets, as Java writes it
    """,
    re.VERBOSE | re.IGNORECASE,
)
_BETWEEN: Final = re.compile(r"(?:\s*[Tt]\s*|\s*,?\s+)(?=[0-9])")
_MONTH_ONLY: Final = re.compile(r"[0-9]{4}(?:-[0-9]{1,2})?")
_INTERVAL: Final = re.compile(r"\s*(?:/|\s-{1,2}\s|\s[\u2013\u2014]\s)\s*")

_HOURS: Final = 24
_NOON: Final = 12
_MINUTES: Final = 60
_MAX_OFFSET_HOURS: Final = 14


@dataclass(frozen=True, slots=True)
class Moment:
    """Be a local date, perhaps with a time, perhaps with its distance from UTC.

    Attributes:
        time: ``HH:MM``; None where only a date is given.
        offset: ``+HH:MM`` or ``-HH:MM``; None where it is not given.
    """

    date: date
    time: str | None = None
    offset: str | None = None


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Say why a text is no usable date."""

    reason: str


@dataclass(frozen=True, slots=True)
class _Clock:
    time: str
    offset: str | None
    next_day: bool = False


def read_moment(written: str) -> Moment | Unreadable:
    """Read one date or date and time.

    ISO 8601 (https://www.iso.org/iso-8601-date-and-time-format.html) comes first: calendar, week
    and ordinal dates, with or without separators, seconds, fractions, ``Z`` and offsets. Then come
    the ways people write dates; see :mod:`functions.stages.schema_org.written_dates`.

    Args:
        written: The date as the page gives it.
    """
    text = " ".join(written[: MAX_WRITTEN + 1].split())
    if len(text) > MAX_WRITTEN:
        return Unreadable(f"{text[:40]!r}… is too long for a date")
    moment = _read_iso(text)
    if moment is None:
        moment = _read_as_people_write(text)
    if isinstance(moment, Moment) and not FIRST_YEAR <= moment.date.year <= LAST_YEAR:
        return Unreadable(f"{written!r}: the year {moment.date.year} cannot be meant")
    return moment


def read_interval(written: str) -> tuple[Moment, Moment | None] | Unreadable:
    """Read a date, or a start and an end in one text (``2026-05-01/2026-05-03``).

    Returns:
        The start, and the end where there is one.
    """
    text = written.strip()[: 2 * MAX_WRITTEN]
    halves = _INTERVAL.split(text, maxsplit=1)
    if len(halves) > 1:
        start, end = (read_moment(half) for half in halves)
        if isinstance(start, Moment):
            return start, end if isinstance(end, Moment) else None
    whole = read_moment(text)
    return (whole, None) if isinstance(whole, Moment) else whole


def read_clock(written: str) -> str | None:
    """Read the time of a text that is a time, or a date and a time.

    Returns:
        ``HH:MM``, or None where there is none.
    """
    text = " ".join(written[:MAX_WRITTEN].split()).removeprefix("T")
    clock = _read_time(text)
    if clock is not None:
        return clock.time
    moment = read_moment(text)
    return moment.time if isinstance(moment, Moment) else None


def _read_iso(text: str) -> Moment | Unreadable | None:
    """Read ISO 8601; None where it is not written that way at all."""
    found = _DATE.match(text)
    if found is None:
        if _MONTH_ONLY.fullmatch(text):
            return Unreadable(f"{text!r} has no day")
        return None
    day = _calendar_date(found)
    if day is None:
        return Unreadable(f"{text!r} is not in the calendar")
    rest = text[found.end() :].strip().removesuffix("T")
    if not rest or rest in ("Z", "z"):
        return Moment(day)
    between = _BETWEEN.match(text, found.end())
    clock = _read_time(text[between.end() :]) if between else None
    if clock is None:
        return None
    if clock.next_day and day.year <= LAST_YEAR:
        day += timedelta(days=1)
    return Moment(day, clock.time, clock.offset)


def _calendar_date(found: re.Match[str]) -> date | None:
    part = found.groupdict()
    year = int(part["year"])
    try:
        if part["week"]:
            return date.fromisocalendar(year, int(part["week"]), int(part["weekday"]))
        if part["ordinal"]:
            counted = date(year, 1, 1) + timedelta(days=int(part["ordinal"]) - 1)
            return counted if counted.year == year else None
        month, day = (
            next(part[f"{name}{how}"] for how in _SEPARATORS if part[f"{name}{how}"])
            for name in ("month", "day")
        )
        return date(year, int(month), int(day))
    except (ValueError, OverflowError):
        return None


def _read_time(text: str) -> _Clock | None:
    found = _TIME.fullmatch(text)
    if found is None:
        return None
    hour, minute = int(found["hour"]), int(found["minute"] or 0)
    if found["half"]:
        if not 1 <= hour <= _NOON:
            return None
        hour = hour % _NOON + (_NOON if found["half"][0] in "pP" else 0)
    elif found["minute"] is None and len(found["hour"]) == 1:
        return None  # a single digit is no time of day
    if int(found["second"] or 0) > _MINUTES or minute >= _MINUTES:
        return None
    # ISO 8601-1:2019/Amd 1: 24:00 is the end of a day, which is the start of the next one.
    next_day = (hour, minute) == (_HOURS, 0)
    if hour >= _HOURS and not next_day:
        return None
    offset = _read_offset(found["offset"])
    return _Clock(f"{hour % _HOURS:02}:{minute:02}", offset, next_day=next_day)


def _read_offset(written: str | None) -> str | None:
    """Write an offset as ``+HH:MM``; one that no clock on Earth has is left out."""
    if written is None:
        return None
    digits = re.sub(r"[^0-9]", "", written)
    if not digits:
        return "+00:00"
    hours, minutes = (
        (int(digits[:-2]), int(digits[-2:])) if len(digits) > len("00") else (int(digits), 0)
    )
    if hours > _MAX_OFFSET_HOURS or minutes >= _MINUTES:
        return None
    sign = "+" if "+" in written or not hours + minutes else "-"
    return f"{sign}{hours:02}:{minutes:02}"


def _read_as_people_write(text: str) -> Moment | Unreadable:
    answer = read_written_date(text)
    if isinstance(answer, str):
        return Unreadable(answer)
    offset = None
    if answer.utc_minutes is not None and abs(answer.utc_minutes) <= _MAX_OFFSET_HOURS * _MINUTES:
        hours, minutes = divmod(abs(answer.utc_minutes), _MINUTES)
        offset = f"{'-' if answer.utc_minutes < 0 else '+'}{hours:02}:{minutes:02}"
    return Moment(answer.date, answer.time, offset)
