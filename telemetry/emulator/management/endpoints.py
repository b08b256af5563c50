"""The paths of the management API: who may call, what arrives, what is answered.

Answers have the forms of FastAPI, which Logfire's clients are used to.
"""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any, Final

from pydantic_core import from_json
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import MutableHeaders
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from telemetry.emulator.http.authentication import check_token
from telemetry.emulator.http.bodies import MemoryBudget, read_body
from telemetry.emulator.http.refusals import Refusal
from telemetry.emulator.management.alerts import Alerts
from telemetry.emulator.management.bodies import Content, refuse_body
from telemetry.emulator.management.channels import Channels
from telemetry.emulator.management.dashboards import Dashboards
from telemetry.emulator.management.projects import Projects
from telemetry.emulator.management.schedules import Schedules
from telemetry.emulator.management.slos import Slos
from telemetry.emulator.management.tokens import ReadTokens, WriteTokens
from telemetry.errors import StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from telemetry.emulator.management.management import Management
    from telemetry.emulator.management.resources import Resource

VERSION: Final = "v2026-09-14.01"
"""The release of Logfire whose API this is."""

_ROOT: Final = "/api/"
_MAX_BODY: Final = 4 * 2**20
_BUDGET: Final = 64 * 2**20
_JSON: Final = "application/json"
_RETRY_AFTER: Final = 5

RESOURCES: Final[tuple[Resource, ...]] = (
    Projects(),
    Dashboards(),
    Alerts(),
    Channels(),
    Schedules(),
    Slos(),
    ReadTokens(),
    WriteTokens(),
)


class ManagementApi:
    """Serve the management API.

    Args:
        management: What keeps the resources.
        token: The only one that is let in; None lets any in.
    """

    def __init__(self, management: Management, token: str | None) -> None:
        self._management = management
        self._token = token
        self._budget = MemoryBudget(_BUDGET)
        self.routes = [route for each in RESOURCES for route in self._routes(each)]

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
        async def answer(request: Request) -> Response:
            check_token(request, self._token)
            try:
                return await serve(resource, request)
            except StoreUnavailable as error:
                raise Refusal(503, str(error), retry_after=_RETRY_AFTER) from error

        return answer

    async def _serve_all(self, resource: Resource, request: Request) -> Response:
        project = _read_identifier(request, "project")
        if request.method != "POST":
            listed = await run_in_threadpool(self._management.read_all, resource, project)
            return JSONResponse(listed)
        given = await self._read_json(request)
        made = await run_in_threadpool(self._management.create, resource, project, given)
        return JSONResponse(made, 201)

    async def _serve_one(self, resource: Resource, request: Request) -> Response:
        project, identifier = _read_identifier(request, "project"), _read_identifier(request, "id")
        assert identifier is not None  # noqa: S101 - the route has it
        arguments = (resource, project, identifier)
        if request.method == "DELETE":
            await run_in_threadpool(self._management.delete, *arguments)
            return Response(status_code=204)
        if request.method == resource.update_method:
            given = await self._read_json(request)
            changed = await run_in_threadpool(self._management.update, *arguments, given)
            return JSONResponse(changed)
        return JSONResponse(await run_in_threadpool(self._management.read, *arguments))

    async def _read_json(self, request: Request) -> Content:
        body = await read_body(request, self._budget, limit=_MAX_BODY)
        try:
            if body:
                _check_media_type(request)
            return await run_in_threadpool(_parse, body)
        finally:
            self._budget.give_back(len(body))


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


def _read_identifier(request: Request, name: str) -> str | None:
    """Return a UUID of the path in its usual spelling; None where the path has none.

    Raises:
        Refusal: It is no UUID, as the name of a project.
    """
    text = request.path_params.get(name)
    if text is None:
        return None
    try:
        return str(uuid.UUID(text))
    except ValueError:
        place = ["path", "project_id" if name == "project" else name]
        message = "Input should be a valid UUID"
        raise Refusal(422, [{"type": "uuid_parsing", "loc": place, "msg": message}]) from None


def _check_media_type(request: Request) -> None:
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != _JSON:
        raise Refusal(415, f"Content-Type {media_type!r} is not supported: send {_JSON}")


def _parse(body: bytes) -> Content:
    try:
        given: Any = from_json(body or b"{}", allow_inf_nan=False)
        json.dumps(given, allow_nan=False)  # 1e999 is read as infinity
    except ValueError as error:
        raise refuse_body(f"JSON decode error: {error}", kind="json_invalid") from error
    if not isinstance(given, dict):
        raise refuse_body("Input should be a valid dictionary", kind="dict_type")
    return given
