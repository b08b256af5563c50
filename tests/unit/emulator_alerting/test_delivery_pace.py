"""How long a delivery is tried."""

from __future__ import annotations

from dataclasses import replace

import pytest

from telemetry.emulator.alerting.courier import BACKOFF


@pytest.mark.parametrize(("jitter", "minutes"), [(0.0, 12), (1.0, 25)])
def test_ten_tries_take_less_than_half_an_hour(jitter: float, minutes: int) -> None:
    backoff = replace(BACKOFF, jitter=lambda: jitter)
    waits = [backoff.seconds(attempt, None) for attempt in range(1, 11)]

    assert waits.pop() is None
    seconds = [wait for wait in waits if wait is not None]
    assert (9, sorted(seconds)) == (len(seconds), seconds)
    assert minutes == int(sum(seconds) // 60)
