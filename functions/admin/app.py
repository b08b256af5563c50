"""The admin pages as an application of their own, as they are deployed behind a proxy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import RedirectResponse
from starlette.routing import Route

from functions.admin.desk import PATH
from functions.admin.section import failed_tasks_section
from telemetry.console import Section, make_console

if TYPE_CHECKING:
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response

    from functions.admin.identity import Identity
    from functions.runtime.runtime import Runtime


def make_admin(runtime: Runtime, identity: Identity, *, form_secret: str = "") -> Starlette:
    """Return the ASGI application of the failed tasks alone.

    Args:
        runtime: Where failed tasks are kept, and what sends them again.
        identity: What tells who asks: there is no application without.
        form_secret: What the tokens in forms are made with; the same for all instances.
    """
    return make_console(
        [
            failed_tasks_section(runtime, identity, form_secret=form_secret),
            Section(title="", path="", routes=[Route("/", _lead_on, methods=["GET"])]),
        ],
        hosts=identity.hosts,
    )


async def _lead_on(_: Request) -> Response:
    return RedirectResponse(PATH, 303)
