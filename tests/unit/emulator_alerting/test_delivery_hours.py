"""The hours of a delivery schedule, on days that are longer or shorter than others, too."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telemetry.emulator.alerting.delivery_hours import DeliveryHours, Window, read_minutes

MINUTE = timedelta(minutes=1)
EVERY_DAY = (1, 2, 3, 4, 5, 6, 7)


def hours(zone: str, *windows: tuple[tuple[int, ...], str, str]) -> DeliveryHours:
    return DeliveryHours(
        zone,
        tuple(Window(days, read_minutes(start), read_minutes(end)) for days, start, end in windows),
    )


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


OFFICE = hours("Europe/Paris", ((1, 2, 3, 4, 5), "09:00", "18:00"))


@pytest.mark.parametrize(
    ("moment", "is_open", "opening"),
    [
        # Monday in winter: an hour ahead of UTC.
        ("2026-01-05T07:59:59", False, "2026-01-05T08:00"),
        ("2026-01-05T08:00", True, "2026-01-05T08:00"),
        ("2026-01-05T16:59:59", True, "2026-01-05T16:59:59"),
        ("2026-01-05T17:00", False, "2026-01-06T08:00"),
        # In summer two.
        ("2026-07-06T07:00", True, "2026-07-06T07:00"),
        ("2026-07-06T16:00", False, "2026-07-07T07:00"),
        # From Friday evening to Monday, over the night the clock is put forward.
        ("2026-03-27T17:00", False, "2026-03-30T07:00"),
        # And back.
        ("2026-10-23T16:00", False, "2026-10-26T08:00"),
    ],
)
def test_hours_are_those_of_the_time_zone(moment: str, is_open: bool, opening: str) -> None:  # noqa: FBT001 - of a table
    assert is_open == OFFICE.is_open(utc(moment))
    assert utc(opening) == OFFICE.next_opening(utc(moment))


@pytest.mark.parametrize(
    ("window", "moment", "opening"),
    [
        # At 02:00 it is 03:00: what begins between begins then.
        (("02:30", "05:00"), "2026-03-29T00:00", "2026-03-29T01:00"),
        # What lies between does not come before next Sunday.
        (("02:15", "02:45"), "2026-03-29T00:00", "2026-04-05T00:15"),
        # At 03:00 it is 02:00 again: what lies between comes twice.
        (("02:15", "02:45"), "2026-10-25T00:00", "2026-10-25T00:15"),
        (("02:15", "02:45"), "2026-10-25T00:45", "2026-10-25T01:15"),
    ],
)
def test_hours_on_the_night_the_clock_is_changed(
    window: tuple[str, str], moment: str, opening: str
) -> None:
    sundays = hours("Europe/Paris", ((7,), *window))

    assert utc(opening) == sundays.next_opening(utc(moment))


def test_a_zone_of_half_hours_opens_at_one() -> None:
    kathmandu = hours("Asia/Kathmandu", (EVERY_DAY, "09:00", "10:00"))

    assert utc("2026-01-05T03:15") == kathmandu.next_opening(utc("2026-01-05T00:00:30"))


def test_windows_add_up() -> None:
    both = hours(
        "UTC", ((1,), "09:00", "10:00"), ((1,), "09:30", "11:00"), ((2,), "00:00", "01:00")
    )

    assert utc("2026-01-05T09:00") == both.next_opening(utc("2026-01-05T08:00"))
    assert both.is_open(utc("2026-01-05T10:30"))
    assert utc("2026-01-06T00:00") == both.next_opening(utc("2026-01-05T11:00"))


@given(
    st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 - the zone is beside them
    st.integers(1, 7),
    st.integers(0, 1438),
    st.sampled_from(["Europe/Paris", "America/New_York", "Australia/Lord_Howe", "UTC"]),
)
def test_the_next_opening_is_open_and_nothing_before_it_is(
    moment: datetime, day: int, start: int, zone: str
) -> None:
    schedule = DeliveryHours(zone, (Window((day,), start, start + 1),))
    opening = schedule.next_opening(moment)

    assert moment <= opening <= moment + timedelta(days=15)
    assert schedule.is_open(opening)
    if opening > moment:
        assert opening.second == opening.microsecond == 0
        # Looked at from the minute before, it is still the next.
        assert opening == schedule.next_opening(max(moment, opening - MINUTE))
        assert not schedule.is_open(opening - timedelta(microseconds=1))
