"""Results without a bound."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlglot import exp
from sqlglot.optimizer.scope import Scope

from telemetry.definitions.panels import PanelKind
from telemetry.definitions.queries import Purpose
from telemetry.lint.findings import Remark
from telemetry.lint.parsed import start_of
from telemetry.lint.rule import QueryRule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from telemetry.lint.parsed import ParsedQuery

_KINDS: Final = frozenset({PanelKind.TABLE, PanelKind.BAR, PanelKind.PIE})
_AGGREGATES: Final = frozenset(
    {"metric_quantile", "metric_rate", "metric_increase", "metric_merge"}
)
_DEEPEST: Final = 20


class Unbounded(QueryRule):
    """A result that grows with the telemetry.

    A table, a bar or pie chart or an alert's message shows a few rows. Without a LIMIT, a group or
    an aggregate it is given as many as there are, or whichever came first.

    Anti-pattern::

        SELECT start_timestamp, message FROM records WHERE level >= 'error'

    Best practice::

        SELECT start_timestamp, message FROM records WHERE level >= 'error'
        ORDER BY start_timestamp DESC LIMIT 50
    """

    code = "MS017"
    name = "sql.unbounded"

    def check(self, query: ParsedQuery) -> Iterator[Remark]:
        """Give a query whose rows have no bound."""
        subject = query.subject
        wanted = subject.panel_kind in _KINDS or subject.purpose is Purpose.ALERT
        # Reading the tree takes longer than all else, and most queries say it outright.
        if not wanted or "LIMIT" in query.outermost:
            return
        if "GROUP BY" in query.outermost and not query.is_set_operation:
            return
        if not query.scopes or query.tree is None:
            return
        if not _is_bounded(query.scopes[-1], _DEEPEST):
            yield Remark(
                start=start_of(query.tree),
                message="the result has neither a LIMIT nor groups",
                hint="Order the rows, and add a LIMIT",
            )


def _is_bounded(scope: Scope, deepest: int) -> bool:
    select: Any = scope.expression
    if select.args.get("limit") or select.args.get("fetch") or not deepest:
        return True
    if scope.set_operation_scopes:
        return all(_is_bounded(each, deepest - 1) for each in scope.set_operation_scopes)
    if not isinstance(select, exp.Select):
        return True
    if select.args.get("group") or select.args.get("distinct"):
        return True
    if any(_aggregates(each) for each in select.expressions):
        return True
    sources = [source for _, source in scope.selected_sources.values()]
    return all(isinstance(source, Scope) and _is_bounded(source, deepest - 1) for source in sources)


def _aggregates(expression: exp.Expr) -> bool:
    for node in expression.walk(prune=lambda each: isinstance(each, exp.Window | exp.Subquery)):
        if isinstance(node, exp.AggFunc) and not isinstance(node.parent, exp.Window):
            return True
        if isinstance(node, exp.Anonymous) and _is_aggregate(node.name.lower()):
            return True
    return False


def _is_aggregate(name: str) -> bool:
    return name in _AGGREGATES or name.startswith(("approx_", "array_agg", "bool_"))
