"""Which table a column belongs to: found out by reading the query as a tree, never by printing it.

https://sqlglot.com/sqlglot/optimizer/scope.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeVar

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.scope import Scope, traverse_scope

from telemetry.sql.schema import TABLES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_Found = TypeVar("_Found")

_TABLES = frozenset(table.name for table in TABLES)

_LONGEST: Final = 32 * 1024
"""Characters of a query that is read as a tree: that takes ten times as long as the rest."""


def find_base_columns(sql: str, name: str) -> dict[int, str] | None:
    """Find where a column of that name is a table's own, and not a derived one of the same name.

    Args:
        sql: A query, as the user wrote it.
        name: Of the column.

    Returns:
        The table's name by the offset of each such identifier in the text; None where the query
        cannot be read as a tree.
    """

    def find(scopes: list[Scope]) -> dict[int, str]:
        found: dict[int, str | None] = {}
        for scope in scopes:
            for column in _columns(scope, name):
                # Scopes come from the inside out, and the inmost that has the column decides.
                found.setdefault(column.this.meta["start"], _table_of(scope, column))
        return {offset: table for offset, table in found.items() if table is not None}

    return _look_into(sql, find)


def find_computed_columns(sql: str, name: str) -> frozenset[int]:
    """Find where a column of that name is certainly what the query computes under that name.

    Args:
        sql: A query, as the user wrote it.
        name: Of the column.

    Returns:
        The offset of each such identifier in the text; none where the query cannot be read as a
        tree. A table's own column passed on by a subquery is not among them, nor are its greatest
        and least value.
    """

    def find(scopes: list[Scope]) -> frozenset[int]:
        return frozenset(
            column.this.meta["start"]
            for scope in scopes
            for column in _columns(scope, name)
            if any(_is_computed(source, name, set()) for source in _sources_of(scope, column.table))
        )

    return _look_into(sql, find) or frozenset()


def _look_into(sql: str, find: Callable[[list[Scope]], _Found]) -> _Found | None:
    """Return what is found in the scopes of a query; None where it cannot be read as a tree."""
    if len(sql) > _LONGEST:
        return None
    try:
        return find(traverse_scope(sqlglot.parse_one(sql, dialect="postgres")))
    except (SqlglotError, RecursionError):
        # Whatever is wrong with it, DataFusion tells it better.
        return None


def _sources_of(scope: Scope, table: str) -> Iterator[Scope]:
    """Give the subqueries that a column of a scope may come from."""
    for alias, source in scope.sources.items():
        if isinstance(source, Scope) and table in ("", alias):
            yield source


def _is_computed(scope: Scope, name: str, seen: set[int]) -> bool:
    """Tell whether a subquery computes a column of that name."""
    while scope.set_operation_scopes:
        scope = scope.set_operation_scopes[0]
    # A subquery may be named any number of times, and one of a WITH RECURSIVE by itself.
    if id(scope) in seen or not isinstance(scope.expression, exp.Select):
        return False
    seen.add(id(scope))
    selects = scope.expression.selects
    given = dict(zip(scope.outer_columns, selects, strict=False))
    selected = given.get(name) or next((one for one in selects if one.alias_or_name == name), None)
    if selected is None:
        stars = any(one.is_star for one in selects)
        return stars and any(_is_computed(source, name, seen) for source in _sources_of(scope, ""))
    column = selected.unalias()
    if isinstance(column, exp.Max | exp.Min):
        column = column.this
    if not isinstance(column, exp.Column) or column.name != name:
        return True
    return any(_is_computed(source, name, seen) for source in _sources_of(scope, column.table))


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
    if source.alias_column_names:
        return None
    return str(source.name)


def _has_unnamed_source(scope: Scope) -> bool:
    """Tell whether columns may come from a LATERAL, an UNNEST or the like."""
    select = scope.expression
    return bool(select.args.get("laterals")) or any(
        not isinstance(join.this, exp.Table) for join in select.args.get("joins") or ()
    )
