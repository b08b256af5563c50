"""Attributes that nobody writes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from telemetry.lint.comparisons import attribute_keys
from telemetry.lint.findings import Remark
from telemetry.lint.known import is_known, nearest
from telemetry.lint.rule import QueryRule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from telemetry.lint.parsed import ParsedQuery


class UnknownAttribute(QueryRule):
    """An attribute that nothing writes.

    Keys are those of ``telemetry.semconv``, of the metrics' declarations, and those that packages
    declare; names within a namespace of OpenTelemetry's conventions, as ``http.route``, need no
    declaration, unless they are nearly that of a declared one.

    Anti-pattern::

        SELECT attributes->>'stge' AS stage, count(*) FROM records GROUP BY 1

    Best practice::

        SELECT attributes->>'stage' AS stage, count(*) FROM records GROUP BY 1
    """

    code = "MS007"
    name = "names.unknown-attribute"

    def check(self, query: ParsedQuery) -> Iterator[Remark]:
        """Give each key of ``attributes`` that is neither declared nor OpenTelemetry's."""
        known = query.names.attributes | query.names.values.keys()
        for key in attribute_keys(query.tokens):
            if not is_known(key.key, known):
                yield Remark(
                    start=key.start,
                    end=key.end,
                    message=f"the attribute {key.key} is not declared",
                    hint=nearest(key.key, known),
                    name=f"attribute {key.key}",
                )
