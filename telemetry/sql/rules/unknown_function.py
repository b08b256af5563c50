"""Functions that there are not."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from sqlglot import exp

from telemetry.lint.findings import Remark
from telemetry.lint.known import nearest
from telemetry.lint.plans import RefusalKind
from telemetry.lint.rule import QueryRule
from telemetry.sql.words import FUNCTIONS_TOO

if TYPE_CHECKING:
    from collections.abc import Iterator

    from telemetry.lint.parsed import ParsedQuery


class UnknownFunction(QueryRule):
    """A function that there is not.

    The functions are Apache DataFusion's and Logfire's own; not all are PostgreSQL's or DuckDB's.

    Anti-pattern::

        SELECT quantile(duration, 0.95) FROM records

    Best practice::

        SELECT approx_percentile_cont(duration, 0.95) FROM records
    """

    code = "MS004"
    name = "names.unknown-function"
    explains_refusal = True
    refusals: ClassVar = frozenset({RefusalKind.FUNCTION})

    def check(self, query: ParsedQuery) -> Iterator[Remark]:
        """Give each call of a function that neither the engine nor Logfire has."""
        if not query.is_refused or query.planner is None or query.tree is None:
            return
        known = {*query.planner.functions, *(word.lower() for word in FUNCTIONS_TOO)}
        for call in query.tree.find_all(exp.Anonymous):
            name, start = call.name, call.meta.get("start")
            # What other dialects call otherwise is in the tree under another name.
            if (
                start is not None
                and name.lower() not in known
                and name.upper() not in FUNCTIONS_TOO
            ):
                yield Remark(
                    start=start,
                    end=start + len(name),
                    message=f"there is no function {name}",
                    hint=nearest(name.lower(), known),
                    name=f"function {name}",
                )
