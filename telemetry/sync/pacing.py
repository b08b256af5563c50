"""Staying under the number of requests that Logfire allows in a minute and in an hour."""

from __future__ import annotations

import threading
import time
from collections import deque
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

LOGFIRE_LIMITS: Final = ((50, 60.0), (1000, 3600.0))
"""Requests, and the seconds they may be made in."""


class Pacer:
    """Let requests through at a pace, first come first served, from any thread.

    It remembers when each request was let through, so that no stretch of time has more than its
    limit; a bucket of tokens would let through twice as many where it was full at the start.

    Args:
        limits: How many requests in how many seconds; none for no limit.
        clock: Seconds that only go forward.
        sleep: Waits for seconds.
    """

    def __init__(
        self,
        limits: Sequence[tuple[int, float]] = LOGFIRE_LIMITS,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        self._limits = limits
        self._clock = clock
        self._sleep = sleep
        self._lock = threading.Lock()
        self._let_through: deque[float] = deque(maxlen=max((most for most, _ in limits), default=1))

    def wait(self) -> None:
        """Return when one more request may be made."""
        if not self._limits:
            return
        # Whoever waits keeps the lock: the others wait behind.
        with self._lock:
            while (seconds := self._seconds_to_wait()) > 0:
                self._sleep(seconds)
            self._let_through.append(self._clock())

    def _seconds_to_wait(self) -> float:
        now = self._clock()
        waits = [
            self._let_through[-most] + seconds - now
            for most, seconds in self._limits
            if len(self._let_through) >= most
        ]
        return max(waits, default=0.0)
