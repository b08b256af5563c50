"""The panels of a dashboard's page: each asked for, and shown, for itself."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from telemetry.console.captions import describe_chart
from telemetry.console.showing import leads_to_trace
from telemetry.console.source import MOST_ROWS
from telemetry.definitions import PanelKind
from telemetry.definitions.perses import panel_keys
from telemetry.errors import QueryError
from telemetry.preview.asking import panel_sql
from telemetry.preview.charts import make_chart
from telemetry.preview.pictures import COLUMN, GAP, ROW
from telemetry.preview.themes import LIGHT
from telemetry.preview.views import View

if TYPE_CHECKING:
    from collections.abc import Sequence

    from telemetry.console.charts import Charts
    from telemetry.console.source import Source
    from telemetry.definitions import Dashboard, Panel
    from telemetry.definitions.dashboards import Place
    from telemetry.preview.asking import Choice

_HEAD: Final = 46
"""Pixels of a panel's name and of what can be unfolded below its chart."""
_ABOUT: Final = 24
"""Pixels of its description."""
_LEAST: Final = 60
_WIDEST: Final = 2000
_SAFE_KEY: Final = re.compile(r"[\w-]+")


@dataclass(frozen=True, slots=True)
class Frame:
    """Hold a panel's place on the page.

    Attributes:
        id: Of its element.
        key: What it is called in the address.
        panel: The panel.
        place: On the grid.
    """

    id: str
    key: str
    panel: Panel
    place: Place


@dataclass(frozen=True, slots=True)
class Picture:
    """Hold what shows a chart.

    Attributes:
        address: Of the picture, to which a theme belongs.
        width: Pixels.
        height: Pixels.
        text: What it shows, in words.
    """

    address: str
    width: int
    height: int
    text: str


@dataclass(frozen=True, slots=True)
class Shown:
    """Hold what a panel shows.

    Attributes:
        view: The panel and its rows.
        sql: The query as it was asked; as it is written where it could not be.
        picture: The chart; None where there is none.
        is_cut: Whether there may be more rows.
    """

    view: View
    sql: str
    picture: Picture | None = None
    is_cut: bool = False

    @property
    def is_blank(self) -> bool:
        """Whether there is nothing to show, though nothing is wrong: no rows, or only nulls."""
        view = self.view
        return not any(value is not None for row in view.rows for value in row.values())

    @property
    def tiles(self) -> Sequence[tuple[str, Any]]:
        """Names and values of a panel of values; none of any other."""
        view = self.view
        if view.panel.kind is not PanelKind.VALUES or not view.rows:
            return ()
        return [(name, view.rows[0].get(name)) for name in view.numbers or view.columns]

    leads_to_trace = staticmethod(leads_to_trace)


def frames_of(dashboard: Dashboard) -> list[list[Frame]]:
    """Return the frames of a dashboard's panels, by group."""
    keys = iter(panel_keys(dashboard))
    return [
        [
            _frame(f"panel-{number}-{index}", next(keys), panel, place)
            for index, (panel, place) in enumerate(zip(group.panels, group.places, strict=True))
        ]
        for number, group in enumerate(dashboard.groups)
    ]


def _frame(name: str, key: str, panel: Panel, place: Place) -> Frame:
    # A key may be any text, as "..", which browsers take out of addresses.
    return Frame(name, key if _SAFE_KEY.fullmatch(key) else name, panel, place)


class Panels:
    """Ask for the rows of panels.

    Args:
        source: Who is asked.
        charts: Keeps the rows until they are drawn.
    """

    def __init__(self, source: Source, charts: Charts) -> None:
        self._source = source
        self._charts = charts

    async def show(
        self, frame: Frame, dashboard: Dashboard, choice: Choice, *, width: int | None = None
    ) -> Shown:
        """Return what a panel shows; an error is shown, too.

        Args:
            frame: The panel's.
            dashboard: Whose panel it is.
            choice: What is chosen.
            width: Pixels there are for a chart; None for what it has on a wide screen.
        """
        view, sql = View(frame.panel, frame.place), frame.panel.sql
        if frame.panel.kind is PanelKind.MARKDOWN:
            return Shown(view, "")
        try:
            sql = panel_sql(dashboard, frame.panel, choice)
            answer = await self._source.ask(sql, since=choice.since, until=choice.until)
        except QueryError as error:
            return Shown(replace(view, error=str(error)), sql)
        view = replace(view, columns=answer.columns, rows=answer.rows)
        picture = _make_picture(view, self._charts, width)
        return Shown(view, sql, picture, is_cut=len(view.rows) >= MOST_ROWS)


def _make_picture(view: View, charts: Charts, width: int | None) -> Picture | None:
    usual = view.place.width * COLUMN - 3 * GAP
    width = min(max(width or usual, _LEAST), _WIDEST)
    above = _HEAD + (_ABOUT if view.panel.description else 0)
    height = min(max(view.place.height * ROW - above - 3 * GAP, _LEAST), _WIDEST)
    if make_chart(view, LIGHT, width, height) is None:
        return None
    return Picture(charts.keep(view, width, height), width, height, describe_chart(view))
