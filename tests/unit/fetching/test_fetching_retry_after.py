from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from functions.stages.fetching.verdicts import parse_retry_after

_NOW = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "wait"),
    [
        ("120", timedelta(seconds=120)),  # seconds
        (" 0 ", timedelta(0)),  # at once
        ("Mon, 23 Nov 2026 12:01:00 GMT", timedelta(minutes=1)),  # a date
        ("Monday, 23-Nov-26 12:01:00 GMT", timedelta(minutes=1)),  # RFC 850, obsolete
        ("Mon Nov 23 12:01:00 2026", timedelta(minutes=1)),  # asctime, obsolete
        ("Mon, 23 Nov 2026 11:00:00 GMT", timedelta(0)),  # the past
        ("", None),  # nothing
        ("soon", None),  # a word
        ("-5", None),  # not in the grammar
        ("1.5", None),  # not in the grammar
        ("1e9", None),  # not in the grammar
        ("٣", None),  # a digit, but not of ours
    ],
)
def test_retry_after_is_read(value: str, wait: timedelta | None) -> None:
    assert wait == parse_retry_after(value, now=_NOW)


@given(st.integers(0, 10**9))
def test_seconds_are_taken_as_they_are(seconds: int) -> None:
    assert timedelta(seconds=seconds) == parse_retry_after(str(seconds), now=_NOW)


@given(st.datetimes(datetime(2026, 11, 24), datetime(9000, 1, 1)))  # noqa: DTZ001 - UTC is added
def test_a_future_date_is_the_time_until_it(naive: datetime) -> None:
    date = naive.replace(microsecond=0, tzinfo=UTC)

    assert date - _NOW == parse_retry_after(format_datetime(date, usegmt=True), now=_NOW)


@given(st.text() | st.from_regex(r"[A-Z][a-z]{2}, \d+ [A-Z][a-z]{2} \d+ \d+:\d+:\d+ \S*"))
@example("9" * 5000)
@example("Mon, 99 Nov 2026 12:00:00 GMT")
@example("Mon, 23 Nov 2026 12:00:00 +9999999")
def test_a_hostile_value_is_a_wait_or_nothing(value: str) -> None:
    wait = parse_retry_after(value, now=_NOW)

    assert wait is None or wait >= timedelta(0)
