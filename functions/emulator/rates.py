"""How fast a queue may dispatch: a token bucket."""

from __future__ import annotations

# A wait computed in floating point may end a hair before the token is whole.
_WHOLE = 1 - 1e-6


class TokenBucket:
    """Spend one token a dispatch; tokens come back at a steady rate up to a limit.

    The bucket starts full, as the service's does: https://cloud.google.com/tasks/docs/reference/rpc/google.cloud.tasks.v2#ratelimits

    Args:
        rate: Tokens a second, above 0.
        burst: The most tokens the bucket holds, at least 1.
        at: The monotonic time now, in seconds.
    """

    __slots__ = ("_at", "_burst", "_rate", "_tokens")

    def __init__(self, *, rate: float, burst: int, at: float) -> None:
        self._rate = rate
        self._burst = burst
        self._tokens = float(burst)
        self._at = at

    def take(self, at: float) -> bool:
        """Spend one token and say whether there was one."""
        self._refill(at)
        if self._tokens < _WHOLE:
            return False
        self._tokens -= 1
        return True

    def wait(self, at: float) -> float:
        """Return the seconds until :meth:`take` succeeds; 0 when it would now."""
        self._refill(at)
        if self._tokens >= _WHOLE:
            return 0.0
        return (1 - self._tokens) / self._rate

    def resize(self, *, rate: float, burst: int, at: float) -> None:
        """Change the rate and the limit from now on; no token is given for the change."""
        self._refill(at)
        self._rate = rate
        self._burst = burst
        self._tokens = min(self._tokens, float(burst))

    def _refill(self, at: float) -> None:
        self._tokens = min(float(self._burst), self._tokens + (at - self._at) * self._rate)
        self._at = at
