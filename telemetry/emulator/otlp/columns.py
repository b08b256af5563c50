"""Arrow columns from Python's lists: the type always given, never guessed."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

import pyarrow as pa
import pyarrow.compute as pc

from telemetry.emulator.otlp.values import JsonValue, to_json, to_text
from telemetry.sql.schema import METRICS, RECORDS_ALL, ColumnType

if TYPE_CHECKING:
    from collections.abc import Sequence

INT16, INT32, INT64 = 2**15, 2**31, 2**63
"""One more than the largest number of such a column."""

_NANOS: Final = 1_000  # nanoseconds in a microsecond
# Of the type of the times: for a plain 1000, Arrow would make them signed, and fail at the largest.
_UNSIGNED_NANOS: Final = pa.scalar(_NANOS, pa.uint64())
_PORTION: Final = 64  # rows; their texts come to some 40 kB
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_INTEGER: Final = re.compile(r"[+-]?[0-9]{1,20}")

_INTEGERS: Final = {
    column.name
    for table in (RECORDS_ALL, METRICS)
    for column in table.columns
    if column.type is ColumnType.INTEGER
}


def to_micros(nanos: Sequence[int | None]) -> pa.Array:
    """Return times as 64-bit microseconds, truncated.

    Every time of the wire is a timestamp: 64-bit unsigned nanoseconds end in the year 2554.
    """
    return pc.divide(pa.array(nanos, pa.uint64()), _UNSIGNED_NANOS).cast(pa.int64())


def to_timestamps(micros: pa.Array) -> pa.Array:
    """Return microseconds as timestamps."""
    return micros.cast(pa.timestamp("us", "UTC"))


def to_iso(nanos: int) -> str:
    """Return a time as text, to the microsecond: ``2026-01-31T12:00:00.000000Z``."""
    moment = _EPOCH + timedelta(microseconds=nanos // _NANOS)
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")


def texts(values: Sequence[str | bytes | None]) -> pa.Array:
    """Return a column of text; bytes are taken as UTF-8."""
    return pa.array(values, pa.string())


def json_texts(values: Sequence[JsonValue]) -> pa.Array:
    """Return a column of JSON, written in portions.

    All texts at once are so much memory that the allocator gives it back to the system when they
    are freed, and fetching it anew for the next request costs a third of the time of decoding.
    """
    portions = [
        texts([to_json(value) for value in values[begin : begin + _PORTION]])
        for begin in range(0, len(values), _PORTION)
    ]
    return pa.concat_arrays(portions) if portions else texts([])


def alias(name: str, values: Sequence[JsonValue]) -> pa.Array:
    """Return a column that repeats an attribute, as integer or text as the table has it."""
    if name in _INTEGERS:
        return pa.array([to_integer(value, INT32) for value in values], pa.int32())
    return texts([to_text(value) for value in values])


def empty_alias(name: str, length: int) -> pa.Array:
    """Return such a column where no row has the attribute."""
    return pa.nulls(length, pa.int32() if name in _INTEGERS else pa.string())


def to_integer(value: JsonValue, bound: int) -> int | None:
    """Return an integer, also one that was sent as a string; None where it is none or too large.

    https://logfire.pydantic.dev/docs/reference/sql/#http_response_status_code

    Args:
        value: The attribute's.
        bound: One more than the column can hold.
    """
    if isinstance(value, str) and _INTEGER.fullmatch(value):
        value = int(value)
    # To Python, True is an integer too.
    if isinstance(value, int) and not isinstance(value, bool) and -bound <= value < bound:
        return value
    return None


def build_batch(schema: pa.Schema, columns: dict[str, pa.Array]) -> pa.RecordBatch:
    """Put columns together in the order of the schema."""
    return pa.RecordBatch.from_arrays([columns[name] for name in schema.names], schema=schema)
