"""The struct ``value`` of ``metrics``, and how its points are read from Arrow.

It unifies what gauges, sums and both kinds of histograms store in columns of their own:
https://logfire.pydantic.dev/docs/how-to-guides/write-dashboard-queries/#working-with-metrics
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from telemetry.emulator.arrow import SERIES

if TYPE_CHECKING:
    from collections.abc import Iterable

_COUNTS, _BOUNDS = pa.list_(pa.int64()), pa.list_(pa.float64())

SOURCES: Final = {
    "type": "metric_type",
    "temporality": "aggregation_temporality",
    "is_monotonic": "is_monotonic",
    "series": SERIES,
    "start": "start_timestamp",
    "scalar": "scalar_value",
    "count": "histogram_count",
    "sum": "histogram_sum",
    "min": "histogram_min",
    "max": "histogram_max",
    "bucket_counts": "histogram_bucket_counts",
    "explicit_bounds": "histogram_explicit_bounds",
    "scale": "exp_histogram_scale",
    "zero_count": "exp_histogram_zero_count",
    "zero_threshold": "exp_histogram_zero_threshold",
    "positive_offset": "exp_histogram_positive_bucket_counts_offset",
    "positive_counts": "exp_histogram_positive_bucket_counts",
    "negative_offset": "exp_histogram_negative_bucket_counts_offset",
    "negative_counts": "exp_histogram_negative_bucket_counts",
}
"""The struct's fields, in order, and the stored columns they are filled from."""

VALUE: Final = pa.struct(
    [
        pa.field("type", pa.string()),
        pa.field("temporality", pa.string()),
        pa.field("is_monotonic", pa.bool_()),
        pa.field("series", pa.int64()),
        pa.field("start", pa.timestamp("us", "UTC")),
        pa.field("scalar", pa.float64()),
        pa.field("count", pa.int64()),
        pa.field("sum", pa.float64()),
        pa.field("min", pa.float64()),
        pa.field("max", pa.float64()),
        pa.field("bucket_counts", _COUNTS),
        pa.field("explicit_bounds", _BOUNDS),
        pa.field("scale", pa.int32()),
        pa.field("zero_count", pa.int64()),
        pa.field("zero_threshold", pa.float64()),
        pa.field("positive_offset", pa.int32()),
        pa.field("positive_counts", _COUNTS),
        pa.field("negative_offset", pa.int32()),
        pa.field("negative_counts", _COUNTS),
    ]
)
"""The Arrow type of ``value``."""


class Flavour(StrEnum):
    """Say what a point holds: a reading, or a distribution in one of two forms."""

    SCALAR = "gauges or sums"
    EXPLICIT = "explicit histograms"
    EXPONENTIAL = "exponential histograms"


def flavour(point: dict[str, Any]) -> Flavour | None:
    """Return what a point holds; None for one without a value.

    https://opentelemetry.io/docs/specs/otel/metrics/data-model/#metric-points
    """
    if point["scale"] is not None:
        return Flavour.EXPONENTIAL
    if point["bucket_counts"] is not None or point["count"] is not None:
        return Flavour.EXPLICIT
    return None if point["scalar"] is None else Flavour.SCALAR


def points(values: pa.StructArray, fields: Iterable[str] | None = None) -> list[dict[str, Any]]:
    """Return structs as dicts, without those that are NULL; times become microseconds.

    Args:
        values: Structs of the type ``VALUE``, perhaps a part of a longer array.
        fields: The names of those that are wanted; None for all.
    """
    present = values.drop_null() if values.null_count else values
    names = [field.name for field in present.type] if fields is None else list(fields)
    columns = [_column(present, name).to_pylist() for name in names]
    return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


def _column(values: pa.StructArray, name: str) -> pa.Array:
    column = pc.struct_field(values, name)
    return pc.cast(column, pa.int64()) if pa.types.is_timestamp(column.type) else column
