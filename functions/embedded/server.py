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

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.requests import Request
    from starlette.responses import Response

    from functions.runtime.runtime import Runtime

_MAX_BODY: Final = 2 * 1024 * 1024
"""Twice what Cloud Tasks delivers at most."""


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
        try:
            runtime.pipeline.serving(function)
        except DeclarationError as error:
            return PlainTextResponse(str(error), 404)
        body = bytearray()
        async for chunk in request.stream():
            body += chunk
            if len(body) > _MAX_BODY:
                return PlainTextResponse(f"a task's body is at most {_MAX_BODY} bytes", 413)
        answer = await run_in_threadpool(runtime.handle, function, request.headers, bytes(body))
        return PlainTextResponse(answer.message, answer.status, answer.headers)

    return Starlette(
        routes=[Route("/{function}", deliver, methods=["POST"])], lifespan=bound_threads
    )
