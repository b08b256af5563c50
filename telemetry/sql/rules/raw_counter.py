"""Counters that are summed up as they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from telemetry.lint.comparisons import column_literals
from telemetry.lint.findings import Remark
from telemetry.lint.parsed import end_of, start_of
from telemetry.lint.rule import QueryRule
from telemetry.metrics import Kind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from telemetry.lint.parsed import ParsedQuery


class RawCounter(QueryRule):
    """A sum over the points of a counter.

    A cumulative counter repeats its total in each point, so that their sum grows with the number of
    points. ``metric_increase`` and ``metric_rate`` take temporality and restarts into account.

    Anti-pattern::

        SELECT sum(scalar_value) FROM metrics WHERE metric_name = 'task_failed'

    Best practice::

        SELECT metric_increase(value, recorded_timestamp) FROM metrics
        WHERE metric_name = 'task_failed'
    """

    code = "MS011"
    name = "metrics.raw-counter"

    def check(self, query: ParsedQuery) -> Iterator[Remark]:
        """Give each sum of ``scalar_value``, unless all of the metrics are gauges."""
        if "scalar_value" not in query.text.lower() or query.tree is None:
            return
        tokens = query.tokens
        if "aggregation_temporality" in tokens.names or "is_monotonic" in tokens.names:
            return  # whoever asks for it knows what is summed up
        names = [each.value for each in column_literals(tokens, "metric_name")]
        kinds = {metric.kind for name in names if (metric := query.names.metrics.get(name))}
        if names and kinds == {Kind.GAUGE}:
            return
        for total in query.tree.find_all(exp.Sum):
            column = total.find(exp.Column)
            if column is not None and column.name.lower() == "scalar_value":
                yield Remark(
                    start=start_of(total),
                    end=end_of(total),
                    message="the sum of a counter's points is meaningless",
                    hint="Write metric_increase(value, recorded_timestamp)",
                )
