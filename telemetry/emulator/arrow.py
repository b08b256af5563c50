"""The Arrow schemas of what is stored, derived from Logfire's tables.

Beside Logfire's columns a stored table has some of its own, whose names begin with ``_lf_``, as
Logfire's internal ones do. Queries never see them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pyarrow as pa

from telemetry.sql import schema
from telemetry.sql.schema import ColumnType

if TYPE_CHECKING:
    from telemetry.sql.schema import Column, Table

INTERNAL_PREFIX: Final = "_lf_"
"""What the names of columns begin with that are no part of Logfire's tables."""

HOT_PREFIX: Final = "_lf_attributes/"
"""What the name of a shredded attribute's column begins with; the attribute's key follows.

Such a column holds, as text, exactly what ``attributes->>'key'`` gives.
"""

SERIES: Final = "_lf_series"
"""A column of ``metrics``: a 64-bit hash of what makes a time series one (the metric's name and
type, scope, resource and attributes). Resets and temporality are handled a series at a time."""

JSON_METADATA: Final = {b"ARROW:extension:name": b"arrow.json", b"ARROW:extension:metadata": b""}
"""Marks a field of text as JSON, so that it is decoded where rows are given as JSON.

https://arrow.apache.org/docs/format/CanonicalExtensions.html#json
"""

_TYPES: Final = {
    ColumnType.TEXT: pa.string(),
    ColumnType.JSON: pa.string(),
    ColumnType.BOOLEAN: pa.bool_(),
    ColumnType.SMALLINT: pa.int16(),
    ColumnType.INTEGER: pa.int32(),
    ColumnType.BIGINT: pa.int64(),
    ColumnType.DOUBLE: pa.float64(),
    ColumnType.TIMESTAMP: pa.timestamp("us", "UTC"),
    ColumnType.TEXT_ARRAY: pa.list_(pa.string()),
    ColumnType.BIGINT_ARRAY: pa.list_(pa.int64()),
    ColumnType.DOUBLE_ARRAY: pa.list_(pa.float64()),
}


@dataclass(frozen=True, slots=True)
class StoredTable:
    """Describe what is kept of a table.

    Attributes:
        name: Of the folder and the files.
        schema: Its columns, in order; those of shredded attributes come behind.
        time_column: What rows are sorted by within a file, and expire by.
    """

    name: str
    schema: pa.Schema
    time_column: str


def _field(column: Column) -> pa.Field:
    return pa.field(
        column.name,
        _TYPES[column.type],
        nullable=column.nullable,
        metadata=JSON_METADATA if column.type is ColumnType.JSON else None,
    )


def _stored(table: Table, *internal: pa.Field) -> StoredTable:
    # The metric value is put together by the engine, from the columns beside it.
    columns = [column for column in table.columns if column.type is not ColumnType.METRIC_VALUE]
    return StoredTable(table.name, pa.schema([*map(_field, columns), *internal]), table.time_column)


RECORDS: Final = _stored(schema.RECORDS_ALL)
METRICS: Final = _stored(schema.METRICS, pa.field(SERIES, pa.int64(), nullable=False))
STORED_TABLES: Final = (RECORDS, METRICS)


def hot_field(key: str) -> pa.Field:
    """Return the field of a shredded attribute."""
    return pa.field(HOT_PREFIX + key, pa.string())
