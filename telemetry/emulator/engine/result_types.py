"""Arrow's types as JSON, the way Logfire spells them: arrow-rs's own serialisation.

https://docs.rs/arrow-schema/latest/arrow_schema/enum.DataType.html
"""

from __future__ import annotations

from typing import Any, Final

import pyarrow as pa

_SIMPLE: Final = {
    pa.null(): "Null",
    pa.bool_(): "Boolean",
    pa.int8(): "Int8",
    pa.int16(): "Int16",
    pa.int32(): "Int32",
    pa.int64(): "Int64",
    pa.uint8(): "UInt8",
    pa.uint16(): "UInt16",
    pa.uint32(): "UInt32",
    pa.uint64(): "UInt64",
    pa.float16(): "Float16",
    pa.float32(): "Float32",
    pa.float64(): "Float64",
    pa.string(): "Utf8",
    pa.binary(): "Binary",
    pa.date32(): "Date32",
    pa.date64(): "Date64",
    pa.month_day_nano_interval(): {"Interval": "MonthDayNano"},
}
_UNITS: Final = {"s": "Second", "ms": "Millisecond", "us": "Microsecond", "ns": "Nanosecond"}


def describe_fields(schema: pa.Schema) -> list[dict[str, Any]]:
    """Return the columns of a result as ``/v2/query`` describes them."""
    return [
        {"name": field.name, "data_type": _type(field.type), "nullable": field.nullable}
        for field in schema
    ]


def describe_columns(schema: pa.Schema) -> list[dict[str, Any]]:
    """Return the columns of a result as ``/v1/query`` describes them."""
    columns: list[dict[str, Any]] = _in_old_words(describe_fields(schema))
    return columns


_NOT_YET: Final = {"dict_id", "dict_is_ordered", "metadata"}
"""What the old form of the API had not."""


def _in_old_words(value: Any) -> Any:
    if isinstance(value, list):
        return [_in_old_words(item) for item in value]
    if isinstance(value, dict):
        return {
            "datatype" if key == "data_type" else key: _in_old_words(item)
            for key, item in value.items()
            if key not in _NOT_YET
        }
    return value


def _type(kind: pa.DataType) -> Any:
    if kind in _SIMPLE:
        return _SIMPLE[kind]
    if pa.types.is_timestamp(kind):
        return {"Timestamp": [_UNITS[kind.unit], kind.tz]}
    if pa.types.is_duration(kind):
        return {"Duration": _UNITS[kind.unit]}
    if pa.types.is_time(kind):
        return {f"Time{kind.bit_width}": _UNITS[kind.unit]}
    if pa.types.is_decimal(kind):
        return {f"Decimal{kind.bit_width}": [kind.precision, kind.scale]}
    return _nested_type(kind)


def _nested_type(kind: pa.DataType) -> Any:
    if pa.types.is_fixed_size_list(kind):
        return {"FixedSizeList": [_nested_field(kind.value_field), kind.list_size]}
    if pa.types.is_list(kind):
        return {"List": _nested_field(kind.value_field)}
    if pa.types.is_struct(kind):
        return {"Struct": [_nested_field(field) for field in kind]}
    if pa.types.is_fixed_size_binary(kind):
        return {"FixedSizeBinary": kind.byte_width}
    return str(kind)


def _nested_field(field: pa.Field) -> dict[str, Any]:
    return {
        "name": field.name,
        "data_type": _type(field.type),
        "nullable": field.nullable,
        "dict_id": 0,
        "dict_is_ordered": False,
        "metadata": {},
    }
