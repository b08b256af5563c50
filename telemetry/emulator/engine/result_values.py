"""Arrow's values as JSON: what each column of a result looks like in rows."""

from __future__ import annotations

from typing import Any, Final

import orjson
import pyarrow as pa
import pyarrow.compute as pc

_NANOSECONDS: Final = {"s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}


def column_values(column: pa.Array) -> list[Any]:
    """Return a column's values, ready for ``orjson``.

    Times are RFC 3339 to the microsecond, intervals and durations ISO 8601, bytes hexadecimal, and
    decimals numbers with all their digits. ``orjson`` makes NaN and the infinities ``null``.
    """
    kind = column.type
    if pa.types.is_timestamp(kind):
        return _timestamps(column)
    if pa.types.is_list(kind) or pa.types.is_fixed_size_list(kind):
        return _lists(column)
    if pa.types.is_struct(kind):
        return _structs(column)
    convert = _converter(kind)
    values: list[Any] = column.to_pylist() if not pa.types.is_duration(kind) else _integers(column)
    if convert is None:
        return values
    return [None if value is None else convert(value) for value in values]


def json_values(column: pa.Array) -> list[Any]:
    """Return the values of a column of JSON; text that is none stays text."""
    return [None if text is None else _decoded(text) for text in column.to_pylist()]


def _decoded(text: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        # A log's body may be plain text.
        return text


def _timestamps(column: pa.Array) -> list[Any]:
    zone = column.type.tz
    moments = column.cast(pa.timestamp("us", zone and "UTC"), safe=False)
    texts: list[Any] = pc.replace_substring(moments.cast(pa.string()), " ", "T").to_pylist()
    return texts


def _lists(column: pa.Array) -> list[Any]:
    items = iter(column_values(column.flatten()))
    lengths = pc.list_value_length(column).to_pylist()
    return [None if length is None else [next(items) for _ in range(length)] for length in lengths]


def _structs(column: pa.Array) -> list[Any]:
    names = [field.name for field in column.type]
    fields = [column_values(pc.struct_field(column, [i])) for i in range(len(names))]
    rows = zip(*fields, strict=True) if fields else iter([()] * len(column))
    present = column.is_valid().to_pylist()
    return [
        dict(zip(names, row, strict=True)) if valid else None
        for row, valid in zip(rows, present, strict=True)
    ]


def _integers(column: pa.Array) -> list[Any]:
    unit = _NANOSECONDS[column.type.unit]
    counts = column.cast(pa.int64()).to_pylist()
    return [None if count is None else count * unit for count in counts]


def _converter(kind: pa.DataType) -> Any:
    if pa.types.is_duration(kind):
        return _duration
    if pa.types.is_interval(kind):
        return _interval
    if pa.types.is_decimal(kind):
        return lambda value: orjson.Fragment(f"{value:f}")
    if pa.types.is_date(kind) or pa.types.is_time(kind):
        return lambda value: value.isoformat()
    if pa.types.is_binary(kind) or pa.types.is_fixed_size_binary(kind):
        return bytes.hex
    return None


def _duration(nanoseconds: int) -> str:
    """Return a span of time as ISO 8601 has it: PT1.5S."""
    sign = "-" if nanoseconds < 0 else ""
    seconds, rest = divmod(abs(nanoseconds), 10**9)
    fraction = f".{rest:09}".rstrip("0") if rest else ""
    return f"{sign}PT{seconds}{fraction}S"


def _interval(value: pa.MonthDayNano) -> str:
    """Return an interval as ISO 8601 has it, whose parts do not convert: P1M2DT3S."""
    date = "".join(f"{n}{unit}" for n, unit in ((value.months, "M"), (value.days, "D")) if n)
    if not value.nanoseconds and date:
        return f"P{date}"
    time = _duration(abs(value.nanoseconds)).removeprefix("P")
    return f"P{date}{time if value.nanoseconds >= 0 else time.replace('T', 'T-')}"
