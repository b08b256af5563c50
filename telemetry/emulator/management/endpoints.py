"""The paths of the management API: who may call, what arrives, what is answered.

Answers have the forms of FastAPI, which Logfire's clients are used to.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import MutableHeaders
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from telemetry.emulator.management.alerts import Alerts
from telemetry.emulator.management.channels import Channels
from telemetry.emulator.management.dashboards import Dashboards
from telemetry.emulator.management.projects import Projects
from telemetry.emulator.management.requests import JsonBodies, guard, read_identifier
from telemetry.emulator.management.schedules import Schedules
from telemetry.emulator.management.slos import Slos
from telemetry.emulator.management.tokens import ReadTokens, WriteTokens

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from telemetry.emulator.management.management import Management
    from telemetry.emulator.management.resources import Resource

VERSION: Final = "v2026-09-14.01"
"""The release of Logfire whose API this is."""

_ROOT: Final = "/api/"


class ManagementApi:
    """Serve the management API.

    Args:
        management: What keeps the resources.
        token: The only one that is let in; None lets any in.
    """

    def __init__(self, management: Management, token: str | None) -> None:
        self._management = management
        self._token = token
        self._bodies = JsonBodies()
        resources: tuple[Resource, ...] = (
            Projects(),
            Dashboards(),
            Alerts(management.describe_runs),
            Channels(management.addresses),
            Schedules(),
            Slos(),
            ReadTokens(),
            WriteTokens(),
        )
        self.routes = [route for each in resources for route in self._routes(each)]

    def _routes(self, resource: Resource) -> list[Route]:
        owner = "projects/{project}/" if resource.in_project else ""
        path = f"{_ROOT}v1/{owner}{resource.collection}/"
        makes = ["POST"] if resource.creation else []
        changes = [resource.update_method] if resource.update_method else []
        deletes = ["DELETE"] if resource.deletable else []
        return [
            Route(path, self._answer_with(self._serve_all, resource), methods=["GET", *makes]),
            Route(
                path + "{id}/",
                self._answer_with(self._serve_one, resource),
                methods=["GET", *changes, *deletes],
            ),
        ]

    def _answer_with(
        self, serve: Callable[[Resource, Request], Awaitable[Response]], resource: Resource
    ) -> Callable[[Request], Awaitable[Response]]:
        return guard(lambda request: serve(resource, request), self._token)

    async def _serve_all(self, resource: Resource, request: Request) -> Response:
        project = read_identifier(request, "project")
        if request.method != "POST":
            listed = await run_in_threadpool(self._management.read_all, resource, project)
            return JSONResponse(listed)
        given = await self._bodies.read(request)
        made = await run_in_threadpool(self._management.create, resource, project, given)
        return JSONResponse(made, 201)

    async def _serve_one(self, resource: Resource, request: Request) -> Response:
        project, identifier = read_identifier(request, "project"), read_identifier(request, "id")
        assert identifier is not None  # noqa: S101 - the route has it
        arguments = (resource, project, identifier)
        if request.method == "DELETE":
            await run_in_threadpool(self._management.delete, *arguments)
            return Response(status_code=204)
        if request.method == resource.update_method:
            given = await self._bodies.read(request)
            changed = await run_in_threadpool(self._management.update, *arguments, given)
            return JSONResponse(changed)
        return JSONResponse(await run_in_threadpool(self._management.read, *arguments))


class VersionHeader:
    """Tell the release in every answer of the API, refusals by routing included.

    Args:
        app: The application behind.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""

        async def send_with_version(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["Logfire-Version"] = VERSION
            await send(message)

        is_ours = scope["type"] == "http" and scope["path"].startswith(_ROOT)
        await self._app(scope, receive, send_with_version if is_ours else send)
