"""Values that an attribute never has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from telemetry.lint.comparisons import attribute_literals
from telemetry.lint.findings import Remark
from telemetry.lint.known import matches_any, nearest
from telemetry.lint.rule import QueryRule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from telemetry.lint.parsed import ParsedQuery


class UnknownValue(QueryRule):
    """A value that an attribute never has.

    Some attributes have few values, and those are declared: stages, services, outcomes, queues.

    Anti-pattern::

        SELECT count(*) FROM records WHERE attributes->>'outcome' = 'failure'

    Best practice::

        SELECT count(*) FROM records WHERE attributes->>'outcome' = 'failed'
    """

    code = "MS008"
    name = "names.unknown-value"

    def check(self, query: ParsedQuery) -> Iterator[Remark]:
        """Give each text that an attribute is compared with and that it cannot be."""
        for key, literal in attribute_literals(query.tokens):
            known, value = query.names.values.get(key), literal.value
            if known is None or value in known or not value:
                continue
            if literal.is_pattern and matches_any(value, known):
                continue
            yield Remark(
                start=literal.start,
                end=literal.end,
                message=f"{key} is never {value!r}",
                hint=nearest(value, known) or f"It is one of {', '.join(sorted(known))}",
                name=f"value {value} of {key}",
            )
