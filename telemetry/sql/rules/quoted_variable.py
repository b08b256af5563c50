"""Variables within quotes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from telemetry.lint.findings import Edit, Remark
from telemetry.lint.rule import QueryRule
from telemetry.sql.resolution import RESOLUTION

if TYPE_CHECKING:
    from collections.abc import Iterator

    from telemetry.lint.parsed import ParsedQuery


class QuotedVariable(QueryRule):
    """A variable within quotes.

    Logfire puts a value in with its quotes, so that quotes around the variable end the text.

    Anti-pattern::

        WHERE service_name = '$service'

    Best practice::

        WHERE service_name = $service
    """

    code = "MS021"
    name = "variables.quoted"
    explains_refusal = True

    def check(self, query: ParsedQuery) -> Iterator[Remark]:
        """Give each use of a declared variable within a text."""
        known = {RESOLUTION, *query.variables}
        for use in query.uses:
            if use.quoted is None or use.name not in known:
                continue
            start, end = use.quoted
            is_all = (start + 1, end - 1) == (use.start, use.end)
            # As in E'…', whose letter would be left.
            before = query.text[start - 1 : start]
            has_prefix = before.isalnum() or before == "&"
            yield Remark(
                start=start if is_all else use.start,
                end=end if is_all else use.end,
                message=f"${use.name} stands within quotes, and its value brings its own",
                hint=f"Write ${use.name}" if is_all else f"Write '…' || ${use.name} || '…'",
                edits=(Edit(start, end, query.text[use.start : use.end]),)
                if is_all and not has_prefix
                else (),
            )
