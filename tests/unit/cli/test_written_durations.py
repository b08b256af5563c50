"""Durations on a command line."""

from __future__ import annotations

import click
import pytest

from telemetry.cli.durations import DURATION


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("30s", 30),
        ("15m", 900),
        ("24h", 86_400),
        ("7d", 604_800),
        ("2w", 1_209_600),
        ("1.5h", 5400),
    ],
)
def test_a_duration_is_read_as_seconds(written: str, seconds: float) -> None:
    assert seconds == DURATION.convert(written, None, None)


@pytest.mark.parametrize("written", ["", "h", "15", "-1h", "0s", "1y", "1h30m", "nan", "9" * 400])
def test_what_is_no_duration_is_told(written: str) -> None:
    with pytest.raises(click.BadParameter, match="write it as 30s, 15m, 24h or 7d"):
        DURATION.convert(written, None, None)
