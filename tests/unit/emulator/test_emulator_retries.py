from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from functions.emulator.clock import SECOND
from functions.emulator.retries import RETENTION, RetryPolicy

MINUTE, DAY = 60 * SECOND, 24 * 3600 * SECOND


@pytest.mark.parametrize(
    ("policy", "seconds"),
    [
        pytest.param(
            # The example of the service's documentation, to the letter.
            RetryPolicy(min_backoff=10 * SECOND, max_backoff=300 * SECOND, max_doublings=3),
            [10, 20, 40, 80, 160, 240, 300, 300],
            id="doubles-then-grows-linearly-then-stays",
        ),
        pytest.param(
            # The defaults: 16 doublings never come to an end, an hour is reached first.
            RetryPolicy(),
            [0.1 * 2**doublings for doublings in range(16)] + [3600, 3600],
            id="the-defaults",
        ),
        pytest.param(
            # One doubling: 1, 2, then by 2^1 * 1 a time.
            RetryPolicy(min_backoff=SECOND, max_backoff=9 * SECOND, max_doublings=1),
            [1, 2, 4, 6, 8, 9, 9],
            id="one-doubling",
        ),
        pytest.param(
            # No doubling is linear from the start.
            RetryPolicy(min_backoff=SECOND, max_backoff=4 * SECOND, max_doublings=0),
            [1, 2, 3, 4, 4],
            id="no-doubling",
        ),
        pytest.param(
            # The same both ways: a constant interval.
            RetryPolicy(min_backoff=5 * SECOND, max_backoff=5 * SECOND, max_doublings=16),
            [5, 5, 5],
            id="constant",
        ),
        pytest.param(
            # Zero stays zero, however often it doubles.
            RetryPolicy(min_backoff=0, max_doublings=2),
            [0, 0, 0, 0, 0],
            id="zero",
        ),
    ],
)
def test_the_interval_between_attempts_follows_the_policy(
    policy: RetryPolicy, seconds: list[float]
) -> None:
    intervals = [policy.backoff(failures) / SECOND for failures in range(1, len(seconds) + 1)]
    assert seconds == intervals


@pytest.mark.parametrize(
    ("policy", "failures", "elapsed", "again"),
    [
        # Attempts alone decide without a duration.
        (RetryPolicy(max_attempts=3), 2, 0, True),
        (RetryPolicy(max_attempts=3), 3, 0, False),
        # The first attempt may be the only one.
        (RetryPolicy(max_attempts=1), 1, 0, False),
        # Both limits must be reached: attempts are, the duration is not …
        (RetryPolicy(max_attempts=3, max_retry_duration=MINUTE), 3, MINUTE - 1, True),
        # … the duration is, attempts are not …
        (RetryPolicy(max_attempts=3, max_retry_duration=MINUTE), 2, DAY, True),
        # … both are.
        (RetryPolicy(max_attempts=3, max_retry_duration=MINUTE), 3, MINUTE, False),
        # Far above the attempts it goes on until the duration is over.
        (RetryPolicy(max_attempts=3, max_retry_duration=MINUTE), 50, MINUTE - 1, True),
        # Unlimited attempts go on, whatever the duration says.
        (RetryPolicy(max_attempts=-1), 1_000_000, DAY, True),
        (RetryPolicy(max_attempts=-1, max_retry_duration=MINUTE), 1_000_000, DAY, True),
        # … until the task is 31 days old.
        (RetryPolicy(max_attempts=-1), 10, RETENTION, False),
        # The next attempt would be after that.
        (RetryPolicy(max_attempts=-1), 100, RETENTION - MINUTE, False),
    ],
)
def test_a_task_is_tried_again_until_its_limits_are_reached(
    policy: RetryPolicy, failures: int, elapsed: int, *, again: bool
) -> None:
    created = first = 1_700_000_000 * SECOND
    due = policy.next_attempt(
        failures=failures, first=first, created=created, now=created + elapsed
    )
    assert again == (due is not None)


def test_the_next_attempt_is_due_one_interval_after_the_failure() -> None:
    policy = RetryPolicy(min_backoff=10 * SECOND, max_backoff=300 * SECOND, max_doublings=3)
    assert 1_000_040 * SECOND == policy.next_attempt(
        failures=3, first=1, created=999_000 * SECOND, now=1_000_000 * SECOND
    )


@settings(deadline=None)
@given(
    failures=st.integers(1, 2**31 - 1),
    doublings=st.integers(0, 2**31 - 1),
    shortest=st.integers(0, DAY),
    more=st.integers(0, DAY),
)
def test_every_interval_is_between_the_shortest_and_the_longest(
    failures: int, doublings: int, shortest: int, more: int
) -> None:
    policy = RetryPolicy(min_backoff=shortest, max_backoff=shortest + more, max_doublings=doublings)
    assert shortest <= policy.backoff(failures) <= policy.backoff(failures + 1) <= shortest + more
