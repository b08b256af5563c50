"""Columns that there are not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from sqlglot import exp
from sqlglot.optimizer.scope import Scope

from telemetry.lint.findings import Remark
from telemetry.lint.known import nearest
from telemetry.lint.parsed import COLUMNS, end_of, start_of
from telemetry.lint.plans import RefusalKind
from telemetry.lint.rule import QueryRule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from telemetry.lint.parsed import ParsedQuery


class UnknownColumn(QueryRule):
    """A column that there is not.

    Metrics are no columns, but rows of the table ``metrics`` with that ``metric_name``; attributes
    are no columns, but keys of ``attributes``.

    Anti-pattern::

        SELECT sum(venues_created) FROM records WHERE stage = 'sourcing'

    Best practice::

        SELECT metric_increase(value, recorded_timestamp) FROM metrics
        WHERE metric_name = 'venues_created' AND attributes->>'stage' = 'sourcing'
    """

    code = "MS003"
    name = "names.unknown-column"
    explains_refusal = True
    refusals: ClassVar = frozenset({RefusalKind.COLUMN})

    def check(self, query: ParsedQuery) -> Iterator[Remark]:
        """Give each column that no table or subquery around it has."""
        if not query.is_refused:
            return
        seen = set()
        for scope in query.scopes:
            for column in scope.columns:
                start = start_of(column.this)
                if start in seen or column.db:
                    continue
                seen.add(start)
                known = _known_in(scope, column)
                if known is not None and _name_of(column.this) not in known:
                    yield _remark(query, column, known)


def _known_in(scope: Scope, column: Any) -> set[str] | None:
    """Return the columns that one may be here; None where that cannot be told."""
    if column.table:
        named = scope.selected_sources.get(column.table)
        return None if named is None else _columns_of(named[1])
    select: Any = scope.expression
    known = {name.lower() for name in select.named_selects}
    around: Scope | None = scope
    while around is not None:
        if around.udtf_scopes or around.expression.args.get("laterals"):
            return None
        for _, source in around.selected_sources.values():
            columns = _columns_of(source)
            if columns is None:
                return None
            known |= columns
        around = around.parent if around.is_correlated_subquery or around.is_subquery else None
    return known


def _columns_of(source: Any) -> set[str] | None:
    if isinstance(source, exp.Table):
        known = COLUMNS.get(source.name.lower())
        return None if known is None or source.alias_column_names else set(known)
    if not isinstance(source, Scope) or not isinstance(source.expression, exp.Query):
        return None
    columns = {name.lower() for name in (*source.expression.named_selects, *source.outer_columns)}
    if "*" not in columns:
        return columns
    for _, inner in source.selected_sources.values():
        more = _columns_of(inner)
        if more is None:
            return None
        columns |= more
    return columns


def _name_of(identifier: exp.Expr) -> str:
    return identifier.name.lower()


def _remark(query: ParsedQuery, column: Any, known: set[str]) -> Remark:
    name = column.name
    return Remark(
        start=start_of(column.this),
        end=end_of(column.this),
        message=f"there is no column {name} here",
        hint=_hint(query, name, known),
        name=f"column {name}",
    )


def _hint(query: ParsedQuery, name: str, known: set[str]) -> str:
    if name in query.names.metrics:
        return f"It is a metric: FROM metrics WHERE metric_name = '{name}'"
    if name in query.names.attributes:
        return f"It is an attribute: attributes->>'{name}'"
    elsewhere = sorted(table for table, columns in COLUMNS.items() if name in columns)
    if elsewhere:
        return f"It is a column of {elsewhere[0]}"
    return nearest(name, known)
