"""A browser without scripts: it asks an application for pages, as from this machine."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import httpx

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractAsyncContextManager

    from starlette.applications import Starlette


class Browser:
    """Ask for pages.

    Args:
        open_app: Opens what serves them, for each page anew: connections belong to a loop.
    """

    def __init__(self, open_app: Callable[[], AbstractAsyncContextManager[Starlette]]) -> None:
        self._open_app = open_app

    def get(self, path: str, params: Mapping[str, str] | None = None) -> httpx.Response:
        """Read a page."""
        return self._send("GET", path, params=params)

    def post(self, path: str, data: Mapping[str, str], **more: Any) -> httpx.Response:
        """Send a form."""
        return self._send("POST", path, data=data, **more)

    def _send(self, method: str, path: str, **more: Any) -> httpx.Response:
        async def send() -> httpx.Response:
            async with (
                self._open_app() as app,
                httpx.AsyncClient(
                    transport=httpx.ASGITransport(app), base_url="http://127.0.0.1"
                ) as client,
            ):
                return await client.request(method, path, **more)

        return asyncio.run(send())
