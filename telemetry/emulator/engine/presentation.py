"""Rows as they leave the engine: without internal columns, in types that clients know."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pyarrow as pa

from telemetry.emulator import arrow
from telemetry.emulator.engine.query import JSON_MARK

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_COMMON: Final = {
    pa.string_view(): pa.string(),
    pa.large_string(): pa.string(),
    pa.binary_view(): pa.binary(),
    pa.large_binary(): pa.binary(),
}


def present(
    schema: pa.Schema, batches: Iterable[pa.RecordBatch]
) -> tuple[pa.Schema, list[pa.RecordBatch]]:
    """Return rows without shredded attributes, text as text, and JSON as marked text.

    A name that is there twice gets a number, so that no column hides another.
    """
    shown = [i for i, name in enumerate(schema.names) if not name.startswith(arrow.HOT_PREFIX)]
    names = _distinct([schema.names[i] for i in shown])
    public = pa.schema(
        [_public(schema.field(i), name) for i, name in zip(shown, names, strict=True)]
    )
    return public, [_rows(batch, shown, public) for batch in batches if batch.num_rows]


def _rows(batch: pa.RecordBatch, shown: Sequence[int], public: pa.Schema) -> pa.RecordBatch:
    columns = [
        _storage(batch.column(index)).cast(field.type)
        for index, field in zip(shown, public, strict=True)
    ]
    return pa.RecordBatch.from_arrays(columns, schema=public)


def _distinct(names: Sequence[str]) -> list[str]:
    taken = set(names)
    seen: set[str] = set()
    result = []
    for name in names:
        number, chosen = 0, name
        while chosen in seen or (number and chosen in taken):
            number += 1
            chosen = f"{name}_{number}"
        seen.add(chosen)
        result.append(chosen)
    return result


def _public(field: pa.Field, name: str) -> pa.Field:
    is_json = isinstance(field.type, pa.BaseExtensionType)
    metadata = JSON_MARK if is_json else None
    return pa.field(name, _plain(field.type), nullable=field.nullable, metadata=metadata)


def _plain(kind: pa.DataType) -> pa.DataType:
    """Return the type that clients are given for one of the engine's."""
    if isinstance(kind, pa.BaseExtensionType):
        return _plain(kind.storage_type)
    if pa.types.is_dictionary(kind):
        return _plain(kind.value_type)
    if kind in _COMMON:
        return _COMMON[kind]
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        item = kind.value_field
        # Parquet calls it "element"; clients know it by Arrow's own name.
        return pa.list_(pa.field("item", _plain(item.type), nullable=item.nullable))
    if pa.types.is_struct(kind):
        return pa.struct([_plain_field(field) for field in kind])
    return kind


def _plain_field(field: pa.Field) -> pa.Field:
    return pa.field(field.name, _plain(field.type), nullable=field.nullable)


def _storage(column: pa.Array) -> pa.Array:
    return column.storage if isinstance(column, pa.ExtensionArray) else column
