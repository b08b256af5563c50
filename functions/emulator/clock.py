"""What time it is, for schedules and for rates.

Schedules (when a task is due, how long a name rests) are wall-clock times: they survive a restart.
Rates are measured on the monotonic clock, which a correction of the wall clock does not move.
Wall-clock times are whole microseconds since 1970 everywhere in this package, the resolution to
which Cloud Tasks truncates a ``schedule_time``.
"""

from __future__ import annotations

import time
from typing import Protocol

SECOND = 1_000_000  # microseconds


class Clock(Protocol):
    """Tell the time; the tests have one that stands still."""

    def wall(self) -> int:
        """Return the microseconds since 1970."""

    def monotonic(self) -> float:
        """Return seconds that never go backwards, from an arbitrary start."""


class SystemClock:
    """Tell the machine's time."""

    def wall(self) -> int:
        """Return the microseconds since 1970."""
        return time.time_ns() // 1_000

    def monotonic(self) -> float:
        """Return seconds that never go backwards, from an arbitrary start."""
        return time.monotonic()
