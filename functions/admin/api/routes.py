"""Serve the API: read what is asked, answer in JSON, and tell problems as RFC 9457 has them."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route

from functions.admin.api.models import Problem
from functions.admin.api.openapi import describe_api
from functions.admin.api.operations import OPERATIONS, Call
from functions.admin.identity import Role
from functions.admin.refusals import REFUSALS, status_of
from functions.runtime.failed_tasks.masking import mask_text
from functions.runtime.payload import MAX_BODY_BYTES

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from pydantic import BaseModel
    from starlette.requests import Request

    from functions.admin.api.operations import Operation
    from functions.admin.desk import Desk

PREFIX: Final = "/api"

MOST_BYTES: Final = MAX_BODY_BYTES + 64 * 1024
"""Of a body: a payload, with a note beside it."""

_JSON: Final = "application/json"


class _Refused(Exception):  # noqa: N818 - a signal within this module
    """Carry a problem up to where it is answered."""

    def __init__(self, status: HTTPStatus, detail: str, errors: list[str] | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.errors = errors or []


def api_routes(desk: Desk) -> list[Mount]:
    """Return the routes of the API.

    Args:
        desk: What it stands on.
    """

    def describe(request: Request) -> Response:
        desk.guard.admit(request, Role.VIEWER)
        return JSONResponse(describe_api(PREFIX))

    routes: dict[str, dict[str, Operation]] = {}
    for each in OPERATIONS:
        routes.setdefault(each.path, {})[each.method] = each
    handlers: dict[Any, Any] = {HTTPException: _tell_http, Exception: _apologize}
    handlers |= dict.fromkeys(REFUSALS, _tell_refusal)
    app = Starlette(
        routes=[
            Route("/openapi.json", describe, methods=["GET"]),
            *(
                Route(path, _answering(desk, by_method), methods=list(by_method))
                for path, by_method in routes.items()
            ),
        ],
        exception_handlers=handlers,
    )
    mount = Mount(PREFIX, app)
    # A path with the end of a line in it is the API's to refuse, too.
    mount.path_regex = re.compile(mount.path_regex.pattern, re.DOTALL)
    return [mount]


def _answering(
    desk: Desk, operations: dict[str, Operation]
) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        method = "GET" if request.method == "HEAD" else request.method
        operation = operations[method]
        visitor = await run_in_threadpool(desk.guard.admit, request, operation.needs)
        try:
            call = Call(
                desk,
                visitor,
                request.path_params,
                query=_read_query(request, operation.query),
                body=await _read_body(request, operation.body),
            )
        except _Refused as refused:
            return _tell(refused.status, refused.detail, refused.errors)
        said = await run_in_threadpool(operation.run, call)
        return Response(said.model_dump_json(by_alias=True), operation.status, media_type=_JSON)

    return answer


def _read_query(request: Request, model: type[BaseModel] | None) -> BaseModel | None:
    if model is None:
        return None
    try:
        return model.model_validate(dict(request.query_params))
    except ValidationError as error:
        raise _Refused(
            HTTPStatus.UNPROCESSABLE_ENTITY, "the query is not as it should be", _faults(error)
        ) from error


async def _read_body(request: Request, model: type[BaseModel] | None) -> BaseModel | None:
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > MOST_BYTES:
                detail = f"a body has at most {MOST_BYTES:,} bytes"
                raise _Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, detail)
    except ClientDisconnect as error:
        raise _Refused(HTTPStatus.BAD_REQUEST, "the body ended before its end") from error
    if model is None:
        return None
    # No form of another site's page can say so (https://fetch.spec.whatwg.org/#cors-protocol).
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != _JSON:
        raise _Refused(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"a body is {_JSON}")
    try:
        return model.model_validate_json(bytes(body))
    except ValidationError as error:
        raise _Refused(
            HTTPStatus.UNPROCESSABLE_ENTITY, "the body is not as it should be", _faults(error)
        ) from error


def _faults(error: ValidationError) -> list[str]:
    return [
        f"{'.'.join(map(str, each['loc'])) or 'body'}: {each['msg']}"
        for each in error.errors(include_url=False, include_input=False)[:20]
    ]


def _tell(status: int, detail: str, errors: list[str] | None = None) -> Response:
    problem = Problem(
        title=HTTPStatus(status).phrase, status=status, detail=detail, errors=errors or []
    )
    headers = {"WWW-Authenticate": "Bearer"} if status == HTTPStatus.UNAUTHORIZED else {}
    return Response(
        problem.model_dump_json(), status, headers, media_type="application/problem+json"
    )


async def _tell_refusal(_: Request, error: Exception) -> Response:
    assert isinstance(error, REFUSALS)  # noqa: S101 - registered for nothing else
    return _tell(status_of(error), mask_text(str(error)))


async def _tell_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for nothing else
    response = _tell(error.status_code, f"{request.method} {request.url.path}: {error.detail}")
    response.headers.update(error.headers or {})
    return response


async def _apologize(_: Request, error: Exception) -> Response:
    """Answer a request that met a bug; Starlette raises it again, so that it is in the log."""
    return _tell(
        HTTPStatus.INTERNAL_SERVER_ERROR, f"a bug: {type(error).__name__}; the log says more"
    )
