"""What requests with JSON have alike: their token, their body, identifiers in their path."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any, Final

from pydantic_core import from_json
from starlette.concurrency import run_in_threadpool

from telemetry.emulator.http.authentication import check_token
from telemetry.emulator.http.bodies import MemoryBudget, read_body
from telemetry.emulator.http.refusals import Refusal
from telemetry.emulator.management.bodies import Content, refuse_body
from telemetry.errors import StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request
    from starlette.responses import Response

    Serve = Callable[[Request], Awaitable[Response]]

_MAX_BODY: Final = 4 * 2**20
_BUDGET: Final = 64 * 2**20
_JSON: Final = "application/json"
_RETRY_AFTER: Final = 5


class JsonBodies:
    """Read bodies of requests, within bounds for all of them together."""

    def __init__(self) -> None:
        self._budget = MemoryBudget(_BUDGET)

    async def read(self, request: Request) -> Content:
        """Return a body's object; an empty one where there is no body.

        Raises:
            Refusal: It is none, or too large, too slow, or no JSON by its type.
        """
        body = await read_body(request, self._budget, limit=_MAX_BODY)
        try:
            if body:
                _check_media_type(request)
            return await run_in_threadpool(_parse, body)
        finally:
            self._budget.give_back(len(body))


def guard(serve: Serve, token: str | None) -> Serve:
    """Return what answers a request with the right token, and 503 while the disk cannot."""

    async def answer(request: Request) -> Response:
        check_token(request, token)
        try:
            return await serve(request)
        except StoreUnavailable as error:
            raise Refusal(503, str(error), retry_after=_RETRY_AFTER) from error

    return answer


def read_identifier(request: Request, name: str) -> str | None:
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
