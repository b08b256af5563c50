"""The pages of dashboards: a frame at once, and each panel as soon as its rows are there."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Final

from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Route

from telemetry.console.app import Section, render
from telemetry.console.charts import Charts
from telemetry.console.choices import read_choice, write_time
from telemetry.console.panels import Frame, Panels, Shown, frames_of
from telemetry.definitions import Dashboard, Group, PanelKind

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from starlette.requests import Request

    from telemetry.console.catalogue import Catalogue, Shelf
    from telemetry.console.choices import Chosen
    from telemetry.console.source import Source

PATH: Final = "/dashboards"
_AT_ONCE: Final = 4
"""Panels of a page without scripts that are asked for at the same time."""


def dashboards_section(catalogue: Catalogue, source: Source) -> Section:
    """Return the section that shows dashboards.

    Args:
        catalogue: Where they are defined.
        source: Where the telemetry is; it is closed when the console ends.
    """
    charts = Charts()
    pages = _Pages(catalogue, Panels(source, charts))

    @contextlib.asynccontextmanager
    async def open_charts() -> AsyncIterator[None]:
        charts.start()
        try:
            yield
        finally:
            charts.close()
            await source.close()

    return Section(
        title="Dashboards",
        path=PATH,
        routes=[
            Route(PATH, pages.list_dashboards),
            Route(f"{PATH}/{{slug}}", pages.show_dashboard, name="dashboard"),
            Route(f"{PATH}/{{slug}}/places.css", pages.place_panels),
            Route(f"{PATH}/{{slug}}/panels/{{key}}", pages.show_panel, name="panel"),
            charts.route,
        ],
        lifespan=open_charts,
    )


@dataclass(frozen=True, slots=True)
class _Box:
    """Hold a group of the page.

    Attributes:
        group: The group.
        frames: Of its panels.
        contents: What they show already.
    """

    group: Group
    frames: Sequence[Frame]
    contents: Sequence[Shown | None]


class _Pages:
    def __init__(self, catalogue: Catalogue, panels: Panels) -> None:
        self._catalogue = catalogue
        self._panels = panels

    async def list_dashboards(self, request: Request) -> Response:
        """Answer ``/dashboards``."""
        return _list(request, await self._catalogue.read())

    async def show_dashboard(self, request: Request) -> Response:
        """Answer ``/dashboards/{slug}?last=&from=&to=&var-NAME=&refresh=&all=``."""
        shelf = await self._catalogue.read()
        slug = request.path_params["slug"]
        dashboard = shelf.dashboards.get(slug)
        if not isinstance(dashboard, Dashboard):
            return _list(request, shelf, missing=slug)
        chosen = read_choice(dashboard, request.query_params)
        everything = request.query_params.get("all") == "1"
        values = {
            "title": dashboard.name,
            "dashboard": dashboard,
            "chosen": chosen,
            "since": write_time(chosen.choice.since),
            "until": write_time(chosen.choice.until),
            "problems": shelf.problems,
            "everything": everything,
            "boxes": await self._fill(dashboard, chosen, everything=everything),
        }
        status = 400 if chosen.problems else 200
        return render(request, "dashboard.html", values, status=status)

    async def place_panels(self, request: Request) -> Response:
        """Answer ``/dashboards/{slug}/places.css``: where the panels are on the grid."""
        groups = frames_of(await self._find(request))
        rules = [_place(frame) for frames in groups for frame in frames]
        # Narrow screens have one column, in the order of the page.
        sheet = f"@media (min-width: 800px) {{\n{''.join(rules)}}}\n"
        return Response(sheet, media_type="text/css")

    async def show_panel(self, request: Request) -> Response:
        """Answer ``/dashboards/{slug}/panels/{key}``, with the query of the page."""
        dashboard = await self._find(request)
        key = request.path_params["key"]
        frames = [each for group in frames_of(dashboard) for each in group if each.key == key]
        if not frames:
            raise HTTPException(404, "The dashboard has no such panel any more.")
        choice = read_choice(dashboard, request.query_params).choice
        shown = await self._panels.show(frames[0], dashboard, choice, width=_read_width(request))
        return render(request, "panel.html", {"shown": shown})

    async def _find(self, request: Request) -> Dashboard:
        shelf = await self._catalogue.read()
        dashboard = shelf.dashboards.get(request.path_params["slug"])
        if not isinstance(dashboard, Dashboard):
            raise HTTPException(404, "There is no such dashboard any more.")
        return dashboard

    async def _fill(
        self, dashboard: Dashboard, chosen: Chosen, *, everything: bool
    ) -> Sequence[_Box]:
        """Return the groups; with the rows of all panels, or of those only that need none."""
        at_once = asyncio.Semaphore(_AT_ONCE)

        async def show(frame: Frame) -> Shown | None:
            if not everything and frame.panel.kind is not PanelKind.MARKDOWN:
                return None
            async with at_once:
                return await self._panels.show(frame, dashboard, chosen.choice)

        groups = frames_of(dashboard)
        contents = await asyncio.gather(*(show(frame) for frames in groups for frame in frames))
        filled = iter(contents)
        return [
            _Box(group, frames, [next(filled) for _ in frames])
            for group, frames in zip(dashboard.groups, groups, strict=True)
        ]


def _list(request: Request, shelf: Shelf, missing: str = "") -> Response:
    values: dict[str, Any] = {
        "title": "Dashboards",
        "dashboards": shelf.dashboards.values(),
        "problems": shelf.problems,
        "missing": missing,
        "nearest": get_close_matches(missing, shelf.dashboards, 1),
    }
    return render(request, "dashboards.html", values, status=404 if missing else 200)


def _place(frame: Frame) -> str:
    place = frame.place
    return (
        f"#{frame.id} {{ grid-column: {place.x + 1} / span {place.width};"
        f" grid-row: {place.y + 1} / span {place.height}; }}\n"
    )


def _read_width(request: Request) -> int | None:
    text = request.query_params.get("width", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < len("10000") else None
