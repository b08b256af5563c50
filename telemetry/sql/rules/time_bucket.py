"""Time series without buckets of the dashboard's width."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import TokenType

from telemetry.definitions.panels import QueryKind
from telemetry.definitions.queries import Purpose
from telemetry.lint.findings import Remark
from telemetry.lint.rule import QueryRule
from telemetry.sql.resolution import RESOLUTION

if TYPE_CHECKING:
    from collections.abc import Iterator

    from telemetry.lint.parsed import ParsedQuery


class TimeBucket(QueryRule):
    """A time series that is not bucketed by ``$resolution``.

    ``$resolution`` follows the time range that is looked at. A fixed width gives thousands of
    points over a month and three over an hour; without buckets each row is a point.

    Anti-pattern::

        SELECT time_bucket('5 minutes', start_timestamp) AS x, count(*) AS n FROM records GROUP BY x

    Best practice::

        SELECT time_bucket($resolution, start_timestamp) AS x, count(*) AS n FROM records GROUP BY x
    """

    code = "MS013"
    name = "time.no-bucket"

    def check(self, query: ParsedQuery) -> Iterator[Remark]:
        """Give a time series that has no ``time_bucket($resolution, …)`` anywhere."""
        subject, tokens = query.subject, query.tokens
        if subject.purpose is not Purpose.PANEL or subject.query_kind is not QueryKind.TIME_SERIES:
            return
        calls = [
            index
            for index in range(len(tokens))
            if tokens.is_name(index, "time_bucket") and tokens.type(index + 1) is TokenType.L_PAREN
        ]
        if any(_follows_resolution(query, index) for index in calls):
            return
        if calls:
            first = tokens[calls[0]]
            yield Remark(
                start=first.start,
                end=first.end,
                message="the width of the buckets is fixed",
                hint=f"Write time_bucket(${RESOLUTION}, …)",
            )
        elif tokens.all:
            yield Remark(
                start=tokens[0].start,
                message="a time series has no time_bucket",
                hint=f"Select and group by time_bucket(${RESOLUTION}, …)",
            )


def _follows_resolution(query: ParsedQuery, index: int) -> bool:
    tokens = query.tokens
    return (
        tokens.type(index + 2) is TokenType.PARAMETER
        and tokens.word(index + 3) == RESOLUTION.upper()
    )
