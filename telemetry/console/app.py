"""The application around the console's sections: navigation, templates, and what may not happen."""

from __future__ import annotations

from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.responses import HTMLResponse
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

from telemetry.console.protection import HEADERS, SameOrigin, SecurityHeaders
from telemetry.console.showing import FILTERS
from telemetry.serving import HOST

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping, Sequence
    from contextlib import AbstractAsyncContextManager

    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import BaseRoute

_HOSTS: Final = (HOST, "localhost")
"""A page whose name an attacker points at 127.0.0.1 sends its own name here, and is refused
(https://en.wikipedia.org/wiki/DNS_rebinding)."""

STATIC: Final = "/static"


@dataclass(frozen=True, slots=True)
class Section:
    """Describe a part of the console.

    Attributes:
        title: What the navigation calls it.
        path: Where the navigation leads to; "" for routes that no page belongs to.
        routes: Its pages, with their whole paths.
        package: The package whose folder ``templates`` holds its templates.
        lifespan: What is open while the console serves; None for nothing.
    """

    title: str
    path: str
    routes: Sequence[BaseRoute]
    package: str = "telemetry.console"
    lifespan: Callable[[], AbstractAsyncContextManager[None]] | None = None


def make_console(sections: Sequence[Section], *, hosts: Sequence[str] = _HOSTS) -> Starlette:
    """Return the ASGI application.

    Args:
        sections: In the order of the navigation.
        hosts: The names it may be asked by; ``*`` for any, where it is proven who asks.
    """
    packages = dict.fromkeys(["telemetry.console", *(each.package for each in sections)])
    templates = Environment(
        loader=ChoiceLoader([PackageLoader(package) for package in packages]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.filters.update(FILTERS)

    @asynccontextmanager
    async def open_sections(_: Starlette) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            for each in sections:
                if each.lifespan is not None:
                    await stack.enter_async_context(each.lifespan())
            yield

    files = StaticFiles(packages=[("telemetry.console", "static")])
    app = Starlette(
        routes=[Mount(STATIC, files), *(route for each in sections for route in each.routes)],
        middleware=[
            Middleware(SecurityHeaders),
            Middleware(TrustedHostMiddleware, allowed_hosts=list(hosts)),
            Middleware(SameOrigin),
        ],
        exception_handlers={HTTPException: _refuse, Exception: _apologize},
        lifespan=open_sections,
    )
    app.state.templates = templates
    app.state.navigation = [(each.title, each.path) for each in sections if each.path]
    return app


def render(
    request: Request, template: str, values: Mapping[str, Any], *, status: int = 200
) -> Response:
    """Return a page of a template, which extends ``base.html``.

    Args:
        request: What is answered.
        template: The name of its file.
        values: What the template speaks of; ``title`` is what ``base.html`` needs.
        status: Of HTTP.
    """
    state = request.app.state
    text = state.templates.get_template(template).render(
        navigation=state.navigation, path=request.url.path, **values
    )
    return HTMLResponse(text, status)


async def _refuse(request: Request, error: Exception) -> Response:
    """Answer a request for what is not there, or not so."""
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for nothing else
    values = {"title": f"{error.status_code}", "message": error.detail}
    return render(request, "refusal.html", values, status=error.status_code)


async def _apologize(request: Request, error: Exception) -> Response:
    """Answer a request that met a bug; Starlette raises it again, so that it is in the log."""
    values = {"title": "A bug", "message": f"{type(error).__name__}; the terminal says more."}
    response = render(request, "refusal.html", values, status=500)
    # Starlette answers outside of all middleware here.
    response.headers.update(HEADERS)
    return response
