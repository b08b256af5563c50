"""OpenTelemetry's logs to rows of ``records``.

https://github.com/open-telemetry/opentelemetry-proto/blob/main/opentelemetry/proto/logs/v1/logs.proto
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, Final

from telemetry import semconv
from telemetry.emulator.arrow import RECORDS
from telemetry.emulator.otlp import wire
from telemetry.emulator.otlp.attributes import AttributeReader
from telemetry.emulator.otlp.batch import DecodedBatch
from telemetry.emulator.otlp.identifiers import (
    SPAN_ID_BYTES,
    TRACE_ID_BYTES,
    make_id,
    number,
    to_hex,
    to_hexes,
)
from telemetry.emulator.otlp.records import INFO, LOG, Records, build_records
from telemetry.emulator.otlp.sources import Sources
from telemetry.emulator.otlp.values import to_text, to_value

if TYPE_CHECKING:
    from telemetry.emulator.otlp.attributes import Attributes

EVENT_NAME: Final = "event.name"
"""What named a log before it had a field for that.

https://opentelemetry.io/docs/specs/semconv/registry/attributes/event/
"""

_EXCEPTION: Final = (semconv.EXCEPTION_TYPE, semconv.EXCEPTION_MESSAGE)
"""A log has an exception if it has one of these.

https://opentelemetry.io/docs/specs/semconv/exceptions/exceptions-logs/
"""


_MAX_SEVERITY: Final = 24


def decode_logs(body: bytes) -> DecodedBatch:
    """Decode an ``ExportLogsServiceRequest`` to rows of ``records_all``.

    A log has no id of its own: it gets one that is made of the body and its place therein, so that
    the same body gives the same rows. Its parent is the span it was written in. Without a trace it
    becomes a trace of its own.

    Args:
        body: As sent, unpacked.

    Raises:
        InvalidPayload: It is no such message.
    """
    request = wire.parse_request(wire.LOGS, body)
    reader = AttributeReader()
    sources = Sources(reader)
    logs = sources.collect(request.resource_logs, "scope_logs", "log_records")
    records = _read_logs(logs, sources.owners, reader, hashlib.blake2b(body).digest())
    rows = build_records(records, sources, reader.keys_read)
    return DecodedBatch(RECORDS, rows, records.attributes)


def _read_logs(logs: list[Any], owners: list[int], reader: AttributeReader, seed: bytes) -> Records:
    times = [log.time_unix_nano or log.observed_time_unix_nano for log in logs]
    attributes = [reader.read(log.attributes[:]) for log in logs]
    names = [_name(log, row) for log, row in zip(logs, attributes, strict=True)]
    bodies = [to_text(to_value(log.body)) for log in logs]
    trace_ids = to_hexes([log.trace_id for log in logs], TRACE_ID_BYTES)
    none: list[None] = [None] * len(logs)
    return Records(
        start=times,
        end=times,
        trace_id=[
            trace_id or make_id(TRACE_ID_BYTES, seed, number(index))
            for index, trace_id in enumerate(trace_ids)
        ],
        span_id=[make_id(SPAN_ID_BYTES, seed, number(index)) for index in range(len(logs))],
        # Without a trace, a span id says nothing.
        parent_span_id=[
            to_hex(log.span_id, SPAN_ID_BYTES) if trace_id else None
            for log, trace_id in zip(logs, trace_ids, strict=True)
        ],
        kind=[LOG] * len(logs),
        level=[_level(log.severity_number) for log in logs],
        span_name=names,
        message=[body or name for body, name in zip(bodies, names, strict=True)],
        attributes=attributes,
        exception=[row if any(key in row for key in _EXCEPTION) else None for row in attributes],
        status_code=[*none],
        status_message=[*none],
        events=[*none],
        links=[*none],
        log_body=[*bodies],
        owner=owners,
    )


def _level(severity: int) -> int:
    """Return the severity; 0 stands for none, and what no severity can be is none either.

    https://opentelemetry.io/docs/specs/otel/logs/data-model/#field-severitynumber
    """
    return severity if 0 < severity <= _MAX_SEVERITY else INFO


def _name(log: Any, attributes: Attributes) -> str:
    """Return the event's name; most logs have none, and a name must be one of few."""
    return log.event_name or to_text(attributes.get(EVENT_NAME)) or LOG
