"""Who gets in: every page and form of the admin pages passes here."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from functions.admin.form_tokens import FIELD, FormTokens
from functions.admin.identity import Role
from functions.admin.local_login import LOGIN
from functions.admin.refusals import REFUSALS, status_of
from functions.errors import IdentityError, NotPermitted
from telemetry.console import render
from telemetry.console.forms import read_form

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from starlette.requests import HTTPConnection, Request
    from starlette.responses import Response

    from functions.admin.identity import Identity, Visitor

    Page: TypeAlias = Callable[[Request, Visitor], Response]
    Taker: TypeAlias = Callable[[Request, Visitor, Mapping[str, str]], Response]
    Endpoint: TypeAlias = Callable[[Request], Awaitable[Response]]

MOST_FORM_BYTES: Final = 256 * 1024
"""Of a form without a payload."""


@dataclass(frozen=True, slots=True)
class Guard:
    """Let somebody in, or not.

    Attributes:
        identity: What tells who asks.
        tokens: What forms have to bring.
    """

    identity: Identity
    tokens: FormTokens = field(default_factory=FormTokens)

    def page(self, show: Page) -> Endpoint:
        """Return an endpoint that shows a page to whoever may look; it may block."""

        async def answer(request: Request) -> Response:
            try:
                visitor = await run_in_threadpool(self.admit, request, Role.VIEWER)
                return await run_in_threadpool(show, request, visitor)
            except REFUSALS as error:
                return self._refuse(request, error)

        return answer

    def form(self, take: Taker, *, most_bytes: int = MOST_FORM_BYTES) -> Endpoint:
        """Return an endpoint that takes a form from whoever may act; it may block."""

        async def answer(request: Request) -> Response:
            try:
                visitor = await run_in_threadpool(self.admit, request, Role.OPERATOR)
                form = await read_form(request, most_bytes=most_bytes)
                if not self.tokens.holds(visitor, form.get(FIELD, "")):
                    raise HTTPException(403, "This form is too old: reload its page.")
                return await run_in_threadpool(take, request, visitor, form)
            except REFUSALS as error:
                return self._refuse(request, error)

        return answer

    def admit(self, connection: HTTPConnection, needed: Role) -> Visitor:
        """Return who asks.

        Raises:
            IdentityError: That one may not.
        """
        visitor = self.identity.identify(connection)
        if visitor.role < needed:
            raise NotPermitted(
                f"{visitor.name} may look and not act: ask for MYSTAGE_ADMIN_OPERATORS to name the"
                " account"
            )
        return visitor

    def show(
        self,
        request: Request,
        visitor: Visitor,
        template: str,
        values: Mapping[str, Any],
        *,
        status: int = 200,
    ) -> Response:
        """Return a page of a template, with what its forms have to bring."""
        known = {"visitor": visitor, "form_token": self.tokens.make(visitor), "form_field": FIELD}
        return render(request, template, {**known, **values}, status=status)

    def _refuse(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, REFUSALS)  # noqa: S101 - caught as nothing else
        status = status_of(error)
        values = {
            "title": f"{status.value} {status.phrase}",
            "message": str(error),
            "hint": self.identity.hint if isinstance(error, IdentityError) else "",
            "login": LOGIN if status == 401 and self.identity.routes else "",  # noqa: PLR2004
        }
        response = render(request, "admin_refusal.html", values, status=status)
        if status == 401:  # noqa: PLR2004 - as RFC 9110 has it
            response.headers["WWW-Authenticate"] = "Bearer"
        return response
