"""Charts on their way to the browser: answered rows are kept until its pictures are fetched."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Route

from telemetry.definitions.dashboards import Place
from telemetry.definitions.panels import Panel, PanelKind, QueryKind
from telemetry.preview.pictures import draw_chart
from telemetry.preview.themes import LIGHT, THEMES
from telemetry.preview.views import View

if TYPE_CHECKING:
    from starlette.requests import Request

_PATH: Final = "/charts"
_KEPT_SECONDS: Final = 60.0
_KEPT: Final = 256
"""Charts that are kept at most, a few pages of panels."""
_AT_ONCE: Final = 2
_IDLE_SECONDS: Final = 0.2
_HEADERS: Final = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'"}
"""Should a picture be opened as a page, nothing in it runs either."""


@dataclass(frozen=True, slots=True)
class _Chart:
    view: View
    width: int
    height: int
    until: float


class Charts:
    """Keep the rows of panels for a minute, and draw them when they are asked for."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, _Chart] = OrderedDict()
        self._threads = ThreadPoolExecutor(_AT_ONCE, "charts")

    @property
    def route(self) -> Route:
        """Where the pictures are fetched."""
        return Route(f"{_PATH}/{{id}}.svg", self._answer)

    def keep(self, view: View, width: int, height: int) -> str:
        """Keep a panel's rows, and return the address of its picture, to which a theme belongs.

        Args:
            view: The panel and its rows.
            width: Pixels.
            height: Pixels.
        """
        now = time.monotonic()
        while self._kept and (
            len(self._kept) >= _KEPT or next(iter(self._kept.values())).until < now
        ):
            self._kept.popitem(last=False)
        # Not to be guessed: whoever knows it reads the rows.
        name = secrets.token_urlsafe(16)
        self._kept[name] = _Chart(view, width, height, now + _KEPT_SECONDS)
        return f"{_PATH}/{name}.svg"

    def start(self) -> None:
        """Begin to load what draws, in the running loop's idle time.

        It takes a second in which nothing else gets ahead: who waits for the first page goes first.
        """
        asyncio.get_running_loop().call_later(
            _IDLE_SECONDS, self._threads.submit, draw_chart, _SMALL, LIGHT, 100, 100
        )

    def close(self) -> None:
        """Stop drawing."""
        self._threads.shutdown(cancel_futures=True)

    async def _answer(self, request: Request) -> Response:
        """Answer ``/charts/{id}.svg?theme=``."""
        chart = self._kept.get(request.path_params["id"])
        theme = THEMES.get(request.query_params.get("theme", LIGHT.name))
        if chart is None or theme is None or chart.until < time.monotonic():
            raise HTTPException(404, "Charts are kept for a minute only. Reload their page.")
        svg = await asyncio.get_running_loop().run_in_executor(
            self._threads, draw_chart, chart.view, theme, chart.width, chart.height
        )
        return Response(svg, media_type="image/svg+xml", headers=_HEADERS)


_SMALL: Final = View(
    Panel(name="1", kind=PanelKind.TIME_SERIES, sql="-", query=QueryKind.TIME_SERIES, options={}),
    Place(x=0, y=0, width=1, height=1),
    ("x", "y"),
    ({"x": "2026-01-01T00:00:00Z", "y": 1}, {"x": "2026-01-01T00:01:00Z", "y": 2}),
)
"""A chart of the kind that takes longest to be drawn first."""
