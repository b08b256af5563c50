"""Queries of a kind that their panel cannot show."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from telemetry.definitions.panels import PanelKind, QueryKind
from telemetry.definitions.queries import Purpose
from telemetry.lint.findings import Remark
from telemetry.lint.rule import QueryRule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from telemetry.lint.parsed import ParsedQuery

_BOTH: Final = frozenset(QueryKind)
_TAKEN: Final = {
    PanelKind.TIME_SERIES: frozenset({QueryKind.TIME_SERIES}),
    PanelKind.GAUGE: _BOTH,
}
_ROWS: Final = frozenset({QueryKind.ROWS})


class QueryKindOfPanel(QueryRule):
    """A query of a kind that its panel cannot show.

    Time-series panels want a time-series query, gauges take either, all others want rows. Logfire
    takes any pair, and shows nothing.

    Anti-pattern::

        kind: table
        query: time-series

    Best practice::

        kind: table
    """

    code = "MS015"
    name = "panels.query-kind"

    def check(self, query: ParsedQuery) -> Iterator[Remark]:
        """Give the query whose panel cannot show it."""
        subject = query.subject
        if subject.purpose is not Purpose.PANEL:
            return
        panel, kind = subject.panel_kind, subject.query_kind
        if panel is None or kind is None:
            what = "panel" if panel is None else "query"
            yield Remark(start=0, message=f"Logfire has no such kind of {what}")
        elif kind not in _TAKEN.get(panel, _ROWS):
            yield Remark(
                start=0,
                message=f"a {panel} panel does not show a {kind} query",
                hint="Leave `query` out: it follows the kind of panel",
            )
