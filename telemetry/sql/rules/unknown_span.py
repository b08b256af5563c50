"""Spans that nobody writes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from telemetry import semconv
from telemetry.lint.comparisons import column_literals
from telemetry.lint.findings import Remark
from telemetry.lint.known import matches_any, nearest
from telemetry.lint.rule import QueryRule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from telemetry.lint.parsed import ParsedQuery


class UnknownSpan(QueryRule):
    """A span that no stage writes.

    Spans of stages are called ``process {stage}``, those of producers ``send {queue}`` and
    ``create {queue}``. Names that begin otherwise are not judged.

    Anti-pattern::

        SELECT count(*) FROM records WHERE span_name = 'process sourcng'

    Best practice::

        SELECT count(*) FROM records WHERE span_name = 'process sourcing'
    """

    code = "MS006"
    name = "names.unknown-span"

    def check(self, query: ParsedQuery) -> Iterator[Remark]:
        """Give each name that ``span_name`` is compared with and that no stage writes."""
        known = query.names.span_names
        if not known:
            return
        operations = {semconv.PROCESS, semconv.SEND, semconv.CREATE}
        operations |= {name.partition(" ")[0] for name in known}
        for literal in column_literals(query.tokens, "span_name"):
            name = literal.value
            operation, space, rest = name.partition(" ")
            if not space or operation not in operations or name in known:
                continue
            if literal.is_pattern and (rest.startswith("%") or matches_any(name, known)):
                continue
            yield Remark(
                start=literal.start,
                end=literal.end,
                message=f"no stage writes a span {name}",
                hint=nearest(name, known),
                name=f"span {name}",
            )
