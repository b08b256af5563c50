"""When a failed task is tried again, and when it is given up.

The rules are those of ``google.cloud.tasks_v2.types.RetryConfig``:
https://cloud.google.com/tasks/docs/reference/rpc/google.cloud.tasks.v2#retryconfig
"""

from __future__ import annotations

from dataclasses import dataclass

from functions.emulator.clock import SECOND

UNLIMITED_ATTEMPTS = -1
# "After a task is 31 days old, the task will be deleted regardless of whether it was dispatched or
# not": https://cloud.google.com/tasks/docs/reference/rpc/google.cloud.tasks.v2#createqueuerequest
RETENTION = 31 * 24 * 3600 * SECOND


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Hold one retry configuration, its durations in microseconds.

    Args:
        max_attempts: Attempts a task gets, the first included; -1 for no limit.
        max_retry_duration: How long after its first attempt a task is tried at least; 0 leaves the
            decision to ``max_attempts`` alone.
        min_backoff: The first interval between two attempts.
        max_backoff: The longest interval.
        max_doublings: How often the interval doubles before it grows linearly.
    """

    max_attempts: int = 100
    max_retry_duration: int = 0
    min_backoff: int = SECOND // 10
    max_backoff: int = 3600 * SECOND
    max_doublings: int = 16

    def backoff(self, failures: int) -> int:
        """Return the interval (microseconds) before the attempt that follows ``failures`` failures.

        The interval starts at ``min_backoff``, doubles ``max_doublings`` times, then grows by
        ``2^max_doublings * min_backoff`` a time, and never passes ``max_backoff``.
        """
        doublings = min(failures - 1, self.max_doublings)
        # 2^64 microseconds pass every interval there is; a hostile max_doublings stays cheap.
        doubled = self.min_backoff << min(doublings, 64)
        return min(doubled * (failures - doublings), self.max_backoff)

    def next_attempt(self, *, failures: int, first: int, created: int, now: int) -> int | None:
        """Return when to try again after a failure, or None when the task is given up.

        Args:
            failures: Attempts so far, all failed, the latest included.
            first: When the first attempt was dispatched (microseconds since 1970).
            created: When the task was created.
            now: When the latest attempt failed.
        """
        if self._exhausted(failures, now - first):
            return None
        due = now + self.backoff(failures)
        return None if due >= created + RETENTION else due

    def _exhausted(self, failures: int, elapsed: int) -> bool:
        if self.max_attempts == UNLIMITED_ATTEMPTS or failures < self.max_attempts:
            return False
        # Both limits must be reached; a duration of 0 always is.
        return elapsed >= self.max_retry_duration
