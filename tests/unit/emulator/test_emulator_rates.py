from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from functions.emulator.rates import TokenBucket


def test_a_full_bucket_gives_its_burst_at_once_and_then_nothing() -> None:
    bucket = TokenBucket(rate=500, burst=100, at=7.0)
    assert [True] * 100 + [False] == [bucket.take(7.0) for _ in range(101)]


def test_tokens_come_back_at_the_rate() -> None:
    bucket = TokenBucket(rate=10, burst=1, at=0.0)
    assert bucket.take(0.0)
    # The next token is whole after 0.1 s and not before.
    assert [False, True, False] == [bucket.take(at) for at in (0.099, 0.1, 0.15)]


def test_a_rest_fills_the_bucket_no_further_than_its_burst() -> None:
    bucket = TokenBucket(rate=500, burst=3, at=0.0)
    assert 3 == sum(bucket.take(3600.0) for _ in range(10))


def test_the_wait_says_when_the_next_token_is_there() -> None:
    bucket = TokenBucket(rate=4, burst=1, at=0.0)
    assert 0.0 == bucket.wait(0.0)
    bucket.take(0.0)
    assert 0.25 == bucket.wait(0.0)
    assert 0.125 == bucket.wait(0.125)


def test_a_changed_rate_counts_from_the_change_on_and_gives_nothing_away() -> None:
    bucket = TokenBucket(rate=1, burst=10, at=0.0)
    for _ in range(10):
        bucket.take(0.0)
    bucket.resize(rate=100, burst=100, at=0.0)
    assert 1 == sum(bucket.take(0.01) for _ in range(5))
    bucket.resize(rate=100, burst=2, at=10.0)
    assert 2 == sum(bucket.take(10.0) for _ in range(5))


@settings(deadline=None)
@given(
    rate=st.floats(0.01, 500),
    burst=st.integers(1, 100),
    pauses=st.lists(st.floats(0, 10), min_size=1, max_size=100),
)
def test_no_span_of_time_sees_more_than_its_burst_and_its_rate(
    rate: float, burst: int, pauses: list[float]
) -> None:
    bucket = TokenBucket(rate=rate, burst=burst, at=0.0)
    at, taken = 0.0, 0
    for pause in pauses:
        at += pause
        while bucket.take(at):
            taken += 1
        assert taken <= burst + rate * at + 1e-6


@settings(deadline=None)
@given(rate=st.floats(0.001, 500), start=st.floats(0, 1e6), nap=st.floats(0, 1))
def test_a_token_is_there_when_the_wait_is_over(rate: float, start: float, nap: float) -> None:
    bucket = TokenBucket(rate=rate, burst=1, at=start)
    bucket.take(start)
    at = start + nap
    assert bucket.take(at + bucket.wait(at))
