"""The emulator's web application: ingest, queries, management, runs of alerts, accounts."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from telemetry.emulator.address import GREETING
from telemetry.emulator.alerting import AlertingApi
from telemetry.emulator.http.accounts import Accounts
from telemetry.emulator.http.ingest import Ingest
from telemetry.emulator.http.queries import Queries
from telemetry.emulator.http.refusals import Refusal
from telemetry.emulator.management import ManagementApi, VersionHeader
from telemetry.serving import HOST

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.requests import Request
    from starlette.responses import Response

    from telemetry.emulator.alerting import Alerting
    from telemetry.emulator.engine import Engine
    from telemetry.emulator.intake import Decoders
    from telemetry.emulator.management import Management
    from telemetry.emulator.store import Store

_HOSTS: Final = (HOST, "localhost")
"""A page whose name an attacker points at 127.0.0.1 sends its own name here, and is refused
(https://en.wikipedia.org/wiki/DNS_rebinding)."""


def make_app(  # noqa: PLR0913 - the parts it is put together of
    store: Store,
    decoders: Decoders,
    engine: Engine,
    management: Management,
    alerting: Alerting,
    *,
    token: str | None = None,
) -> Starlette:
    """Return the ASGI application.

    Args:
        store: Where telemetry goes.
        decoders: What decodes it.
        engine: What answers queries over it.
        management: What keeps dashboards, alerts and their like.
        alerting: What runs the alerts.
        token: The only one that is let in; None lets any in.
    """
    ingest = Ingest(store, decoders, token)

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        yield
        # In this order: a thread may wait for a process.
        decoders.close()
        ingest.close()

    return Starlette(
        routes=[
            *ingest.routes,
            *Queries(engine, token).routes,
            *Accounts(token).routes,
            *ManagementApi(management, token).routes,
            *AlertingApi(alerting, token).routes,
            Route("/", _introduce),
        ],
        middleware=[
            Middleware(VersionHeader),
            Middleware(TrustedHostMiddleware, allowed_hosts=list(_HOSTS)),
        ],
        exception_handlers={Refusal: _refuse, HTTPException: _refuse_as_http},
        lifespan=lifespan,
    )


def _refuse(request: Request, error: Exception) -> Response:
    if not isinstance(error, Refusal):
        raise error
    return error.response(request)


def _refuse_as_http(request: Request, error: Exception) -> Response:
    """Answer what routing refuses, as an unknown path, in the clients' own form."""
    if not isinstance(error, HTTPException):
        raise error
    message = f"{request.method} {request.url.path}: {error.detail}"
    response = Refusal(error.status_code, message).response(request)
    response.headers.update(error.headers or {})
    return response


async def _introduce(request: Request) -> Response:
    base = str(request.base_url).rstrip("/")
    return PlainTextResponse(
        f"{GREETING.decode()}\n\n"
        f"send:  LOGFIRE_BASE_URL={base} LOGFIRE_TOKEN=any python my_app.py\n"
        f"ask:   mystage query --help, then with --url {base}\n"
        f"keep:  dashboards, alerts and channels at {base}/api/v1/\n"
    )
