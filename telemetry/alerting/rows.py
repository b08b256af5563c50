"""What a time line is in Logfire's tables: sent as OTLP, so that all is derived as for real."""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.metrics.v1.metrics_pb2 import AggregationTemporality
from opentelemetry.proto.trace.v1.trace_pb2 import Status

from telemetry import semconv
from telemetry.alerting.timeline import Entry, LogEntry, MetricEntry, SpanEntry
from telemetry.emulator.otlp import decode_logs, decode_metrics, decode_traces
from telemetry.errors import InvalidPayload
from telemetry.metrics import Kind
from telemetry.sql.schema import LEVELS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    import pyarrow as pa

    from telemetry.emulator.otlp import DecodedBatch
    from telemetry.metrics import Metric

_LEVEL_NUM: Final = "logfire.level_num"
_SCALE: Final = 3
"""Of exponential histograms: eight buckets each time a value doubles.

https://opentelemetry.io/docs/specs/otel/metrics/data-model/#exponential-scale
"""

_MOST_BUCKETS: Final = 160
"""Of a sign: what the SDK keeps to, by coarser buckets where values lie far apart."""


def make_rows(
    entries: Iterable[Entry], start: datetime, catalogue: Mapping[str, Metric]
) -> dict[str, list[pa.RecordBatch]]:
    """Return the rows of entries, by the name of the stored table.

    Args:
        entries: Of a time line.
        start: The test's own time.
        catalogue: Which says what kind a metric is; one it does not know is a counter, or with
            ``values`` a histogram.

    Raises:
        InvalidPayload: Some of it cannot be stored.
    """
    rows: dict[str, list[pa.RecordBatch]] = {}
    spans, logs, points = (
        ExportTraceServiceRequest(),
        ExportLogsServiceRequest(),
        _Points(catalogue),
    )
    for entry in entries:
        for offset, amount in _each(entry):
            nanoseconds = _nanoseconds(start, offset)
            match entry:
                case SpanEntry():
                    _add_span(spans, entry, nanoseconds)
                case LogEntry():
                    _add_log(logs, entry, nanoseconds)
                case MetricEntry():
                    points.add(entry, nanoseconds, amount)
                case _:
                    raise TypeError(f"{type(entry).__name__} is no entry of a time line")
    requests: Sequence[tuple[Any, Callable[[bytes], DecodedBatch]]] = (
        (spans, decode_traces),
        (logs, decode_logs),
        (points.request, decode_metrics),
    )
    for request, decode in requests:
        message = request.SerializeToString()
        if message:
            batch = decode(message)
            if batch.rejected:
                raise InvalidPayload(batch.reason)
            rows.setdefault(batch.table.name, []).append(batch.rows)
    return rows


def trace_ids(entries: Iterable[Entry]) -> dict[str, str]:
    """Return the IDs of the traces that have names, as the column ``trace_id`` has them."""
    names = (each.trace for each in entries if isinstance(each, SpanEntry | LogEntry))
    return {name: _trace_id(name).hex() for name in names if name}


def _each(entry: Entry) -> Iterable[tuple[float, float]]:
    amounts = (
        entry.amounts() if isinstance(entry, MetricEntry) else (0.0 for _ in range(len(entry)))
    )
    return zip(entry.offsets(), amounts, strict=True)


def _nanoseconds(start: datetime, offset: float) -> int:
    moment = start + timedelta(seconds=offset)
    return round(moment.timestamp() * 1e6) * 1000


def _resource(entry: Entry) -> list[KeyValue]:
    named = {"service.name": entry.service_name}
    if entry.environment is not None:
        named["deployment.environment.name"] = entry.environment
    return _attributes(named)


def _add_span(request: ExportTraceServiceRequest, entry: SpanEntry, nanoseconds: int) -> None:
    resource = request.resource_spans.add()
    resource.resource.attributes.extend(_resource(entry))
    scope = resource.scope_spans.add()
    scope.scope.name = entry.scope
    unique = f"{len(request.resource_spans)} {entry.span}"
    end = nanoseconds + round(entry.duration * 1e9)
    span = scope.spans.add(
        trace_id=_trace_id(entry.trace or unique),
        span_id=_span_id(entry.id) if entry.id else _identify(unique, 8),
        parent_span_id=_span_id(entry.parent) if entry.parent else b"",
        name=entry.span,
        kind=1,
        start_time_unix_nano=nanoseconds,
        end_time_unix_nano=end,
        status=_status(entry),
    )
    attributes = {_LEVEL_NUM: LEVELS[entry.level], **entry.attributes}
    if entry.is_error:
        attributes[_LEVEL_NUM] = max(attributes[_LEVEL_NUM], LEVELS["error"])
    if entry.message:
        attributes[semconv.LOGFIRE_MESSAGE] = entry.message
    span.attributes.extend(_attributes(attributes))
    if entry.exception:
        event = span.events.add(name=semconv.EXCEPTION, time_unix_nano=end)
        told = {semconv.EXCEPTION_TYPE: entry.exception}
        if entry.exception_message:
            told[semconv.EXCEPTION_MESSAGE] = entry.exception_message
        event.attributes.extend(_attributes(told))


def _status(entry: SpanEntry) -> Status | None:
    if not entry.is_error and not entry.status_message:
        return None
    code = Status.STATUS_CODE_ERROR if entry.is_error else Status.STATUS_CODE_UNSET
    return Status(code=code, message=entry.status_message)


def _add_log(request: ExportLogsServiceRequest, entry: LogEntry, nanoseconds: int) -> None:
    resource = request.resource_logs.add()
    resource.resource.attributes.extend(_resource(entry))
    scope = resource.scope_logs.add()
    scope.scope.name = entry.scope
    log = scope.log_records.add(time_unix_nano=nanoseconds)
    log.body.string_value = entry.log
    unique = f"{len(request.resource_logs)} {entry.log}"
    log.trace_id, log.span_id = _trace_id(entry.trace or unique), _identify(unique, 8)
    log.attributes.extend(_attributes({_LEVEL_NUM: LEVELS[entry.level], **entry.attributes}))


class _Points:
    """Gather points of metrics as the SDK sends them: deltas, and exponential histograms."""

    def __init__(self, catalogue: Mapping[str, Metric]) -> None:
        self.request = ExportMetricsServiceRequest()
        self._catalogue = catalogue
        self._before: dict[tuple[str, str], int] = {}

    def add(self, entry: MetricEntry, nanoseconds: int, amount: float) -> None:
        """Add a point."""
        resource = self.request.resource_metrics.add()
        resource.resource.attributes.extend(_resource(entry))
        metric = resource.scope_metrics.add().metrics.add(name=entry.metric)
        declared = self._catalogue.get(entry.metric)
        if declared is not None:
            metric.unit, metric.description = declared.unit, declared.description
        delta = AggregationTemporality.AGGREGATION_TEMPORALITY_DELTA
        times = self._times(entry, nanoseconds)
        if entry.values:
            histogram = metric.exponential_histogram
            histogram.aggregation_temporality = delta
            _fill_histogram(histogram.data_points.add(**times), entry.values)
            points = histogram.data_points
        elif declared is not None and declared.kind is Kind.GAUGE:
            points = metric.gauge.data_points
            points.add(as_double=amount, **times)
        else:
            metric.sum.aggregation_temporality, metric.sum.is_monotonic = delta, True
            points = metric.sum.data_points
            points.add(as_double=amount, **times)
        points[0].attributes.extend(_attributes(entry.attributes))

    def _times(self, entry: MetricEntry, nanoseconds: int) -> dict[str, int]:
        """Return the times of a point: it begins where the one before of its series ended."""
        source = entry.service_name, entry.environment
        series = entry.metric, repr((source, sorted(entry.attributes.items(), key=str)))
        before = self._before.get(series, nanoseconds - 60 * 10**9)
        self._before[series] = nanoseconds
        return {"start_time_unix_nano": min(before, nanoseconds), "time_unix_nano": nanoseconds}


def _fill_histogram(point: Any, values: Sequence[float]) -> None:
    point.count, point.sum = len(values), math.fsum(values)
    point.min, point.max, point.scale = min(values), max(values), _scale(values)
    point.zero_count = sum(1 for value in values if value == 0)
    for sign, buckets in ((1, point.positive), (-1, point.negative)):
        indices = Counter(
            _bucket(sign * value, point.scale) for value in values if sign * value > 0
        )
        if indices:
            first, last = min(indices), max(indices)
            buckets.offset = first
            buckets.bucket_counts.extend(indices[index] for index in range(first, last + 1))


def _scale(values: Sequence[float]) -> int:
    """Return the scale at which values take no more buckets than the SDK would send."""
    scale = _SCALE
    sizes = [[sign * value for value in values if sign * value > 0] for sign in (1, -1)]
    while any(
        size and _bucket(max(size), scale) - _bucket(min(size), scale) >= _MOST_BUCKETS
        for size in sizes
    ):
        scale -= 1
    return scale


def _bucket(value: float, scale: int) -> int:
    return math.ceil(math.log2(value) * 2.0**scale) - 1


def _trace_id(name: str) -> bytes:
    return _identify(name, 16)


def _span_id(name: str) -> bytes:
    return _identify(f"id {name}", 8)


def _identify(name: str, size: int) -> bytes:
    return hashlib.blake2b(name.encode(), digest_size=size).digest()


def _attributes(values: Mapping[str, Any]) -> list[KeyValue]:
    return [KeyValue(key=key, value=_value(value)) for key, value in values.items()]


def _value(value: Any) -> AnyValue:
    made = AnyValue()
    match value:
        case None:
            pass
        case bool():
            made.bool_value = value
        case int():
            made.int_value = value
        case float():
            made.double_value = value
        case list() | tuple():
            made.array_value.values.extend(map(_value, value))
        case dict():
            made.kvlist_value.values.extend(_attributes(value))
        case _:
            made.string_value = str(value)
    return made
