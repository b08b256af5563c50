"""Coming in on a laptop: a token that is printed at the start, exchanged for a cookie."""

from __future__ import annotations

import hmac
import ipaddress
import secrets
import threading
from typing import TYPE_CHECKING, Final

from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from functions.admin.identity import Role, Visitor
from functions.errors import NotPermitted, Unidentified
from telemetry.console.forms import read_form
from telemetry.serving import HOST

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.requests import HTTPConnection, Request
    from starlette.routing import BaseRoute

LOGIN: Final = "/login"
LOCAL: Final = "local"
"""Who it was, as histories say it."""

_TOKEN: Final = "token"  # noqa: S105 - the name of a field
_MOST_BYTES: Final = 4_096
_MOST_SESSIONS: Final = 100
"""Browsers that are let in at once; the first goes for one more."""


class LocalIdentity:
    """Let whoever has the token in as operator, from this machine only.

    Programs send it as ``Authorization: Bearer``. Browsers exchange it for a cookie, which no
    script reads and no other site's page has sent along.

    Args:
        token: What lets in; by default one that cannot be guessed.
        home: Where a browser that comes in is led to.

    Attributes:
        token: What lets in.
    """

    hosts: Sequence[str] = (HOST, "localhost")
    hint: str = "Open the address with a token that the terminal shows, or enter the token here."

    def __init__(self, token: str = "", *, home: str = "/") -> None:
        self.token = token or secrets.token_urlsafe(32)
        self._home = home
        self._lock = threading.Lock()
        self._sessions: dict[str, None] = {}

    @property
    def routes(self) -> Sequence[BaseRoute]:
        """The page that exchanges the token for a cookie."""
        return [
            Route(LOGIN, self._follow_link, methods=["GET"]),
            Route(LOGIN, self._take_form, methods=["POST"]),
        ]

    def address(self, console: str) -> str:
        """Return the address that lets a browser in.

        Args:
            console: Where the pages are.
        """
        return f"{console}{LOGIN}?{_TOKEN}={self.token}"

    def identify(self, connection: HTTPConnection) -> Visitor:
        """Return who asks.

        Raises:
            Unidentified: There is neither the token nor a cookie that it was exchanged for.
            NotPermitted: The request comes from another machine.
        """
        check_loopback(connection)
        scheme, _, given = connection.headers.get("authorization", "").partition(" ")
        if scheme.casefold() == "bearer" and self._is_token(given.strip()):
            return Visitor(LOCAL, Role.OPERATOR, session=LOCAL)
        session = connection.cookies.get(_cookie_name(connection), "")
        with self._lock:
            is_known = session in self._sessions
        if not is_known:
            raise Unidentified("nobody came in here with the token yet")
        return Visitor(LOCAL, Role.OPERATOR, session=session)

    async def _follow_link(self, request: Request) -> Response:
        return self._let_in(request, request.query_params.get(_TOKEN, ""))

    async def _take_form(self, request: Request) -> Response:
        form = await read_form(request, most_bytes=_MOST_BYTES)
        return self._let_in(request, form.get(_TOKEN, "").strip())

    def _let_in(self, request: Request, token: str) -> Response:
        try:
            check_loopback(request)
        except NotPermitted as error:
            raise HTTPException(403, str(error)) from error
        if not self._is_token(token):
            raise HTTPException(401, "This is not the token that the terminal shows.")
        session = secrets.token_urlsafe(32)
        with self._lock:
            self._sessions[session] = None
            if len(self._sessions) > _MOST_SESSIONS:
                del self._sessions[next(iter(self._sessions))]
        # Another address: the token stays in no page's address.
        response = RedirectResponse(self._home, 303)
        response.set_cookie(
            _cookie_name(request), session, path="/", httponly=True, samesite="strict"
        )
        return response

    def _is_token(self, given: str) -> bool:
        return hmac.compare_digest(given.encode(errors="replace"), self.token.encode())


def check_loopback(connection: HTTPConnection) -> None:
    """Refuse whatever comes from another machine.

    Raises:
        NotPermitted: It does, or it cannot be told.
    """
    host = connection.client.host if connection.client else ""
    try:
        is_here = ipaddress.ip_address(host).is_loopback
    except ValueError:
        is_here = False
    if not is_here:
        raise NotPermitted("the token lets in from this machine only")


def _cookie_name(connection: HTTPConnection) -> str:
    """Return a name of this port's own: browsers send a cookie to all ports of a host."""
    return f"mystage-{connection.url.port or 80}"
