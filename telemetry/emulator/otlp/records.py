"""Rows of ``records``: what Logfire derives alike for spans, span events and logs.

https://logfire.pydantic.dev/docs/reference/sql/
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeGuard

import pyarrow as pa
import pyarrow.compute as pc

from telemetry import semconv
from telemetry.emulator.arrow import RECORDS
from telemetry.emulator.otlp.attributes import decode_json_texts, first_of, take
from telemetry.emulator.otlp.columns import (
    INT16,
    alias,
    build_batch,
    empty_alias,
    json_texts,
    texts,
    to_integer,
    to_micros,
    to_timestamps,
)
from telemetry.emulator.otlp.values import to_text
from telemetry.sql.schema import ATTRIBUTE_ALIASES, LEVELS, PENDING_SPAN

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

    from telemetry.emulator.otlp.attributes import Attributes
    from telemetry.emulator.otlp.sources import Sources
    from telemetry.emulator.otlp.values import JsonValue

LOGFIRE_LEVEL: Final = "logfire.level_num"
"""https://logfire.pydantic.dev/docs/reference/sql/#level"""

LOGFIRE_TAGS: Final = "logfire.tags"
"""https://logfire.pydantic.dev/docs/reference/sql/#tags"""

_NO_TAGS: Final[list[str]] = []
"""Logfire gives back an empty list, not NULL, for a record without tags."""

SPAN, LOG, SPAN_EVENT = "span", "log", "span_event"
"""Kinds, beside ``PENDING_SPAN`` (https://logfire.pydantic.dev/docs/reference/sql/#kind)."""

_TIMED: Final = pa.array([SPAN, PENDING_SPAN])
"""The kinds that take time; the ``duration`` of the others is NULL."""

INFO, ERROR = LEVELS["info"], LEVELS["error"]

_MICROS: Final = 1_000_000.0  # microseconds in a second


@dataclass(slots=True)
class Records:
    """Hold rows as columns: a list per fact, all of one length.

    Attributes:
        start: Nanoseconds since 1970.
        end: The same.
        trace_id: In hexadecimal.
        span_id: In hexadecimal.
        parent_span_id: In hexadecimal.
        kind: ``SPAN`` or another.
        level: What holds without ``logfire.level_num``.
        span_name: As sent.
        message: What holds without ``logfire.msg``.
        attributes: As sent.
        exception: The attributes of the exception there was, if any.
        status_code: ``UNSET``, ``OK`` or ``ERROR``; None for what has no status.
        status_message: None where it is empty.
        events: A JSON array.
        links: A JSON array.
        log_body: Text or JSON.
        owner: The index of the row's source.
    """

    start: list[int]
    end: list[int]
    trace_id: list[str]
    span_id: list[str]
    parent_span_id: list[str | None]
    kind: list[str]
    level: list[int]
    span_name: list[str]
    message: list[str]
    attributes: list[Attributes]
    exception: list[Attributes | None]
    status_code: list[str | None]
    status_message: list[str | None]
    events: list[bytes | None]
    links: list[bytes | None]
    log_body: list[str | None]
    owner: list[int]


def build_records(records: Records, sources: Sources, present: AbstractSet[str]) -> pa.RecordBatch:
    """Derive Logfire's columns.

    Args:
        records: The rows. Their attributes lose those that became columns of their own, and what
            ``logfire.json_schema`` says is JSON is decoded.
        sources: Their resources and scopes.
        present: The keys there are in any row.

    Raises:
        InvalidPayload: Resources and scopes are too large for so many rows.
    """
    rows = records.attributes
    message, level = records.message, records.level
    tags: list[list[str] | None] = [_NO_TAGS] * len(rows)
    if semconv.LOGFIRE_MESSAGE in present:
        message = take(rows, semconv.LOGFIRE_MESSAGE, _is_text, message)
    if LOGFIRE_LEVEL in present:
        level = take(rows, LOGFIRE_LEVEL, _is_level, level)
    if LOGFIRE_TAGS in present:
        tags = take(rows, LOGFIRE_TAGS, _are_tags, tags)
    if semconv.LOGFIRE_JSON_SCHEMA in present:
        decode_json_texts(rows)
    columns = {
        **_time_columns(records),
        "trace_id": texts(records.trace_id),
        "span_id": texts(records.span_id),
        "parent_span_id": texts(records.parent_span_id),
        "kind": texts(records.kind),
        "level": pa.array(level, pa.int16()),
        "span_name": texts(records.span_name),
        "message": texts(message),
        "attributes": json_texts(rows),
        "tags": pa.array(tags, pa.list_(pa.string())),
        "otel_status_code": texts(records.status_code),
        "otel_status_message": texts(records.status_message),
        "otel_events": texts(records.events),
        "otel_links": texts(records.links),
        "log_body": texts(records.log_body),
        **_exception_columns(records.exception),
        **sources.columns(records.owner, RECORDS.schema),
    }
    for name, keys in ATTRIBUTE_ALIASES.items():
        values = first_of(rows, keys, present)
        columns[name] = empty_alias(name, len(rows)) if values is None else alias(name, values)
    return build_batch(RECORDS.schema, columns)


def _is_text(value: JsonValue) -> TypeGuard[str]:
    return isinstance(value, str)


def _is_level(value: JsonValue) -> TypeGuard[int]:
    return not isinstance(value, str) and to_integer(value, INT16) is not None


def _are_tags(value: JsonValue) -> TypeGuard[list[str] | None]:
    return isinstance(value, list) and all(isinstance(tag, str) for tag in value)


def _time_columns(records: Records) -> dict[str, pa.Array]:
    start, end = to_micros(records.start), to_micros(records.end)
    # Not safe for the cast: beyond 285 years a double is not exact to the microsecond any more.
    seconds = pc.divide(pc.subtract(end, start).cast(pa.float64(), safe=False), _MICROS)
    timed = pc.is_in(texts(records.kind), _TIMED)
    return {
        "start_timestamp": to_timestamps(start),
        "end_timestamp": to_timestamps(end),
        # https://logfire.pydantic.dev/docs/reference/sql/#duration
        "duration": pc.if_else(timed, seconds, pa.scalar(None, pa.float64())),
    }


def _exception_columns(exceptions: list[Attributes | None]) -> dict[str, pa.Array]:
    """Return the four columns (https://logfire.pydantic.dev/docs/reference/sql/#exceptions)."""
    columns = {
        "is_exception": pa.array([found is not None for found in exceptions], pa.bool_()),
    }
    for key in (semconv.EXCEPTION_TYPE, semconv.EXCEPTION_MESSAGE, semconv.EXCEPTION_STACKTRACE):
        columns[key.replace(".", "_")] = texts(
            [None if found is None else to_text(found.get(key)) for found in exceptions]
        )
    return columns
