from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import (
    AnyValue,
    ArrayValue,
    InstrumentationScope,
    KeyValue,
    KeyValueList,
)
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span, Status

from telemetry.emulator.arrow import RECORDS
from telemetry.emulator.otlp import decode_traces
from telemetry.emulator.otlp.sources import MAX_REPEATED
from telemetry.errors import InvalidPayload

if TYPE_CHECKING:
    from telemetry.emulator.otlp import DecodedBatch

TRACE_ID = bytes.fromhex("0123456789abcdef0123456789abcdef")
SPAN_ID = bytes.fromhex("0123456789abcdef")
SECOND = 10**9
UNSET = object()


def any_value(value: Any) -> AnyValue:
    if value is UNSET:
        return AnyValue()
    if isinstance(value, dict):
        return AnyValue(kvlist_value=KeyValueList(values=attributes_of(value)))
    if isinstance(value, list):
        return AnyValue(array_value=ArrayValue(values=map(any_value, value)))
    kinds = {bool: "bool_value", str: "string_value", int: "int_value", float: "double_value"}
    return AnyValue(**{kinds.get(type(value), "bytes_value"): value})


def attributes_of(values: dict[str, Any]) -> list[KeyValue]:
    return [KeyValue(key=key, value=any_value(value)) for key, value in values.items()]


def span(attributes: dict[str, Any] | None = None, **fields: Any) -> Span:
    return Span(
        **{
            "trace_id": TRACE_ID,
            "span_id": SPAN_ID,
            "name": "process",
            "start_time_unix_nano": SECOND,
            "end_time_unix_nano": 2 * SECOND,
            "attributes": attributes_of(attributes or {}),
            **fields,
        }
    )


def decode(
    *spans: Span, resource: dict[str, Any] | None = None, scope: InstrumentationScope | None = None
) -> DecodedBatch:
    request = ExportTraceServiceRequest(
        resource_spans=[
            ResourceSpans(
                resource=Resource(attributes=attributes_of(resource or {})),
                scope_spans=[ScopeSpans(scope=scope, spans=spans)],
            )
        ]
    )
    batch = decode_traces(request.SerializeToString())
    batch.rows.validate(full=True)
    assert RECORDS.schema == batch.rows.schema
    assert [json.loads(text) for text in column(batch, "attributes")] == batch.attributes
    return batch


def column(batch: DecodedBatch, name: str) -> list[Any]:
    values: list[Any] = batch.rows.column(name).to_pylist()
    return values


def test_a_span_becomes_a_row() -> None:
    batch = decode(
        span({"stage": "extraction"}, parent_span_id=SPAN_ID[::-1]),
        resource={"service.name": "extraction", "process.pid": 7},
        scope=InstrumentationScope(
            name="logfire", version="5.2", attributes=attributes_of({"a": 1})
        ),
    )
    [row] = batch.rows.to_pylist()
    expected = {
        "duration": 1.0,
        "trace_id": "0123456789abcdef0123456789abcdef",
        "span_id": "0123456789abcdef",
        "parent_span_id": "efcdab8967452301",
        "kind": "span",
        "level": 9,
        "span_name": "process",
        "message": "process",
        "is_exception": False,
        "exception_type": None,
        "attributes": '{"stage":"extraction"}',
        "tags": [],
        "otel_status_code": "UNSET",
        "otel_status_message": None,
        "otel_events": "[]",
        "otel_links": "[]",
        "otel_scope_name": "logfire",
        "otel_scope_version": "5.2",
        "otel_scope_attributes": '{"a":1}',
        "otel_resource_attributes": '{"service.name":"extraction","process.pid":7}',
        "service_name": "extraction",
        "service_version": None,
        "process_pid": 7,
        "log_body": None,
    }
    assert expected == {name: row[name] for name in expected}


def test_an_empty_request_gives_no_rows() -> None:
    batch = decode_traces(b"")
    assert (0, [], 0, "") == (batch.rows.num_rows, batch.attributes, batch.rejected, batch.reason)
    assert RECORDS.schema == batch.rows.schema


@pytest.mark.parametrize(
    ("start", "end", "seconds"),
    [
        (0, 0, 0.0),
        (1_700_000_000_123_456_789, 1_700_000_002_123_457_789, 2.000001),
        (1_000, 1_999, 0.0),  # the same microsecond
        (999, 1_000, 0.000001),  # as the difference of the two columns
        (2 * SECOND, SECOND, -1.0),  # a clock that was put back
        (0, 2**64 - 1, (2**64 // 1000) / 1_000_000),
    ],
)
def test_duration_is_the_difference_of_the_timestamps(start: int, end: int, seconds: float) -> None:
    batch = decode(span(start_time_unix_nano=start, end_time_unix_nano=end))
    start_column, end_column = (batch.rows.column(i).cast("int64")[0].as_py() for i in (0, 1))
    assert (start // 1000, end // 1000) == (start_column, end_column)
    assert [seconds] == column(batch, "duration")


@pytest.mark.parametrize(
    ("attributes", "status", "level"),
    [
        ({}, Status(), 9),
        ({}, Status(code=Status.STATUS_CODE_ERROR), 17),
        ({"logfire.level_num": 13}, Status(code=Status.STATUS_CODE_ERROR), 13),
        ({"logfire.level_num": 2**15}, Status(), 9),  # the column cannot hold it
        ({"logfire.level_num": "13"}, Status(), 9),
        ({"logfire.level_num": True}, Status(), 9),
    ],
)
def test_level(attributes: dict[str, Any], status: Status, level: int) -> None:
    batch = decode(span(attributes, status=status))
    assert [level] == column(batch, "level")
    used = attributes.get("logfire.level_num") == level
    assert [{} if used else attributes] == batch.attributes


@pytest.mark.parametrize(
    ("status", "code", "message"),
    [
        (Status(), "UNSET", None),
        (Status(code=Status.STATUS_CODE_OK), "OK", None),
        (Status(code=Status.STATUS_CODE_ERROR, message="oops"), "ERROR", "oops"),
        (Status(code=7), "UNSET", None),  # of a later version
    ],
)
def test_status(status: Status, code: str, message: str | None) -> None:
    batch = decode(span(status=status))
    assert [code] == column(batch, "otel_status_code")
    assert [message] == column(batch, "otel_status_message")


@pytest.mark.parametrize(
    ("span_type", "kind", "duration"),
    [
        (UNSET, "span", 1.0),
        ("span", "span", 1.0),
        ("pending_span", "pending_span", 1.0),
        ("log", "log", None),
        (["log"], "span", 1.0),
        ("something", "span", 1.0),
    ],
)
def test_kind(span_type: Any, kind: str, duration: float | None) -> None:
    batch = decode(span({"logfire.span_type": span_type}))
    assert [kind] == column(batch, "kind")
    assert [duration] == column(batch, "duration")
    assert ["logfire.span_type"] == list(batch.attributes[0])


def test_message_and_tags_leave_the_attributes() -> None:
    batch = decode(span({"logfire.msg": "hello", "logfire.tags": ["a", "b"], "x": 1}), span())
    assert ["hello", "process"] == column(batch, "message")
    assert [["a", "b"], []] == column(batch, "tags")
    assert [{"x": 1}, {}] == batch.attributes


def test_message_and_tags_of_another_type_stay_attributes() -> None:
    attributes = {"logfire.msg": 5, "logfire.tags": ["a", 1]}
    batch = decode(span(attributes))
    assert ["process"] == column(batch, "message")
    assert [[]] == column(batch, "tags")
    assert [attributes] == batch.attributes


@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        (UNSET, None),
        (True, True),
        (-(2**63), -(2**63)),
        (1.5, 1.5),
        (math.nan, "NaN"),
        (math.inf, "Infinity"),
        (-math.inf, "-Infinity"),
        (b"\x00\xff", "AP8="),
        ("", ""),
        ("nul \x00 and 𝄞", "nul \x00 and 𝄞"),
        ([1, [b"\x01", {"k": UNSET}]], [1, ["AQ==", {"k": None}]]),
        ({}, {}),
    ],
)
def test_values(sent: Any, stored: Any) -> None:
    assert [{"k": stored}] == decode(span({"k": sent})).attributes


def test_the_last_of_two_attributes_with_one_key_counts() -> None:
    sent = span()
    sent.attributes.extend([*attributes_of({"k": 1}), *attributes_of({"k": 2})])
    assert [{"k": 2}] == decode(sent).attributes


def test_a_reference_into_the_dictionary_of_profiles_counts_as_absent() -> None:
    sent = span()
    sent.attributes.add(key="k").value.string_value_strindex = 3
    assert [{"k": None}] == decode(sent).attributes


def test_ten_megabytes_of_text() -> None:
    text = "é" * 5_000_000
    batch = decode(span({"k": text, "logfire.msg": text}, name=text))
    assert [{"k": text}] == batch.attributes
    assert [text] == column(batch, "message")


@pytest.mark.parametrize(
    ("kind", "text", "stored"),
    [
        ("object", '{"a":[1]}', {"a": [1]}),
        ("array", "[1,2]", [1, 2]),
        ("object", '"an exception"', "an exception"),
        ("string", '"2026-01-31"', "2026-01-31"),
        ("null", "null", None),
        ("integer", "3", 3),
        ("string", "2026", "2026"),  # no string in quotes: some other SDK's
        ("boolean", "1", "1"),
        ("integer", "true", "true"),
        ("object", "{not json", "{not json"),
        ("object", "NaN", "NaN"),
        ("array", "1e999", "1e999"),
        ("object", '"\\ud800"', '"\\ud800"'),  # half a surrogate pair
        ("nonsense", "[1]", "[1]"),
        ("array", "[" * 240 + "]" * 240, json.loads("[" * 240 + "]" * 240)),
        ("array", "[" * 600 + "]" * 600, "[" * 600 + "]" * 600),  # too deep to be written again
        ("array", "[" * 9000, "[" * 9000),
    ],
)
def test_attributes_that_the_json_schema_names_are_decoded(
    kind: str, text: str, stored: Any
) -> None:
    schema = json.dumps({"type": "object", "properties": {"k": {"type": kind}, "absent": {}}})
    batch = decode(span({"k": text, "plain": text, "logfire.json_schema": schema}))
    assert [{"k": stored, "plain": text}] == batch.attributes


@pytest.mark.parametrize(
    "schema",
    [
        "",
        "{",
        "[]",
        '"properties"',
        '{"properties":[]}',
        '{"properties":{"k":5}}',
        '{"properties":{"k":{"type":["object"]}}}',
    ],
)
def test_a_json_schema_that_is_none_decodes_nothing(schema: str) -> None:
    assert [{"k": "[1]"}] == decode(span({"k": "[1]", "logfire.json_schema": schema})).attributes


def test_a_json_schema_that_is_no_text_stays_an_attribute() -> None:
    assert [{"logfire.json_schema": 1}] == decode(span({"logfire.json_schema": 1})).attributes


@pytest.mark.parametrize(
    ("attributes", "name", "value"),
    [
        (
            {"http.response.status_code": 200, "http.status_code": 1},
            "http_response_status_code",
            200,
        ),
        ({"http.status_code": 404}, "http_response_status_code", 404),
        ({"http.status_code": "404"}, "http_response_status_code", 404),
        ({"http.status_code": "4o4"}, "http_response_status_code", None),
        ({"http.status_code": 2**31}, "http_response_status_code", None),
        ({"http.status_code": "9" * 20}, "http_response_status_code", None),
        ({"http.status_code": True}, "http_response_status_code", None),
        ({"http.status_code": 200.0}, "http_response_status_code", None),
        ({"http.request.method": UNSET, "http.method": "GET"}, "http_method", "GET"),
        ({"http.route": "/x"}, "http_route", "/x"),
        ({"http.url": "http://x"}, "url_full", "http://x"),
        ({"url.path": 5}, "url_path", "5"),
        ({"url.query": ["a"]}, "url_query", '["a"]'),
    ],
)
def test_columns_that_repeat_an_attribute(
    attributes: dict[str, Any], name: str, value: Any
) -> None:
    batch = decode(span(attributes), span())
    assert [value, None] == column(batch, name)
    assert set(attributes) == set(batch.attributes[0])


@pytest.mark.parametrize(
    ("resource", "name", "value"),
    [
        ({"deployment.environment.name": "a", "deployment.environment": "b"}, 0, "a"),
        ({"deployment.environment": "b"}, 0, "b"),
        ({"process.pid": 2**40}, 1, None),
        ({"process.pid": "12"}, 1, 12),
        ({}, 1, None),
    ],
)
def test_columns_that_repeat_a_resource_attribute(
    resource: dict[str, Any], name: int, value: Any
) -> None:
    batch = decode(span(), resource=resource)
    assert [value] == column(batch, ("deployment_environment", "process_pid")[name])


def test_each_row_has_its_own_resource_and_scope() -> None:
    groups = [
        ResourceSpans(
            resource=Resource(attributes=attributes_of({"service.name": service})),
            scope_spans=[
                ScopeSpans(scope=InstrumentationScope(name=scope), spans=[span()] * count)
                for scope, count in scopes
            ],
        )
        for service, scopes in [("a", [("x", 2), ("", 1)]), ("b", []), ("c", [("x", 1)])]
    ]
    request = ExportTraceServiceRequest(resource_spans=groups)
    batch = decode_traces(request.SerializeToString())
    assert ["a", "a", "a", "c"] == column(batch, "service_name")
    assert ["x", "x", None, "x"] == column(batch, "otel_scope_name")


@pytest.mark.parametrize("parent", [b"", bytes(8), b"\x01" * 7])
def test_without_a_valid_parent_a_span_is_a_root(parent: bytes) -> None:
    assert [None] == column(decode(span(parent_span_id=parent)), "parent_span_id")


@pytest.mark.parametrize(
    "ids",
    [
        {"trace_id": b""},
        {"trace_id": bytes(16)},
        {"trace_id": TRACE_ID + b"\x01"},
        {"span_id": bytes(8)},
        {"span_id": b"\x01"},
    ],
)
def test_a_span_that_has_no_valid_ids_is_rejected(ids: dict[str, bytes]) -> None:
    batch = decode(span(**ids), span(name="kept"), resource={"service.name": "a"})
    assert ["kept"] == column(batch, "span_name")
    assert (1, "1 spans have no valid trace_id and span_id") == (batch.rejected, batch.reason)
    with pytest.raises(InvalidPayload, match="no valid trace_id"):
        decode(span(**ids))


def test_events_stay_with_their_span_and_become_rows() -> None:
    event = Span.Event(
        name="cache miss", time_unix_nano=1_500_000_001, attributes=attributes_of({"key": "k"})
    )
    parent = span({"a": 1}, events=[event, event], status=Status(code=Status.STATUS_CODE_ERROR))
    batch = decode(parent, span(), resource={"service.name": "s"})
    described = {
        "event_name": "cache miss",
        "event_timestamp": "1970-01-01T00:00:01.500000Z",
        "attributes": {"key": "k"},
    }
    assert [described] * 2 == json.loads(column(batch, "otel_events")[0])
    assert ["span", "span", "span_event", "span_event"] == column(batch, "kind")
    [row, other] = batch.rows.slice(2).to_pylist()
    expected = {
        "trace_id": TRACE_ID.hex(),
        "parent_span_id": SPAN_ID.hex(),
        "span_name": "cache miss",
        "message": "cache miss",
        "level": 9,
        "duration": None,
        "attributes": '{"key":"k"}',
        "otel_status_code": None,
        "otel_events": None,
        "service_name": "s",
        "is_exception": False,
    }
    assert expected == {name: row[name] for name in expected}
    assert row["start_timestamp"] == row["end_timestamp"]
    assert 3 == len({row["span_id"], other["span_id"], SPAN_ID.hex()})
    again = decode(parent, span(), resource={"service.name": "s"})
    assert batch.rows.equals(again.rows)


def test_the_first_exception_fills_its_columns_and_is_no_row() -> None:
    exceptions = [
        Span.Event(
            name="exception",
            attributes=attributes_of({"exception.type": kind, "exception.message": message}),
        )
        for kind, message in [("ValueError", ""), ("KeyError", "second")]
    ]
    batch = decode(span(events=exceptions), span())
    assert [True, False] == column(batch, "is_exception")
    assert ["ValueError", None] == column(batch, "exception_type")
    assert ["", None] == column(batch, "exception_message")
    assert [None, None] == column(batch, "exception_stacktrace")
    assert 2 == len(json.loads(column(batch, "otel_events")[0]))


def test_links() -> None:
    link = Span.Link(trace_id=TRACE_ID, span_id=SPAN_ID, attributes=attributes_of({"why": "batch"}))
    described = {
        "trace_id": TRACE_ID.hex(),
        "span_id": SPAN_ID.hex(),
        "attributes": {"why": "batch"},
    }
    assert [[described], []] == [
        json.loads(text) for text in column(decode(span(links=[link]), span()), "otel_links")
    ]


def test_a_resource_that_would_swell_the_rows_is_refused() -> None:
    resource = {"k": "x" * 2**20}
    with pytest.raises(InvalidPayload, match="send fewer"):
        decode(*[span()] * (MAX_REPEATED // 2**21 + 1), resource=resource)
