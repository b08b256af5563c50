"""SQL that is none."""

from __future__ import annotations

from typing import ClassVar

from telemetry.lint.plans import RefusalKind
from telemetry.lint.rule import QueryRule


class ParseError(QueryRule):
    """A query that cannot be parsed, or may not be run.

    Only a single SELECT runs, perhaps behind WITH. The words are those of the engine that Logfire
    runs, so what passes here is parsed there.

    Anti-pattern::

        SELECT span_name, count(*) FORM records GROUP BY 1

    Best practice::

        SELECT span_name, count(*) FROM records GROUP BY 1
    """

    code = "MS001"
    name = "sql.parse-error"
    refusals: ClassVar = frozenset({RefusalKind.SYNTAX})
