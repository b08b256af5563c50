"""Metrics to rows of ``metrics``, a point each.

https://opentelemetry.io/docs/specs/otel/metrics/data-model/
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa
from opentelemetry.proto.metrics.v1.metrics_pb2 import AggregationTemporality

from telemetry.emulator.arrow import METRICS, SERIES
from telemetry.emulator.otlp import wire
from telemetry.emulator.otlp.attributes import AttributeReader
from telemetry.emulator.otlp.batch import DecodedBatch
from telemetry.emulator.otlp.columns import build_batch, to_micros, to_timestamps
from telemetry.emulator.otlp.points import CELLS, SUM, SUMMARY, is_recorded
from telemetry.emulator.otlp.series import SeriesOfMetric
from telemetry.emulator.otlp.sources import Source, Sources
from telemetry.emulator.otlp.values import to_json

if TYPE_CHECKING:
    from telemetry.emulator.otlp.attributes import Attributes
    from telemetry.emulator.otlp.points import Cells

_TEMPORALITIES: Final[dict[int | None, str]] = {
    AggregationTemporality.AGGREGATION_TEMPORALITY_DELTA: "delta",
    AggregationTemporality.AGGREGATION_TEMPORALITY_CUMULATIVE: "cumulative",
}

_TIMES: Final = ("recorded_timestamp", "start_timestamp")


def decode_metrics(body: bytes) -> DecodedBatch:
    """Decode an ``ExportMetricsServiceRequest`` to rows of ``metrics``.

    Summaries are rejected, as Logfire rejects them: quantiles that are computed already cannot be
    put together (https://logfire.pydantic.dev/docs/reference/limits/). Points that say themselves
    that nothing was recorded are left out, and so is a number that is not given: they end a series
    and have no value to store.

    Args:
        body: As sent, unpacked.

    Raises:
        InvalidPayload: It is no such message, or nothing in it can be stored.
    """
    request = wire.parse_request(wire.METRICS, body)
    reader = AttributeReader()
    sources = Sources(reader)
    metrics = sources.collect(request.resource_metrics, "scope_metrics", "metrics")
    points = _Points(reader)
    for metric, owner in zip(metrics, sources.owners, strict=True):
        points.add(metric, owner, sources.found[owner])
    columns = {**points.columns(), **sources.columns(points.owners, METRICS.schema)}
    rows = build_batch(METRICS.schema, columns)
    return DecodedBatch(METRICS, rows, points.attributes, points.rejected, points.reason)


class _Points:
    """Collect the points of a request.

    Args:
        reader: Of the request's attributes.
    """

    def __init__(self, reader: AttributeReader) -> None:
        self._reader = reader
        self._cells: list[Cells] = []
        self.owners: list[int] = []
        self.attributes: list[Attributes] = []
        self.summaries = 0
        self.misshapen = 0

    @property
    def rejected(self) -> int:
        """How many points cannot be stored."""
        return self.summaries + self.misshapen

    @property
    def reason(self) -> str:
        """Why; "" where there are none."""
        reasons = []
        if self.summaries:
            reasons.append(
                f"{self.summaries} points of summaries, which Logfire does not store: send a"
                " histogram instead"
            )
        if self.misshapen:
            reasons.append(f"{self.misshapen} points of histograms without a count for each bucket")
        return "; ".join(reasons)

    def add(self, metric: Any, owner: int, source: Source) -> None:
        """Add the points of a metric.

        Raises:
            InvalidPayload: An attribute cannot be read.
        """
        kind = metric.WhichOneof("data")
        if kind is None:
            return
        data = getattr(metric, kind)
        if kind == SUMMARY:
            self.summaries += len(data.data_points)
            return
        shared = _metric_cells(metric, kind, data)
        series = SeriesOfMetric(metric.name, kind, source)
        for point in data.data_points:
            if not is_recorded(point, kind):
                continue
            cells = CELLS[kind](point)
            if cells is None:
                self.misshapen += 1
                continue
            attributes = self._reader.read(point.attributes)
            cells |= shared
            cells["recorded_timestamp"] = point.time_unix_nano
            cells["start_timestamp"] = point.start_time_unix_nano or None
            cells["attributes"] = to_json(attributes)
            cells[SERIES] = series.number(attributes)
            self._cells.append(cells)
            self.owners.append(owner)
            self.attributes.append(attributes)

    def columns(self) -> dict[str, pa.Array]:
        """Return the columns of the points, empty where their type has none."""
        columns = {}
        for field in METRICS.schema:
            values = [cells.get(field.name) for cells in self._cells]
            columns[field.name] = (
                to_timestamps(to_micros(values))
                if field.name in _TIMES
                else pa.array(values, field.type)
            )
        return columns


def _metric_cells(metric: Any, kind: str, data: Any) -> Cells:
    return {
        "metric_name": metric.name,
        "metric_type": kind,
        "unit": metric.unit or None,
        "metric_description": metric.description or None,
        # A gauge has neither of the two.
        "aggregation_temporality": _TEMPORALITIES.get(
            getattr(data, "aggregation_temporality", None)
        ),
        "is_monotonic": data.is_monotonic if kind == SUM else None,
    }
