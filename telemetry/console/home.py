"""The first page: what there is to look at, and what wants to be looked at now."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from starlette.routing import Route

from telemetry.console.alert_sentences import MARKS
from telemetry.console.alerts import read_alerts
from telemetry.console.app import Section, render
from telemetry.errors import RequestRefused, ServiceUnreachable

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from telemetry.console.catalogue import Catalogue
    from telemetry.console.emulator import Emulator

_PATH: Final = "/"
_LOUD: Final = frozenset({"firing", "error"})
"""Alerts that are named at once."""


def home_section(catalogue: Catalogue, emulator: Emulator | None = None) -> Section:
    """Return the section that leads to the others.

    Args:
        catalogue: Where the dashboards are defined.
        emulator: Which runs the alerts; None where there are no pages of alerts.
    """

    async def show_home(request: Request) -> Response:
        shelf = await catalogue.read()
        values = {
            "title": "Home",
            "sections": [each for each in request.app.state.navigation if each[1] != _PATH],
            "dashboards": shelf.dashboards.values(),
            "problems": shelf.problems,
            "has_alerts": emulator is not None,
            "marks": MARKS,
            **await _read_loud(emulator),
        }
        return render(request, "home.html", values)

    return Section(title="Home", path=_PATH, routes=[Route(_PATH, show_home)])


async def _read_loud(emulator: Emulator | None) -> dict[str, Any]:
    """Return the alerts that fire or fail, or why nobody knows."""
    if emulator is None:
        return {"loud": [], "trouble": ""}
    try:
        rows = await read_alerts(emulator)
    except (ServiceUnreachable, RequestRefused) as error:
        return {"loud": [], "trouble": str(error)}
    return {"loud": [row for row in rows if row.standing.state in _LOUD], "trouble": ""}
