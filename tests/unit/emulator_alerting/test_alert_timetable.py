"""When an alert is due."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telemetry.emulator.alerting.timetable import Timetable, last_due, next_due

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
MOMENTS = st.datetimes(datetime(1971, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - the zone is beside them


@pytest.mark.parametrize(
    ("every", "now", "due"),
    [
        (5 * MINUTE, NOON, NOON),
        (5 * MINUTE, NOON + 4 * MINUTE, NOON),
        (timedelta(hours=6), NOON - MINUTE, NOON - timedelta(hours=6)),
        # Multiples since 1970, which begins at midnight in UTC, wherever this runs.
        (timedelta(days=1), NOON, NOON - timedelta(hours=12)),
        (timedelta(seconds=2), NOON + timedelta(seconds=3), NOON + timedelta(seconds=2)),
    ],
)
def test_moments_are_multiples_since_1970(every: timedelta, now: datetime, due: datetime) -> None:
    assert (due, due + every) == (last_due(every, now), next_due(every, now))


@given(MOMENTS, st.timedeltas(timedelta(seconds=1), timedelta(days=1)))
def test_a_moment_lies_between_two_that_are_due(now: datetime, every: timedelta) -> None:
    due = last_due(every, now)

    assert due <= now < next_due(every, now) == due + every
    assert timedelta(0) == (due - datetime(1970, 1, 1, tzinfo=UTC)) % every


def test_each_moment_is_due_once() -> None:
    timetable = Timetable(NOON)
    frequencies = {"a": MINUTE, "b": 2 * MINUTE}

    found = [
        timetable.find_due(frequencies, NOON + timedelta(seconds=seconds))
        for seconds in (0, 59, 60, 61, 125, 126)
    ]
    first, second = NOON + MINUTE, NOON + 2 * MINUTE
    assert [{}, {}, {"a": first}, {}, {"a": second, "b": second}, {}] == found


def test_an_alert_made_between_two_looks_is_due_at_the_moment_since() -> None:
    timetable = Timetable(NOON)
    timetable.find_due({}, NOON + timedelta(seconds=59))

    assert {"new": NOON + MINUTE} == timetable.find_due(
        {"new": MINUTE}, NOON + timedelta(seconds=61)
    )


def test_a_clock_that_is_put_back_stops_nothing() -> None:
    timetable = Timetable(NOON)
    timetable.find_due({"a": MINUTE}, NOON + timedelta(days=365))

    assert {} == timetable.find_due({"a": MINUTE}, NOON)
    assert {"a": NOON + MINUTE} == timetable.find_due({"a": MINUTE}, NOON + MINUTE)
