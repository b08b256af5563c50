"""All columns of a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlglot import exp

from telemetry.lint.findings import Remark
from telemetry.lint.parsed import COLUMNS, start_of
from telemetry.lint.rule import QueryRule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from telemetry.lint.parsed import ParsedQuery
    from telemetry.sql.tokens import Tokens

_BEFORE_STAR: Final = frozenset({"SELECT", "DISTINCT", "ALL", ",", "."})


class SelectStar(QueryRule):
    """All columns of a table, whatever they are.

    The tables have forty columns, some of them as long as a stack trace, and Logfire adds more. A
    star over a subquery of one's own is fine.

    Anti-pattern::

        SELECT * FROM records WHERE level >= 'error' LIMIT 10

    Best practice::

        SELECT start_timestamp, message, trace_id FROM records WHERE level >= 'error' LIMIT 10
    """

    code = "MS018"
    name = "sql.select-star"

    def check(self, query: ParsedQuery) -> Iterator[Remark]:
        """Give each star that stands for a table's columns."""
        if not _has_star(query.tokens):
            return
        for scope in query.scopes:
            if not isinstance(scope.expression, exp.Select):
                continue
            selected = scope.selected_sources
            for star in scope.expression.expressions:
                if not star.is_star or not isinstance(star, exp.Star | exp.Column):
                    continue
                table = star.table if isinstance(star, exp.Column) else ""
                sources = [
                    source for alias, (_, source) in selected.items() if table in ("", alias)
                ]
                if any(isinstance(each, exp.Table) and each.name in COLUMNS for each in sources):
                    yield Remark(
                        start=start_of(star),
                        message="a star selects all columns there are",
                        hint="Name those that are shown",
                    )


def _has_star(tokens: Tokens) -> bool:
    return any(
        tokens.word(index) == "*" and tokens.word(index - 1) in _BEFORE_STAR
        for index in range(1, len(tokens))
    )
