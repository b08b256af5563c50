"""The tables a query sees, as views over what is stored, within the query's bounds."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import pyarrow as pa

from telemetry.emulator import arrow
from telemetry.emulator.engine.metric_values import SOURCES, VALUE
from telemetry.emulator.engine.tables import TableParts
from telemetry.sql import schema
from telemetry.sql.schema import ColumnType

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from datafusion import SessionContext

    from telemetry.emulator.engine.tables import Part
    from telemetry.emulator.engine.wire import Request
    from telemetry.sql.schema import Table

_FILES: Final = "_lf_files"
_BATCHES: Final = "_lf_batches"
"""What the parts of a table are called while its view is made."""
_CATALOGUE: Final = "information_schema"


class Views:
    """Make the views ``records_all``, ``records`` and ``metrics`` for one query after another.

    Args:
        context: The session they are made in.
    """

    def __init__(self, context: SessionContext) -> None:
        self._context = context
        self._taken: dict[str, tuple[Part | None, Part | None]] = {}
        self._parts = {
            stored.name: TableParts(context, stored.time_column) for stored in arrow.STORED_TABLES
        }

    def take_in(self, request: Request) -> None:
        """Take the tables' rows in; what of them is new is sent only once."""
        for name, parts in self._parts.items():
            self._taken[name] = parts.take(request.tables[name])

    def make(self, request: Request) -> None:
        """Replace the views by those of a request: those that it can ask for."""
        for table in schema.TABLES:
            self._context.deregister_table(table.name)
        if _mentions(request, schema.METRICS):
            self._make(schema.METRICS, request)
        if not _mentions(request, schema.RECORDS):
            return
        self._make(schema.RECORDS_ALL, request)
        names = [*schema.RECORDS.column_names, *_hot_columns(schema.RECORDS_ALL, request)]
        finished = f"kind <> '{schema.PENDING_SPAN}'"
        self._register(
            schema.RECORDS, _select(map(_quote, names), schema.RECORDS_ALL.name, finished)
        )

    def _make(self, table: Table, request: Request) -> None:
        state = request.tables[table.name]
        files, batches = self._taken[table.name]
        selects = []
        for name, part in ((_FILES, files), (_BATCHES, batches)):
            if part is not None:
                self._context.register_table(name, part.table)
                where = " AND ".join(_conditions(table, request, part)) or "TRUE"
                selects.append(_select(_columns(table, request), name, where))
        if not selects:
            self._context.register_record_batches(_BATCHES, [[_no_rows(state.schema)]])
            selects.append(_select(_columns(table, request), _BATCHES, "TRUE"))
        self._register(table, " UNION ALL ".join(selects))
        for name in (_FILES, _BATCHES):
            self._context.deregister_table(name)

    def _register(self, table: Table, sql: str) -> None:
        self._context.register_view(table.name, self._context.sql(sql))


def _mentions(request: Request, table: Table) -> bool:
    """Say whether a query can ask for a table; ``records`` is within ``records_all``, too.

    A view takes a millisecond to make. What is in the catalogue is all tables; without a query any
    may follow.
    """
    text = f"{request.sql}{request.unrouted_sql}".casefold()
    return not text or table.name in text or _CATALOGUE in text


def _select(columns: Iterable[str], name: str, where: str) -> str:
    # Nothing in it is the user's but times and environments, which are written as literals.
    return f"SELECT {', '.join(columns)} FROM {name} WHERE {where}"  # noqa: S608 - see above


def _no_rows(stored: pa.Schema) -> pa.RecordBatch:
    return pa.RecordBatch.from_arrays([pa.array([], f.type) for f in stored], schema=stored)


def _columns(table: Table, request: Request) -> Iterator[str]:
    """Give the expressions of a table's columns, in order; files and batches agree on types."""
    for column in table.columns:
        if column.type is ColumnType.TEXT:
            yield _as_view(column.name)
        elif column.type is ColumnType.METRIC_VALUE:
            yield f"{_metric_value()} AS {column.name}"
        else:
            yield column.name
    for name in _hot_columns(table, request):
        yield _as_view(name)


def _metric_value() -> str:
    fields = (
        f"'{field.name}', arrow_cast({SOURCES[field.name]}, 'Utf8')"
        if pa.types.is_string(field.type)
        else f"'{field.name}', {SOURCES[field.name]}"
        for field in VALUE
    )
    return f"named_struct({', '.join(fields)})"


def _as_view(name: str) -> str:
    return f"arrow_cast({_quote(name)}, 'Utf8View') AS {_quote(name)}"


def _hot_columns(table: Table, request: Request) -> list[str]:
    return sorted(arrow.HOT_PREFIX + key for key in request.hot.get(table.name, ()))


def _conditions(table: Table, request: Request, part: Part) -> Iterator[str]:
    """Give what a part's rows have to meet to lie within the query's bounds.

    A bound that all of them meet is left out: reading their times takes as long as counting them.
    https://logfire.pydantic.dev/docs/how-to-guides/query-api/#additional-configuration
    """
    after, until = request.min_timestamp, request.max_timestamp
    if after is not None and not (part.first is not None and part.first > after):
        yield f"{table.time_column} > {_instant(after)}"
    if until is not None and not (part.last is not None and part.last <= until):
        yield f"{table.time_column} <= {_instant(until)}"
    if request.environments is not None:
        yield _is_one_of("deployment_environment", request.environments)


def _instant(moment: datetime) -> str:
    text = moment.astimezone(UTC).isoformat()
    return f"arrow_cast('{text}', 'Timestamp(Microsecond, Some(\"UTC\"))')"


def _is_one_of(column: str, names: tuple[str, ...]) -> str:
    given = ", ".join("'" + name.replace("'", "''") + "'" for name in names if name)
    any_of = [f"{column} IN ({given})"] if given else []
    if "" in names:
        any_of.append(f"{column} IS NULL")
    return f"({' OR '.join(any_of) or 'FALSE'})"


def _quote(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
