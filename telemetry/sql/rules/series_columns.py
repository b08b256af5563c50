"""Time series that name no columns, or columns the query does not return."""

from __future__ import annotations

from typing import TYPE_CHECKING

from telemetry.definitions.panels import QueryKind
from telemetry.definitions.queries import Purpose
from telemetry.lint.findings import Remark
from telemetry.lint.known import nearest
from telemetry.lint.rule import QueryRule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from telemetry.lint.parsed import ParsedQuery


class SeriesColumns(QueryRule):
    """A time series whose ``metrics`` and ``group_by`` are not what its query returns.

    ``metrics`` names the columns that are values, ``group_by`` the one whose values are the series.
    Logfire takes a panel with neither, or with names there are not, and shows an empty chart.

    Anti-pattern::

        kind: time-series
        sql: SELECT time_bucket($resolution, start_timestamp) AS x, count(*) AS n …

    Best practice::

        kind: time-series
        metrics: [n]
        sql: SELECT time_bucket($resolution, start_timestamp) AS x, count(*) AS n …
    """

    code = "MS014"
    name = "panels.series-columns"

    def check(self, query: ParsedQuery) -> Iterator[Remark]:
        """Give a time series without columns, and each column that its query does not return."""
        subject = query.subject
        if subject.purpose is not Purpose.PANEL or subject.query_kind is not QueryKind.TIME_SERIES:
            return
        if not subject.metrics and not subject.group_by:
            yield Remark(
                start=0,
                message="a time series without metrics and group_by is an empty chart",
                hint="Name the columns of its values in metrics",
            )
            return
        columns = query.plan.columns
        if not columns:
            return
        wanted = [("metrics", name) for name in subject.metrics]
        if subject.group_by:
            wanted.append(("group_by", subject.group_by))
        for key, name in wanted:
            if name not in columns:
                yield Remark(
                    start=0,
                    message=f"{key} names the column {name}, which the query does not return",
                    hint=nearest(name, columns) or f"It returns {', '.join(columns)}",
                )
