"""Rows bucketed by a time that is not theirs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlglot import exp

from telemetry.lint.findings import Remark
from telemetry.lint.parsed import end_of, start_of
from telemetry.lint.rule import QueryRule
from telemetry.sql.schema import TABLES, ColumnType

if TYPE_CHECKING:
    from collections.abc import Iterator

    from telemetry.lint.parsed import ParsedQuery
    from telemetry.sql.tokens import Tokens

_TIME_COLUMNS: Final = {table.name: table.time_column for table in TABLES}
_TIMES: Final = frozenset(
    column.name
    for table in TABLES
    for column in table.columns
    if column.type is ColumnType.TIMESTAMP
)
_BUCKETS: Final = frozenset({"time_bucket", "date_bin", "metric_rate", "metric_increase"})
_COMPARISONS: Final = (exp.GT, exp.GTE, exp.LT, exp.LTE, exp.Between)


class TimeColumn(QueryRule):
    """Rows bucketed or bounded by a time that is not theirs.

    Logfire bounds ``records`` by ``start_timestamp`` and ``metrics`` by ``recorded_timestamp``; the
    ``start_timestamp`` of a metric's point is when its counter began, often days ago.

    Anti-pattern::

        SELECT time_bucket($resolution, start_timestamp) AS x, count(*) FROM metrics GROUP BY x

    Best practice::

        SELECT time_bucket($resolution, recorded_timestamp) AS x, count(*) FROM metrics GROUP BY x
    """

    code = "MS012"
    name = "time.wrong-column"

    def check(self, query: ParsedQuery) -> Iterator[Remark]:
        """Give each bucket over, and comparison of now with, another time than the table's."""
        if not _may_be_wrong(query.tokens) or query.tree is None:
            return
        for node in query.tree.walk():
            if _is_bucket(node) or (isinstance(node, _COMPARISONS) and _mentions_now(node)):
                for column in node.find_all(exp.Column):
                    remark = _judge(query, column)
                    if remark is not None:
                        yield remark


def _may_be_wrong(tokens: Tokens) -> bool:
    """Tell whether a table is there beside a time that is not its own."""
    tables = [name for name in tokens.names if name in _TIME_COLUMNS]
    return any(
        name in _TIMES and any(_TIME_COLUMNS[table] != name for table in tables)
        for name in tokens.names
    )


def _judge(query: ParsedQuery, column: Any) -> Remark | None:
    name = column.name.lower()
    wanted = _TIME_COLUMNS.get(query.tables.get(start_of(column), "")) if name in _TIMES else None
    if wanted is None or wanted == name:
        return None
    table = query.tables[start_of(column)]
    return Remark(
        start=start_of(column),
        end=end_of(column),
        message=f"the time of {table} is {wanted}, not {name}",
        hint=f"Write {wanted}",
    )


def _is_bucket(node: exp.Expr) -> bool:
    if isinstance(node, exp.Anonymous):
        return node.name.lower() in _BUCKETS
    return isinstance(node, exp.TimestampTrunc | exp.DateBin)


def _mentions_now(node: exp.Expr) -> bool:
    return node.find(exp.CurrentTimestamp) is not None
