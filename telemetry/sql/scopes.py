"""Which table a column belongs to: found out by reading the query as a tree, never by printing it.

https://sqlglot.com/sqlglot/optimizer/scope.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.scope import Scope, traverse_scope

from telemetry.sql.schema import TABLES

if TYPE_CHECKING:
    from collections.abc import Iterator

_TABLES = frozenset(table.name for table in TABLES)


def find_base_columns(sql: str, name: str) -> dict[int, str] | None:
    """Find where a column of that name is a table's own, and not a derived one of the same name.

    Args:
        sql: A query, as the user wrote it.
        name: Of the column.

    Returns:
        The table's name by the offset of each such identifier in the text; None where the query
        cannot be read as a tree.
    """
    try:
        tree = sqlglot.parse_one(sql, dialect="postgres")
        scopes = traverse_scope(tree)
    except (SqlglotError, RecursionError):
        return None
    found: dict[int, str | None] = {}
    for scope in scopes:
        for column in _columns(scope, name):
            # Scopes come from the inside out, and the inmost that has the column decides.
            found.setdefault(column.this.meta["start"], _table_of(scope, column))
    return {offset: table for offset, table in found.items() if table is not None}


def _columns(scope: Scope, name: str) -> Iterator[Any]:
    for column in scope.columns:
        if column.name == name and "start" in column.this.meta:
            yield column


def _table_of(scope: Scope, column: Any) -> str | None:
    sources = scope.sources
    if column.table:
        source = sources.get(column.table)
    elif len(scope.selected_sources) == 1 and not _has_unnamed_source(scope):
        source = sources.get(next(iter(scope.selected_sources)))
    else:
        return None
    if not isinstance(source, exp.Table) or source.db or source.name not in _TABLES:
        return None
    return str(source.name)


def _has_unnamed_source(scope: Scope) -> bool:
    """Tell whether columns may come from a LATERAL, an UNNEST or the like."""
    select = scope.expression
    return bool(select.args.get("laterals")) or any(
        not isinstance(join.this, exp.Table) for join in select.args.get("joins") or ()
    )
