"""Durations of definitions: as people write them, and as Logfire does."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telemetry.definitions.durations import WINDOWS, format_iso, format_short, parse_duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("30s", 30),
        ("15m", 900),
        ("24h", 86_400),
        ("7d", 604_800),
        ("1w", 604_800),
        ("PT15M", 900),
        ("PT24H", 86_400),
        ("P1D", 86_400),
        ("P1DT1H30M5S", 91_805),
        (" 5M ", 300),
    ],
)
def test_a_duration_is_read_in_either_form(text: str, seconds: int) -> None:
    assert seconds == parse_duration(text)


@pytest.mark.parametrize("text", ["", "5", "m", "-5m", "P", "PT", "5 minutes", "P1Y", "1.5h"])
def test_anything_else_is_no_duration(text: str) -> None:
    with pytest.raises(ValueError, match="is no duration"):
        parse_duration(text)


def test_windows_are_written_as_logfire_does() -> None:
    written = " ".join(format_iso(parse_duration(each)) for each in WINDOWS)
    assert "PT1M PT2M PT5M PT10M PT15M PT30M PT1H PT6H PT12H PT24H P7D P30D" == written


@given(st.integers(0, 10_000_000))
def test_a_duration_that_is_written_is_read_as_the_same(seconds: int) -> None:
    assert (seconds, seconds) == (
        parse_duration(format_iso(seconds)),
        parse_duration(format_short(seconds)),
    )
