"""Whatever the bytes are, they decode to rows or are refused."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, KeyValue
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord, ResourceLogs, ScopeLogs
from opentelemetry.proto.metrics.v1.metrics_pb2 import (
    ExponentialHistogram,
    ExponentialHistogramDataPoint,
    Gauge,
    Histogram,
    HistogramDataPoint,
    Metric,
    NumberDataPoint,
    ResourceMetrics,
    ScopeMetrics,
    Sum,
    Summary,
    SummaryDataPoint,
)
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span, Status

from telemetry.emulator.otlp import decode_logs, decode_metrics, decode_traces
from telemetry.errors import InvalidPayload

if TYPE_CHECKING:
    from collections.abc import Callable

    from telemetry.emulator.otlp import DecodedBatch

DECODERS: list[Callable[[bytes], DecodedBatch]] = [decode_traces, decode_logs, decode_metrics]


def nested(depth: int) -> AnyValue:
    value = AnyValue(string_value="core")
    for _ in range(depth):
        value = AnyValue(array_value=ArrayValue(values=[value]))
    return value


def field(number: int, content: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(content)) + content


def varint(number: int) -> bytes:
    low, high = number & 0x7F, number >> 7
    return bytes([low | 0x80]) + varint(high) if high else bytes([low])


def deep(levels: int) -> bytes:
    """Return a value within arrays that protobuf's own classes refuse to build."""
    value = field(1, b"core")
    for _ in range(levels):
        value = field(5, field(1, value))
    return value


ATTRIBUTES = [
    KeyValue(key="logfire.msg", value=AnyValue(string_value="hello")),
    KeyValue(key="logfire.level_num", value=AnyValue(int_value=13)),
    KeyValue(key="http.status_code", value=AnyValue(int_value=200)),
    KeyValue(key="deep", value=nested(5)),
    KeyValue(
        key="logfire.json_schema",
        value=AnyValue(string_value='{"properties":{"json":{"type":"array"}}}'),
    ),
    KeyValue(key="json", value=AnyValue(string_value="[1,2]")),
]
TRACES = ExportTraceServiceRequest(
    resource_spans=[
        ResourceSpans(
            scope_spans=[
                ScopeSpans(
                    spans=[
                        Span(
                            trace_id=b"\x01" * 16,
                            span_id=b"\x02" * 8,
                            name="span",
                            start_time_unix_nano=2**63,
                            attributes=ATTRIBUTES,
                            events=[Span.Event(name="exception"), Span.Event(name="e")],
                            links=[Span.Link(trace_id=b"\x03")],
                            status=Status(code=Status.STATUS_CODE_ERROR, message="m"),
                        )
                    ]
                    * 2
                )
            ]
        )
    ]
)
LOGS = ExportLogsServiceRequest(
    resource_logs=[
        ResourceLogs(
            scope_logs=[
                ScopeLogs(
                    log_records=[
                        LogRecord(attributes=ATTRIBUTES, body=nested(3), severity_number=9)
                    ]
                )
            ]
        )
    ]
)
METRICS = ExportMetricsServiceRequest(
    resource_metrics=[
        ResourceMetrics(
            scope_metrics=[
                ScopeMetrics(
                    metrics=[
                        Metric(name="g", gauge=Gauge(data_points=[NumberDataPoint(as_int=1)])),
                        Metric(
                            name="s",
                            sum=Sum(data_points=[NumberDataPoint(as_double=1, time_unix_nano=9)]),
                        ),
                        Metric(
                            name="h",
                            histogram=Histogram(
                                data_points=[
                                    HistogramDataPoint(bucket_counts=[1, 2], explicit_bounds=[1])
                                ]
                            ),
                        ),
                        Metric(
                            name="e",
                            exponential_histogram=ExponentialHistogram(
                                data_points=[
                                    ExponentialHistogramDataPoint(
                                        count=1,
                                        positive=ExponentialHistogramDataPoint.Buckets(
                                            offset=-3, bucket_counts=[1, 0, 5]
                                        ),
                                        attributes=ATTRIBUTES,
                                    )
                                ]
                            ),
                        ),
                        Metric(name="y", summary=Summary(data_points=[SummaryDataPoint()])),
                    ]
                )
            ]
        )
    ]
)
VALID = [message.SerializeToString() for message in (TRACES, LOGS, METRICS)]


def check(decode: Callable[[bytes], DecodedBatch], body: bytes) -> None:
    with contextlib.suppress(InvalidPayload):
        batch = decode(body)
        batch.rows.validate(full=True)
        assert batch.rows.schema == batch.table.schema
        for field in batch.rows.schema:
            assert field.nullable or not batch.rows.column(field.name).null_count
        texts = batch.rows.column("attributes").to_pylist()
        assert [orjson.loads(text) for text in texts] == batch.attributes


@pytest.mark.parametrize("decode", DECODERS)
@given(body=st.binary(max_size=200))
def test_random_bytes(decode: Callable[[bytes], DecodedBatch], body: bytes) -> None:
    check(decode, body)


@pytest.mark.parametrize("decode", DECODERS)
@given(
    body=st.sampled_from(VALID),
    changes=st.lists(st.tuples(st.integers(0, 600), st.integers(0, 255)), max_size=4),
    end=st.integers(0, 600),
)
def test_damaged_messages(
    decode: Callable[[bytes], DecodedBatch],
    body: bytes,
    changes: list[tuple[int, int]],
    end: int,
) -> None:
    damaged = bytearray(body)
    for position, byte in changes:
        damaged[position % len(damaged)] = byte
    check(decode, bytes(damaged[: len(damaged) - end] if end < len(damaged) else damaged))


@pytest.mark.parametrize("decode", DECODERS)
@pytest.mark.parametrize(
    "body",
    [
        b'{"resourceSpans": []}',
        b"\x00",
        b"\x08\x01",  # a valid message, with a field none of them has
        b"\x0a\xff\xff\xff\xff\x0f",
        b"<html>",
    ],
)
def test_what_is_no_request_is_refused(
    decode: Callable[[bytes], DecodedBatch], body: bytes
) -> None:
    with pytest.raises(InvalidPayload, match=r"not a valid Export\w+ServiceRequest"):
        decode(body)


@pytest.mark.parametrize(
    ("attribute", "reason"),
    [
        (field(1, b"k") + field(2, deep(1000)), "Depth"),
        (b"\x0a\x01\xff", "UTF-8"),
        (b"\x0a", "KeyValue"),
        # Half a surrogate pair, in the encoding that is none.
        (b"\x0a\x03\xed\xa0\x80", "UTF-8"),
    ],
)
def test_an_attribute_that_is_none_is_refused(attribute: bytes, reason: str) -> None:
    span = field(1, b"\x01" * 16) + field(2, b"\x02" * 8) + field(9, attribute)
    body = field(1, field(2, field(2, span)))
    with pytest.raises(InvalidPayload, match=reason):
        decode_traces(body)
