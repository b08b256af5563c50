from __future__ import annotations

from typing import Any

import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, KeyValue, KeyValueList
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord, ResourceLogs, ScopeLogs

from telemetry.emulator.arrow import RECORDS
from telemetry.emulator.otlp import decode_logs

TRACE_ID, SPAN_ID = b"\x01" * 16, b"\x02" * 8


def text(value: str) -> AnyValue:
    return AnyValue(string_value=value)


def rows_of(*logs: LogRecord) -> list[dict[str, Any]]:
    request = ExportLogsServiceRequest(
        resource_logs=[ResourceLogs(scope_logs=[ScopeLogs(log_records=logs)])]
    )
    batch = decode_logs(request.SerializeToString())
    batch.rows.validate(full=True)
    assert RECORDS.schema == batch.rows.schema
    rows: list[dict[str, Any]] = batch.rows.to_pylist()
    return rows


def test_a_log_becomes_a_row_below_the_span_it_was_written_in() -> None:
    [row] = rows_of(
        LogRecord(
            time_unix_nano=1_000_000,
            observed_time_unix_nano=5,
            trace_id=TRACE_ID,
            span_id=SPAN_ID,
            severity_number=13,  # SEVERITY_NUMBER_WARN
            body=text("disk is filling up"),
            event_name="disk.usage",
            attributes=[KeyValue(key="free", value=AnyValue(int_value=3))],
        )
    )
    expected = {
        "kind": "log",
        "level": 13,
        "span_name": "disk.usage",
        "message": "disk is filling up",
        "log_body": "disk is filling up",
        "trace_id": TRACE_ID.hex(),
        "parent_span_id": SPAN_ID.hex(),
        "duration": None,
        "otel_status_code": None,
        "otel_status_message": None,
        "otel_events": None,
        "otel_links": None,
        "attributes": '{"free":3}',
        "is_exception": False,
    }
    assert expected == {name: row[name] for name in expected}
    assert 1000 == row["start_timestamp"].microsecond
    assert row["start_timestamp"] == row["end_timestamp"]
    assert SPAN_ID.hex() != row["span_id"]
    assert 16 == len(row["span_id"])


@pytest.mark.parametrize(("severity", "level"), [(0, 9), (1, 1), (24, 24), (25, 9), (2**31 - 1, 9)])
def test_level_is_the_severity(severity: Any, level: int) -> None:
    [row] = rows_of(LogRecord(severity_number=severity))
    assert level == row["level"]


@pytest.mark.parametrize(
    ("body", "stored"),
    [
        (None, None),
        (text("plain"), "plain"),
        (text(""), ""),
        (AnyValue(int_value=5), "5"),
        (AnyValue(array_value=ArrayValue(values=[text("a")])), '["a"]'),
        (
            AnyValue(kvlist_value=KeyValueList(values=[KeyValue(key="k", value=text("v"))])),
            '{"k":"v"}',
        ),
    ],
)
def test_a_plain_body_is_stored_as_it_is_and_any_other_as_json(
    body: AnyValue | None, stored: str | None
) -> None:
    [row] = rows_of(LogRecord(body=body))
    assert stored == row["log_body"]
    assert (stored or "log") == row["message"]


@pytest.mark.parametrize(
    ("log", "name", "message"),
    [
        (LogRecord(), "log", "log"),
        (LogRecord(event_name="e"), "e", "e"),
        (LogRecord(attributes=[KeyValue(key="event.name", value=text("e"))]), "e", "e"),
        (
            LogRecord(body=text("b"), attributes=[KeyValue(key="logfire.msg", value=text("m"))]),
            "log",
            "m",
        ),
    ],
)
def test_names_and_messages(log: LogRecord, name: str, message: str) -> None:
    [row] = rows_of(log)
    assert (name, message) == (row["span_name"], row["message"])


def test_a_log_without_a_time_has_that_of_its_observation() -> None:
    [row] = rows_of(LogRecord(observed_time_unix_nano=2_000))
    assert 2 == row["start_timestamp"].microsecond


def test_an_exception_is_read_from_the_attributes_and_stays_there() -> None:
    attributes = {
        "exception.type": "ValueError",
        "exception.message": "oops",
        "exception.stacktrace": "Traceback",
    }
    [row] = rows_of(
        LogRecord(attributes=[KeyValue(key=k, value=text(v)) for k, v in attributes.items()])
    )
    assert row["is_exception"]
    columns = ("exception_type", "exception_message", "exception_stacktrace")
    assert list(attributes.values()) == [row[name] for name in columns]
    assert all(key in row["attributes"] for key in attributes)


@pytest.mark.parametrize("trace_id", [b"", bytes(16), b"\x01" * 8])
def test_a_log_without_a_trace_is_a_trace_of_its_own(trace_id: bytes) -> None:
    log = LogRecord(trace_id=trace_id, span_id=SPAN_ID)
    rows = rows_of(log, log)
    assert 2 == len({row["trace_id"] for row in rows})
    assert {32} == {len(row["trace_id"]) for row in rows}
    assert [None, None] == [row["parent_span_id"] for row in rows]


def test_the_same_body_gives_the_same_ids() -> None:
    logs = [LogRecord(body=text("a"))] * 3
    assert rows_of(*logs) == rows_of(*logs)
    assert 3 == len({row["span_id"] for row in rows_of(*logs)})
