from __future__ import annotations

import bisect
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telemetry.emulator.engine.functions_metrics import merge, quantile
from telemetry.emulator.engine.metric_values import VALUE
from telemetry.errors import InvalidMetric


def point(**fields: Any) -> dict[str, Any]:
    return dict.fromkeys((field.name for field in VALUE), None) | {"series": 1} | fields


def gauge(value: float) -> dict[str, Any]:
    return point(type="gauge", scalar=value)


def exponential(values: list[float], scale: int = 3, **fields: Any) -> dict[str, Any]:
    """Count as an SDK does: bucket i holds what is above base**i, up to base**(i+1)."""
    base = 2**2**-scale
    counts: dict[bool, dict[int, int]] = {True: {}, False: {}}
    for value in values:
        if value:
            index = math.ceil(round(math.log(abs(value), base), 9)) - 1
            side = counts[value > 0]
            side[index] = side.get(index, 0) + 1
    filled: dict[str, Any] = {}
    for side, name in ((True, "positive"), (False, "negative")):
        indexes = counts[side]
        first = min(indexes, default=0)
        last = max(indexes, default=first - 1)
        filled[f"{name}_offset"] = first
        filled[f"{name}_counts"] = [indexes.get(i, 0) for i in range(first, last + 1)]
    given: dict[str, Any] = {
        "type": "exponential_histogram",
        "temporality": "delta",
        "count": len(values),
        "sum": sum(values),
        "min": min(values, default=None),
        "max": max(values, default=None),
        "scale": scale,
        "zero_count": sum(not value for value in values),
        "zero_threshold": 0.0,
    }
    return point(**given | filled | fields)


def explicit(values: list[float], bounds: list[float], **fields: Any) -> dict[str, Any]:
    counts = [0] * (len(bounds) + 1)
    for value in values:
        counts[bisect.bisect_left(bounds, value)] += 1
    given: dict[str, Any] = {
        "type": "histogram",
        "temporality": "delta",
        "count": len(values),
        "sum": sum(values),
        "min": min(values, default=None),
        "max": max(values, default=None),
        "bucket_counts": counts,
        "explicit_bounds": bounds,
    }
    return point(**given | fields)


@pytest.mark.parametrize(
    ("q", "expected"), [(0, 1.0), (0.25, 2.0), (0.5, 3.0), (0.9, 4.6), (1, 5.0)]
)
def test_readings_are_interpolated_exactly(q: float, expected: float) -> None:
    assert expected == pytest.approx(quantile([gauge(v) for v in (5, 1, 4, 2, 3)], q))


def test_nothing_observed_has_no_quantile() -> None:
    assert quantile([], 0.5) is None
    assert quantile([point(type="gauge")], 0.5) is None
    assert quantile([exponential([])], 0.5) is None
    assert quantile([explicit([], [1, 2])], 0.5) is None


@pytest.mark.parametrize("make", [exponential, lambda values: explicit(values, [1, 10])])
def test_one_observation_is_all_quantiles(make: Any) -> None:
    assert [5.0] * 3 == [quantile([make([5.0])], q) for q in (0, 0.5, 1)]


@given(
    values=st.lists(
        st.floats(-1e6, -1e-3) | st.just(0.0) | st.floats(1e-3, 1e6), min_size=1, max_size=60
    ),
    q=st.floats(0, 1),
)
def test_an_exponential_quantile_is_off_by_less_than_a_bucket(
    values: list[float], q: float
) -> None:
    found = quantile([exponential(values, scale=5)], q)
    ordered = sorted(values)
    exact = ordered[max(0, math.ceil(round(q * len(values), 9)) - 1)]
    below = ordered[max(0, math.ceil(round(q * len(values), 9)) - 2)]
    base = 2**2**-5
    slack = 1e-6 * abs(exact)
    assert found is not None
    low = min(below, exact)
    assert low - abs(low) * (base - 1) - slack <= found <= exact + abs(exact) * (base - 1) + slack


def test_zero_and_negative_buckets_come_in_order() -> None:
    values = [-8.0, -4.0, 0.0, 0.0, 4.0, 8.0]
    histogram = exponential(values, scale=0)
    found = [quantile([histogram], q) for q in (0, 0.2, 0.5, 0.9, 1)]
    assert found == sorted(found)  # type: ignore[type-var]
    assert [-8.0, 0.0, 8.0] == [found[0], found[2], found[4]]


def test_histograms_of_different_scales_merge_at_the_coarser_one() -> None:
    values = [1.0 + n * 7919 % 1000 for n in range(500)]
    parts = [exponential(values[:200], scale=6), exponential(values[200:], scale=2)]
    together = exponential(values, scale=2)
    for q in (0.1, 0.5, 0.95):
        assert quantile([together], q) == pytest.approx(quantile(parts, q))
        assert quantile([together], q) == pytest.approx(quantile(parts[::-1], q))


def test_a_quantile_lies_between_the_smallest_and_the_largest_observation() -> None:
    histogram = exponential([100.0, 101.0], scale=-2)
    assert 100.0 <= quantile([histogram], 0.01)  # type: ignore[operator]
    assert 101.0 >= quantile([histogram], 0.99)  # type: ignore[operator]


def test_explicit_buckets_are_interpolated_linearly() -> None:
    histogram = explicit([], [10.0, 20.0], count=10, bucket_counts=[0, 10, 0], min=None, max=None)
    assert 15.0 == quantile([histogram], 0.5)
    assert 19.5 == quantile([histogram], 0.95)


def test_the_last_explicit_bucket_ends_at_its_bound_where_the_maximum_is_unknown() -> None:
    histogram = explicit([], [10.0], count=4, bucket_counts=[0, 4], min=None, max=None)
    assert 10.0 == quantile([histogram], 0.99)


def test_a_histogram_without_buckets_knows_its_extremes() -> None:
    histogram = explicit([], [], count=2, bucket_counts=[], min=1.0, max=3.0)
    assert [1.0, 2.0, 3.0] == [quantile([histogram], q) for q in (0, 0.5, 1)]


@pytest.mark.parametrize(
    ("group", "part"),
    [
        ([exponential([1.0]), explicit([1.0], [2.0])], "group by metric_type"),
        ([gauge(1), exponential([1.0])], "gauges or sums"),
        ([explicit([1.0], [2.0]), explicit([1.0], [3.0])], "different bounds"),
    ],
)
def test_what_cannot_be_put_together_is_refused_with_advice(
    group: list[dict[str, Any]], part: str
) -> None:
    with pytest.raises(InvalidMetric, match=part):
        quantile(group, 0.5)
    with pytest.raises(InvalidMetric, match=part):
        merge(group)


@pytest.mark.parametrize("q", [-0.1, 1.1, 95.0])
def test_a_quantile_is_a_share(q: float) -> None:
    with pytest.raises(InvalidMetric, match=r"Write 0\.95 for p95"):
        quantile([gauge(1)], q)


def test_a_cumulative_histogram_counts_once_however_often_it_was_sent() -> None:
    early = exponential([1.0], temporality="cumulative", start=0)
    late = exponential([1.0, 64.0, 64.0], temporality="cumulative", start=0)
    assert quantile([late], 0.5) == quantile([early, late, early], 0.5)


def test_merging_exponential_histograms_adds_their_buckets() -> None:
    merged = merge([exponential([1.0, 2.0]), exponential([4.0, -4.0])])
    assert merged is not None
    expected = exponential([1.0, 2.0, 4.0, -4.0])
    names = ("count", "sum", "min", "max", "scale", "positive_counts", "negative_counts")
    assert {n: expected[n] for n in names} == {n: merged[n] for n in names}


def test_merged_counters_add_up_and_merged_gauges_average() -> None:
    counters = [point(type="sum", temporality="delta", is_monotonic=True, scalar=v) for v in (1, 4)]
    assert 5 == merge(counters)["scalar"]  # type: ignore[index]
    merged = merge([gauge(1), gauge(4)])
    assert merged is not None
    assert (2.5, 2, 5, 1, 4) == tuple(merged[n] for n in ("scalar", "count", "sum", "min", "max"))


def test_merging_nothing_gives_nothing() -> None:
    assert merge([]) is None


def test_merging_what_lies_too_far_apart_is_refused() -> None:
    far = [exponential([1.0], scale=20, positive_offset=offset) for offset in (0, 2**30)]
    with pytest.raises(InvalidMetric, match="too far apart"):
        merge(far)
