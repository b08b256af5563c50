from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telemetry.sync.pacing import LOGFIRE_LIMITS, Pacer
from telemetry.sync.waiting import Backoff, parse_retry_after


class Clock:
    """A clock that only goes on when somebody sleeps, or is told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@given(st.lists(st.floats(0, 30), min_size=1, max_size=200))
def test_no_stretch_of_time_has_more_than_its_limit(gaps: list[float]) -> None:
    clock, limits = Clock(), ((5, 10.0), (20, 100.0))
    pacer, times = Pacer(limits, clock=clock, sleep=clock.sleep), []
    for gap in gaps:
        clock.now += gap
        pacer.wait()
        times.append(clock.now)
    for most, seconds in limits:
        for first, beyond in zip(times, times[most:], strict=False):
            assert beyond - first >= seconds - 1e-6


def test_fifty_requests_go_at_once_and_the_next_waits_for_a_minute() -> None:
    clock = Clock()
    pacer = Pacer(LOGFIRE_LIMITS, clock=clock, sleep=clock.sleep)
    for _ in range(50):
        pacer.wait()
    assert 0 == clock.now
    pacer.wait()
    assert 60 == clock.now


def test_an_emulator_is_not_paced() -> None:
    clock = Clock()
    pacer = Pacer((), clock=clock, sleep=clock.sleep)
    for _ in range(2000):
        pacer.wait()
    assert 0 == clock.now


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("", None),
        ("7", 7.0),
        (" 7 ", 7.0),
        ("soon", None),
        ("-1", None),
        ("٧", None),
        ("Tue, 24 Nov 2026 12:00:30 GMT", 30.0),
        ("Tue, 24 Nov 2026 11:00:00 GMT", 0.0),
    ],
)
def test_retry_after_is_seconds_or_a_date(header: str | None, seconds: float | None) -> None:
    now = datetime(2026, 11, 24, 12, tzinfo=UTC)
    assert seconds == parse_retry_after(header, now)


@pytest.mark.parametrize(
    ("attempt", "retry_after", "seconds"),
    [
        (1, None, 0.5),
        (2, None, 1.0),
        (3, None, 2.0),
        (4, None, 4.0),
        (5, None, None),
        (1, 30.0, 30.5),
        (1, 121.0, None),
        (1, 0.0, 0.5),
    ],
)
def test_pauses_grow_until_it_is_given_up(
    attempt: int, retry_after: float | None, seconds: float | None
) -> None:
    assert seconds == Backoff(jitter=lambda: 1.0).seconds(attempt, retry_after)


def test_pauses_differ() -> None:
    backoff = Backoff()
    assert 1 < len({backoff.seconds(3, None) for _ in range(20)})
