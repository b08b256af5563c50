"""Tables that there are not."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from sqlglot import exp

from telemetry.lint.findings import Remark
from telemetry.lint.known import nearest
from telemetry.lint.parsed import COLUMNS, end_of, start_of
from telemetry.lint.plans import RefusalKind
from telemetry.lint.rule import QueryRule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from telemetry.lint.parsed import ParsedQuery


class UnknownTable(QueryRule):
    """A table that there is not.

    Logfire has ``records``, ``records_all`` and ``metrics``, and what a query names in WITH.

    Anti-pattern::

        SELECT count(*) FROM spans

    Best practice::

        SELECT count(*) FROM records
    """

    code = "MS002"
    name = "names.unknown-table"
    explains_refusal = True
    refusals: ClassVar = frozenset({RefusalKind.TABLE})

    def check(self, query: ParsedQuery) -> Iterator[Remark]:
        """Give each table that is neither Logfire's nor the query's own."""
        if not query.is_refused:
            return
        for scope in query.scopes:
            for table in scope.tables:
                name = table.name
                # A name that WITH gives is a source of the scope, and no table.
                is_own = not isinstance(scope.sources.get(table.alias_or_name), exp.Table)
                if is_own or table.db or not name or name.lower() in COLUMNS:
                    continue
                if isinstance(table.this, exp.Identifier):
                    yield Remark(
                        start=start_of(table.this),
                        end=end_of(table.this),
                        message=f"there is no table {name}",
                        hint=nearest(name, COLUMNS) or f"There are {', '.join(sorted(COLUMNS))}",
                        name=f"table {name}",
                    )
