"""Spans, and the events within them, to rows of ``records``.

https://github.com/open-telemetry/opentelemetry-proto/blob/main/opentelemetry/proto/trace/v1/trace.proto
"""

from __future__ import annotations

from itertools import compress
from typing import TYPE_CHECKING, Any, Final

from opentelemetry.proto.trace.v1.trace_pb2 import Status

from telemetry import semconv
from telemetry.emulator.arrow import RECORDS
from telemetry.emulator.otlp import wire
from telemetry.emulator.otlp.attributes import AttributeReader
from telemetry.emulator.otlp.batch import DecodedBatch
from telemetry.emulator.otlp.columns import to_iso
from telemetry.emulator.otlp.identifiers import (
    SPAN_ID_BYTES,
    TRACE_ID_BYTES,
    are_ids,
    is_id,
    make_id,
    number,
    to_hexes,
)
from telemetry.emulator.otlp.records import (
    ERROR,
    INFO,
    LOG,
    SPAN,
    SPAN_EVENT,
    Records,
    build_records,
)
from telemetry.emulator.otlp.sources import Sources
from telemetry.emulator.otlp.values import to_json
from telemetry.sql.schema import PENDING_SPAN

if TYPE_CHECKING:
    from collections.abc import Iterable

    from telemetry.emulator.otlp.attributes import Attributes
    from telemetry.emulator.otlp.values import JsonValue

LOGFIRE_SPAN_TYPE: Final = "logfire.span_type"
"""Tells logs and pending spans, which the SDK sends as spans, from real ones. It stays among the
attributes (https://logfire.pydantic.dev/docs/reference/sql/#kind)."""

_NOTHING: Final = b"[]"


def decode_traces(body: bytes) -> DecodedBatch:
    """Decode an ``ExportTraceServiceRequest`` to rows of ``records_all``.

    A span without a valid trace id or span id is rejected, since nothing could find it again
    (https://opentelemetry.io/docs/specs/otel/trace/api/#spancontext). The rows of span events come
    behind those of the spans.

    Args:
        body: As sent, unpacked.

    Raises:
        InvalidPayload: It is no such message, or nothing in it can be stored.
    """
    request = wire.parse_request(wire.TRACES, body)
    reader = AttributeReader()
    sources = Sources(reader)
    spans = sources.collect(request.resource_spans, "scope_spans", "spans")
    valid, owners = _identified(spans, sources.owners)
    records = _read_spans(valid, owners, reader)
    rows = build_records(records, sources, reader.keys_read)
    rejected = len(spans) - len(valid)
    reason = f"{rejected} spans have no valid trace_id and span_id" if rejected else ""
    return DecodedBatch(RECORDS, rows, records.attributes, rejected, reason)


class _Statuses(dict[bytes, tuple[str, str | None, int]]):
    """Know, for each status of a body, the columns' code and message, and the level it implies."""

    def __missing__(self, raw: bytes) -> tuple[str, str | None, int]:
        status = wire.parse(Status, raw)
        is_error = status.code == Status.STATUS_CODE_ERROR
        code = "ERROR" if is_error else "OK" if status.code == Status.STATUS_CODE_OK else "UNSET"
        read = self[raw] = (code, status.message or None, ERROR if is_error else INFO)
        return read


def _identified(spans: list[Any], owners: list[int]) -> tuple[list[Any], list[int]]:
    trace_ids = [span.trace_id for span in spans]
    span_ids = [span.span_id for span in spans]
    if are_ids(trace_ids, TRACE_ID_BYTES) and are_ids(span_ids, SPAN_ID_BYTES):
        return spans, owners
    valid = [
        is_id(trace_id, TRACE_ID_BYTES) and is_id(span_id, SPAN_ID_BYTES)
        for trace_id, span_id in zip(trace_ids, span_ids, strict=True)
    ]
    return list(compress(spans, valid)), list(compress(owners, valid))


def _read_spans(spans: list[Any], owners: list[int], reader: AttributeReader) -> Records:
    statuses = _Statuses()
    known = [statuses[span.status] for span in spans]
    attributes = [reader.read(span.attributes[:]) for span in spans]
    names = [span.name for span in spans]
    records = Records(
        start=[span.start_time_unix_nano for span in spans],
        end=[span.end_time_unix_nano for span in spans],
        trace_id=[span.trace_id.hex() for span in spans],
        span_id=[span.span_id.hex() for span in spans],
        parent_span_id=to_hexes([span.parent_span_id for span in spans], SPAN_ID_BYTES),
        kind=[_kind(row) for row in attributes],
        level=[level for _, _, level in known],
        span_name=names,
        message=names.copy(),
        attributes=attributes,
        exception=[None] * len(spans),
        status_code=[code for code, _, _ in known],
        status_message=[message for _, message, _ in known],
        events=[_NOTHING] * len(spans),
        links=[_NOTHING] * len(spans),
        log_body=[None] * len(spans),
        owner=owners.copy(),
    )
    for index, span in enumerate(spans):
        if span.links:
            records.links[index] = _links_json(span.links, reader)
        if span.events:
            _add_events(records, index, span.events, reader)
    return records


def _kind(attributes: Attributes) -> str:
    span_type = attributes.get(LOGFIRE_SPAN_TYPE)
    if span_type == LOG:
        return LOG
    return PENDING_SPAN if span_type == PENDING_SPAN else SPAN


def _links_json(links: Iterable[Any], reader: AttributeReader) -> bytes:
    return to_json(
        [
            {
                "trace_id": link.trace_id.hex(),
                "span_id": link.span_id.hex(),
                "attributes": reader.read(link.attributes),
            }
            for link in links
        ]
    )


def _add_events(
    records: Records, index: int, events: Iterable[Any], reader: AttributeReader
) -> None:
    """Add a span's events to its row; each but an exception gets a row of its own too."""
    described: list[JsonValue] = []
    for position, event in enumerate(events):
        attributes = reader.read(event.attributes)
        described.append(
            {
                "event_name": event.name,
                "event_timestamp": to_iso(event.time_unix_nano),
                "attributes": attributes,
            }
        )
        if event.name != semconv.EXCEPTION:
            _add_event_row(records, index, position, event, attributes)
        elif records.exception[index] is None:
            records.exception[index] = attributes
    records.events[index] = to_json(described)


def _add_event_row(
    records: Records, index: int, position: int, event: Any, attributes: Attributes
) -> None:
    trace_id, span_id = records.trace_id[index], records.span_id[index]
    records.start.append(event.time_unix_nano)
    records.end.append(event.time_unix_nano)
    records.trace_id.append(trace_id)
    records.span_id.append(
        make_id(SPAN_ID_BYTES, bytes.fromhex(trace_id + span_id), number(position))
    )
    records.parent_span_id.append(span_id)
    records.kind.append(SPAN_EVENT)
    records.level.append(INFO)
    records.span_name.append(event.name)
    records.message.append(event.name)
    records.attributes.append(attributes)
    records.exception.append(None)
    records.status_code.append(None)
    records.status_message.append(None)
    records.events.append(None)
    records.links.append(None)
    records.log_body.append(None)
    records.owner.append(records.owner[index])
