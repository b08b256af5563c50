"""What is stored, as tables of a session: files and batches that are in no file yet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import pyarrow as pa
from datafusion import col, functions

if TYPE_CHECKING:
    from datetime import datetime

    from datafusion import SessionContext
    from datafusion.catalog import Table

    from telemetry.emulator.engine.wire import TableState

_SUFFIX: Final = ".parquet"
_PASSING: Final = "_lf_passing"
"""The name under which a table is known only while it is made."""


def file_schema(stored: pa.Schema) -> pa.Schema:
    """Return how a table's files are read: text as views, which group and compare faster.

    JSON stays as it is, for functions in Python look into it.
    """
    return pa.schema(
        [
            field.with_type(pa.string_view()) if pa.types.is_string(field.type) else field
            for field in stored
        ]
    )


class Part(NamedTuple):
    """Hold some of a table's rows.

    Attributes:
        table: The rows.
        first: The earliest of their times; None where there are no rows.
        last: The latest of their times.
    """

    table: Table
    first: datetime | None
    last: datetime | None


class TableParts:
    """Keep one table's files and batches from query to query.

    Args:
        context: The session they are read in.
        time_column: What a query's time bounds filter.
    """

    def __init__(self, context: SessionContext, time_column: str) -> None:
        self._context = context
        self._time_column = time_column
        self._files: tuple[str, int, Part] | None = None
        self._batches: dict[int, pa.RecordBatch] = {}
        self._tail: tuple[tuple[int, ...], pa.Schema, Part] | None = None

    def take(self, state: TableState) -> tuple[Part | None, Part | None]:
        """Return the files and the batches of a state; None for what is empty."""
        return self._take_files(state), self._take_batches(state)

    def _take_files(self, state: TableState) -> Part | None:
        if state.folder is None:
            return None
        if self._files is None or self._files[:2] != (state.folder, state.generation):
            self._context.register_listing_table(
                _PASSING, state.folder, [], _SUFFIX, file_schema(state.schema), None
            )
            self._files = state.folder, state.generation, self._hand_over()
        return self._files[2]

    def _take_batches(self, state: TableState) -> Part | None:
        for number, path in state.news.items():
            # Mapped, not read: the file may go then, its rows stay.
            with pa.memory_map(path) as source, pa.ipc.open_stream(source) as reader:
                self._batches[number] = reader.read_next_batch()
        self._batches = {number: self._batches[number] for number in state.batches}
        if not self._batches:
            self._tail = None
            return None
        if self._tail is None or self._tail[:2] != (state.batches, state.schema):
            batches = [_fit(batch, state.schema) for batch in self._batches.values()]
            self._context.register_record_batches(_PASSING, [batches])
            self._tail = state.batches, state.schema, self._hand_over()
        return self._tail[2]

    def _hand_over(self) -> Part:
        # Of files, the footers say it: nothing else is read.
        column = self._time_column
        times = self._context.table(_PASSING).aggregate(
            [], [functions.min(col(column)), functions.max(col(column))]
        )
        first, last = (column[0].as_py() for column in times.collect()[0])
        table = self._context.table_provider(_PASSING)
        self._context.deregister_table(_PASSING)
        return Part(table, first, last)


def _fit(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    """Leave out the columns that not every part of the table has."""
    return batch.select(schema.names).cast(schema) if batch.schema != schema else batch
