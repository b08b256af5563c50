"""Points of metrics: what each type fills of a row of ``metrics``.

https://github.com/open-telemetry/opentelemetry-proto/blob/main/opentelemetry/proto/metrics/v1/metrics.proto
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from opentelemetry.proto.metrics.v1.metrics_pb2 import DataPointFlags

from telemetry.emulator.otlp.columns import INT64

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    Cells = dict[str, Any]

GAUGE, SUM, HISTOGRAM = "gauge", "sum", "histogram"
EXPONENTIAL_HISTOGRAM: Final = "exponential_histogram"
"""The last ``metric_type``, as Logfire's documentation has it.

https://logfire.pydantic.dev/docs/how-to-guides/write-dashboard-queries/#working-with-metrics
"""

SUMMARY: Final = "summary"
"""OTLP's one type that Logfire does not store (https://logfire.pydantic.dev/docs/reference/limits/)."""


_NUMBERS: Final = (GAUGE, SUM)
_NO_VALUE: Final = DataPointFlags.DATA_POINT_FLAGS_NO_RECORDED_VALUE_MASK


def is_recorded(point: Any, kind: str) -> bool:
    """Tell whether a point has a value: it can say that it has none, and a number can be left out.

    https://opentelemetry.io/docs/specs/otel/metrics/data-model/#no-recorded-value
    """
    if point.flags & _NO_VALUE:
        return False
    return kind not in _NUMBERS or point.WhichOneof("value") is not None


def number_cells(point: Any) -> Cells:
    """Return the cells of a point of a gauge or sum."""
    is_double = point.WhichOneof("value") == "as_double"
    return {"scalar_value": point.as_double if is_double else float(point.as_int)}


def histogram_cells(point: Any) -> Cells | None:
    """Return the cells of a point with explicit bounds; None where bounds and counts do not fit."""
    counts, bounds = point.bucket_counts[:], point.explicit_bounds[:]
    if len(counts) != len(bounds) + 1 and (counts or bounds):
        return None
    return {
        **_summary_cells(point),
        "histogram_bucket_counts": _counts(counts),
        "histogram_explicit_bounds": bounds,
    }


def exponential_cells(point: Any) -> Cells:
    """Return the cells of a point with exponential buckets."""
    return {
        **_summary_cells(point),
        "exp_histogram_scale": point.scale,
        "exp_histogram_zero_count": _count(point.zero_count),
        "exp_histogram_zero_threshold": point.zero_threshold,
        "exp_histogram_positive_bucket_counts": _counts(point.positive.bucket_counts[:]),
        "exp_histogram_positive_bucket_counts_offset": point.positive.offset,
        "exp_histogram_negative_bucket_counts": _counts(point.negative.bucket_counts[:]),
        "exp_histogram_negative_bucket_counts_offset": point.negative.offset,
    }


CELLS: Final[dict[str, Callable[[Any], Cells | None]]] = {
    GAUGE: number_cells,
    SUM: number_cells,
    HISTOGRAM: histogram_cells,
    EXPONENTIAL_HISTOGRAM: exponential_cells,
}
"""By type, what reads a point; None is a point that cannot be stored."""


def _summary_cells(point: Any) -> Cells:
    return {
        "histogram_count": _count(point.count),
        **{
            f"histogram_{name}": getattr(point, name) if point.HasField(name) else None
            for name in ("sum", "min", "max")
        },
    }


def _count(count: int) -> int | None:
    # Counts are unsigned on the wire and signed in the columns.
    return count if count < INT64 else None


def _counts(counts: Iterable[int]) -> list[int] | None:
    listed = list(counts)
    return listed if max(listed, default=0) < INT64 else None
