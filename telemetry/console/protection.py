"""What no page of the console may do, whatever is in it, and what no other site may make it do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self';"
    " connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
"""Nothing written into a page runs or is styled, nothing comes from elsewhere or is sent there
(https://www.w3.org/TR/CSP3/)."""

HEADERS: Final = {
    "Content-Security-Policy": _POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    # With "no-referrer", browsers would send forms with the origin "null".
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}
"""Of every answer that does not say otherwise."""

_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_TRUSTED_SITES: Final = frozenset({"same-origin", "none"})


class SecurityHeaders:
    """Add the headers that bind a browser to every answer.

    Args:
        app: The application behind.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, send_with_headers if scope["type"] == "http" else send)


class SameOrigin:
    """Refuse what a browser sends on behalf of another site, except plain reading.

    A browser says where a request comes from, and a page cannot keep it from saying so; a program
    that is no browser says nothing, and cannot be led here by a page
    (https://developer.mozilla.org/docs/Web/HTTP/Headers/Sec-Fetch-Site).

    Args:
        app: The application behind.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "http" and scope["method"] not in _SAFE:
            headers = Headers(scope=scope)
            if not _is_ours(headers):
                refusal = PlainTextResponse("this page takes nothing from other sites", 403)
                await refusal(scope, receive, send)
                return
        await self._app(scope, receive, send)


def _is_ours(headers: Headers) -> bool:
    origin = headers.get("origin")
    if origin is not None and _host_of(origin) != headers.get("host"):
        return False
    return headers.get("sec-fetch-site", "none") in _TRUSTED_SITES


def _host_of(origin: str) -> str | None:
    try:
        return urlsplit(origin).netloc
    except ValueError:  # as "http://[", which no browser sends
        return None
