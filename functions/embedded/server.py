"""Serve the pipeline's functions over HTTP, as Cloud Functions would."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

import anyio
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from functions.errors import DeclarationError
from functions.runtime.endpoints import Call, answer_call

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.requests import Request
    from starlette.responses import Response

    from functions.runtime.runtime import Runtime

_MAX_BODY: Final = 2 * 1024 * 1024
"""Of a task: twice what Cloud Tasks delivers at most."""


def make_app(runtime: Runtime, *, threads: int) -> Starlette:
    """Return the ASGI application that serves every declared function.

    Args:
        runtime: What the stages run on.
        threads: How many tasks run at once.
    """

    @asynccontextmanager
    async def bound_threads(_app: Starlette) -> AsyncIterator[None]:
        anyio.to_thread.current_default_thread_limiter().total_tokens = threads
        yield

    async def deliver(request: Request) -> Response:
        function = request.path_params["function"]
        endpoint = runtime.pipeline.endpoints.get(function)
        if endpoint is None:
            try:
                runtime.pipeline.serving(function)
            except DeclarationError as error:
                return PlainTextResponse(str(error), 404)
        limit = _MAX_BODY if endpoint is None else endpoint.max_body
        body = bytearray()
        async for chunk in request.stream():
            body += chunk
            if len(body) > limit:
                return PlainTextResponse(f"{function} takes a body of at most {limit} bytes", 413)
        if endpoint is None:
            answer = await run_in_threadpool(runtime.handle, function, request.headers, bytes(body))
        else:
            call = Call(dict(request.headers), dict(request.query_params), bytes(body))
            answer = await run_in_threadpool(answer_call, runtime, endpoint, call)
        return PlainTextResponse(answer.message, answer.status, answer.headers)

    return Starlette(
        routes=[Route("/{function}", deliver, methods=["POST"])], lifespan=bound_threads
    )
