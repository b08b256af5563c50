"""The first page: what there is to look at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from starlette.routing import Route

from telemetry.console.app import Section, render

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from telemetry.console.catalogue import Catalogue

_PATH: Final = "/"


def home_section(catalogue: Catalogue) -> Section:
    """Return the section that leads to the others.

    Args:
        catalogue: Where the dashboards are defined.
    """

    async def show_home(request: Request) -> Response:
        shelf = await catalogue.read()
        sections = [each for each in request.app.state.navigation if each[1] != _PATH]
        values = {
            "title": "Home",
            "sections": sections,
            "dashboards": shelf.dashboards.values(),
            "problems": shelf.problems,
        }
        return render(request, "home.html", values)

    return Section(title="Home", path=_PATH, routes=[Route(_PATH, show_home)])
