"""Batches to append, made of next to nothing, and what a snapshot says is there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from telemetry.emulator.arrow import RECORDS, StoredTable
from telemetry.emulator.store import Store, StoreOptions

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from telemetry.emulator.store import TableSnapshot

START = 1_790_000_000_000_000
"""Microseconds since 1970, in September 2026."""

BY_HAND = StoreOptions(
    tail_rows=10**9, tail_bytes=10**12, fan_in=10**9, hot_keys=("stage",), max_hot_keys=0
)
"""Options with which nothing happens in the background."""


@dataclass(frozen=True, slots=True)
class Batch:
    """What a store takes."""

    table: StoredTable
    rows: pa.RecordBatch
    attributes: list[dict[str, Any]]


def make_batch(
    names: Sequence[str],
    *,
    times: Sequence[int] | None = None,
    attributes: Sequence[Mapping[str, Any]] | None = None,
    table: StoredTable = RECORDS,
) -> Batch:
    """Return a batch with a row for each name, which its span or metric has."""
    decoded = [dict(each) for each in attributes or [{"stage": name} for name in names]]
    times = times or range(len(names))
    given = {
        "start_timestamp": [START + time for time in times],
        "end_timestamp": [START + time for time in times],
        "recorded_timestamp": [START + time for time in times],
        "attributes": [orjson.dumps(each).decode() for each in decoded],
        "span_name": names,
        "metric_name": names,
    }
    columns = [
        pa.array(given[field.name], field.type)
        if field.name in given
        else pa.nulls(len(names), field.type)
        if field.nullable
        else pa.array(["" if field.type == pa.string() else 0] * len(names), field.type)
        for field in table.schema
    ]
    return Batch(table, pa.RecordBatch.from_arrays(columns, schema=table.schema), decoded)


def append(store: Store, *names: str, digest: str | None = None, **options: Any) -> bool:
    """Append a batch; its digest is made of the names unless given."""
    return store.append(make_batch(names, **options), (digest or ",".join(names)).encode())


def tables_of(view: TableSnapshot) -> list[pa.Table]:
    """Return every part of a table as a query sees it."""
    parts = [pa.Table.from_batches([batch], view.schema) for batch in view.batches]
    for path in sorted(view.folder.iterdir()) if view.folder is not None else []:
        table = pq.read_table(path, partitioning=None).select(view.schema.names)
        parts.append(table.cast(view.schema))
    return parts


def read_view(view: TableSnapshot, *columns: str) -> list[Any]:
    """Return what a table snapshot holds, sorted: its rows' names, or tuples of some columns."""
    wanted = columns or ("span_name" if "span_name" in view.schema.names else "metric_name",)
    rows = [
        row
        for part in tables_of(view)
        for row in zip(*(part.column(name).to_pylist() for name in wanted), strict=True)
    ]
    return sorted(rows if columns else [row[0] for row in rows])


def read(store: Store, *columns: str, table: StoredTable = RECORDS) -> list[Any]:
    """Return what a store holds, as :func:`read_view` does."""
    with store.snapshot() as snapshot:
        return read_view(snapshot.tables[table.name], *columns)


def segments_of(folder: Path, table: StoredTable = RECORDS) -> list[str]:
    """Return the names of a table's segments."""
    return sorted(path.name for path in (folder / table.name).glob("*.parquet"))


def logs_of(folder: Path, table: StoredTable = RECORDS) -> list[Path]:
    """Return a table's log files."""
    return sorted((folder / table.name).glob("*.log"))


def flat(names: Iterable[Iterable[str]]) -> list[str]:
    """Return the names of some batches, sorted."""
    return sorted(name for batch in names for name in batch)
