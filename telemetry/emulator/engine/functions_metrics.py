"""The functions that ``metric_*`` calls are or become.

https://logfire.pydantic.dev/docs/how-to-guides/write-dashboard-queries/#working-with-metrics
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa
import pyarrow.compute as pc
from datafusion import udf

from telemetry.emulator.engine.histograms import Explicit, Exponential, exact_quantile
from telemetry.emulator.engine.metric_values import VALUE, Flavour, flavour, points
from telemetry.emulator.engine.series import DELTA, Growth, growth, latest_totals
from telemetry.errors import InvalidMetric

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_NUMBER: Final = pa.float64()
_VALUES: Final = pa.list_(VALUE)
_TIMED: Final = pa.list_(
    pa.struct([pa.field("v", VALUE), pa.field("t", pa.timestamp("us", "UTC"))])
)
_READING: Final = ("type", "temporality", "is_monotonic", "series", "start", "scalar", "count")


def _flavour_of_all(group: list[dict[str, Any]], function: str) -> Flavour | None:
    found = {flavour(point) for point in group}
    found.discard(None)
    if len(found) > 1:
        raise InvalidMetric(
            f"{function} was given {' and '.join(sorted(str(one) for one in found))} in one group."
            " Filter by metric_name or metric_type, or group by metric_type"
        )
    return found.pop() if found else None


def quantile(group: list[dict[str, Any]], q: float) -> float | None:
    """Return the q-quantile of all that was observed; None of nothing.

    Readings are interpolated exactly, histograms within their buckets.

    Raises:
        InvalidMetric: The points are of several kinds, their bounds differ, or q is no share.
    """
    if not 0 <= q <= 1:
        raise InvalidMetric(
            f"metric_quantile takes a share from 0 to 1, not {q}. Write 0.95 for p95"
        )
    kind = _flavour_of_all(group, "metric_quantile")
    if kind is Flavour.EXPONENTIAL:
        return Exponential.of(latest_totals(group)).quantile(q)
    if kind is Flavour.EXPLICIT:
        return Explicit.of(latest_totals(group)).quantile(q)
    return exact_quantile([p["scalar"] for p in group if p["scalar"] is not None], q)


def merge(group: list[dict[str, Any]]) -> dict[str, Any] | None:
    """Return one metric value for all points; None for none.

    Counters add up, histograms too, and of gauges the mean stands for all. What tells series apart
    is gone.

    Raises:
        InvalidMetric: The points are of several kinds, or their bounds differ.
    """
    kind = _flavour_of_all(group, "metric_merge")
    if kind is None:
        return None
    merged: dict[str, Any] = dict.fromkeys(field.name for field in VALUE)
    first = group[0]
    merged |= {"type": first["type"], "temporality": DELTA, "is_monotonic": first["is_monotonic"]}
    merged["start"] = min((p["start"] for p in group if p["start"] is not None), default=None)
    totals = latest_totals(group)
    if kind is Flavour.EXPONENTIAL:
        return merged | Exponential.of(totals).value()
    if kind is Flavour.EXPLICIT:
        return merged | Explicit.of(totals).value()
    readings = [point["scalar"] for point in totals if point["scalar"] is not None]
    total = sum(readings)
    return merged | {
        "scalar": total if first["is_monotonic"] else total / len(readings),
        "count": len(readings),
        "sum": total,
        "min": min(readings),
        "max": max(readings),
    }


def _groups(
    lists: pa.ListArray, read: Callable[[pa.Array], list[dict[str, Any]]]
) -> Iterator[list[dict[str, Any]]]:
    """Give the points of every list; of NULL, none."""
    for row in range(len(lists)):
        values = lists[row].values
        yield [] if values is None else read(values)


def _timed_points(values: pa.StructArray) -> list[dict[str, Any]]:
    """Return the points with ``t``, when they were recorded."""
    present = values.filter(pc.struct_field(values, "v").is_valid())
    times = pc.cast(pc.struct_field(present, "t"), pa.int64()).to_pylist()
    readings = points(pc.struct_field(present, "v"), _READING)
    return [{**point, "t": time} for point, time in zip(readings, times, strict=True)]


def _quantiles(shares: pa.Array, lists: pa.ListArray) -> pa.Array:
    groups = zip(shares.to_pylist(), _groups(lists, points), strict=True)
    return pa.array([None if q is None else quantile(group, q) for q, group in groups], _NUMBER)


def _growths(lists: pa.ListArray) -> Iterator[Growth | None]:
    return (growth(group) for group in _groups(lists, _timed_points))


def _increases(lists: pa.ListArray) -> pa.Array:
    return pa.array([grown and grown.increase for grown in _growths(lists)], _NUMBER)


def _rates(lists: pa.ListArray) -> pa.Array:
    return pa.array([grown and grown.rate for grown in _growths(lists)], _NUMBER)


def _merges(lists: pa.ListArray) -> pa.Array:
    return pa.array([merge(group) for group in _groups(lists, points)], VALUE)


def _field_or_scalar(name: str) -> Callable[[pa.StructArray], pa.Array]:
    def get(values: pa.StructArray) -> pa.Array:
        scalars = pc.struct_field(values, "scalar")
        # A histogram has no scalar, and a single reading nothing else.
        return pc.coalesce(pc.struct_field(values, name), scalars)

    return get


def _counts(values: pa.StructArray) -> pa.Array:
    one = pc.if_else(pc.struct_field(values, "scalar").is_valid(), pa.scalar(1, pa.int64()), None)
    return pc.coalesce(pc.struct_field(values, "count"), one)


def _averages(values: pa.StructArray) -> pa.Array:
    counts = pc.cast(pc.struct_field(values, "count"), _NUMBER)
    some = pc.if_else(pc.equal(counts, 0.0), pa.scalar(None, _NUMBER), counts)
    means = pc.divide(pc.struct_field(values, "sum"), some)
    return pc.coalesce(means, pc.struct_field(values, "scalar"))


METRIC_FUNCTIONS: Final = (
    udf(_quantiles, [_NUMBER, _VALUES], _NUMBER, "immutable", "_lf_metric_quantile"),
    udf(_increases, [_TIMED], _NUMBER, "immutable", "_lf_metric_increase"),
    udf(_rates, [_TIMED], _NUMBER, "immutable", "_lf_metric_rate"),
    udf(_merges, [_VALUES], VALUE, "immutable", "_lf_metric_merge"),
    udf(_averages, [VALUE], _NUMBER, "immutable", "metric_avg"),
    udf(_field_or_scalar("sum"), [VALUE], _NUMBER, "immutable", "metric_sum"),
    udf(_counts, [VALUE], pa.int64(), "immutable", "metric_count"),
    udf(_field_or_scalar("min"), [VALUE], _NUMBER, "immutable", "metric_min"),
    udf(_field_or_scalar("max"), [VALUE], _NUMBER, "immutable", "metric_max"),
)
"""To be registered with a session."""
