"""Metrics that nobody declares."""

from __future__ import annotations

from typing import TYPE_CHECKING

from telemetry.lint.comparisons import column_literals
from telemetry.lint.findings import Remark
from telemetry.lint.known import is_known, matches_any, nearest
from telemetry.lint.rule import QueryRule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from telemetry.lint.parsed import ParsedQuery


class UnknownMetric(QueryRule):
    """A metric that no code declares.

    The panel or alert stays empty for ever, and says nothing. Metrics are declared in
    ``telemetry.metrics``, or with ``declare_counter`` and its like. Names within a namespace of
    OpenTelemetry's conventions, as ``http.server.request.duration``, need no declaration, unless
    they are nearly that of a declared one.

    Anti-pattern::

        SELECT count(*) FROM metrics WHERE metric_name = 'tasks_failed'

    Best practice::

        SELECT count(*) FROM metrics WHERE metric_name = 'task_failed'
    """

    code = "MS005"
    name = "names.unknown-metric"

    def check(self, query: ParsedQuery) -> Iterator[Remark]:
        """Give each name that ``metric_name`` is compared with and that nobody declares."""
        metrics = query.names.metrics
        for literal in column_literals(query.tokens, "metric_name"):
            name = literal.value
            known = matches_any if literal.is_pattern else is_known
            if known(name, metrics):
                continue
            yield Remark(
                start=literal.start,
                end=literal.end,
                message=f"no declared metric is like {name}"
                if literal.is_pattern
                else f"the metric {name} is not declared",
                hint=nearest(name, metrics) or "Declare it, as with declare_counter",
                name=f"metric {name}",
            )
