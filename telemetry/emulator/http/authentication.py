"""Who may call: anybody with some token, or, where one is set, whoever has that."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING

from telemetry.emulator.http.refusals import Refusal

if TYPE_CHECKING:
    from starlette.requests import Request


def check_token(request: Request, token: str | None) -> None:
    """Make sure that a request has a token, and the right one where ``token`` is set.

    OTLP exporters and the SDK's query client send the bare token, everybody else a bearer's.

    Raises:
        Refusal: It has none, or a wrong one.
    """
    given = request.headers.get("authorization", "").removeprefix("Bearer ").strip()
    if not given:
        raise Refusal(
            401,
            "Unauthenticated: send a token in the Authorization header; here any will do"
            if token is None
            else "Unauthenticated: send the token in the Authorization header",
        )
    if token is not None and not hmac.compare_digest(given.encode(), token.encode()):
        raise Refusal(401, "Invalid token: it is not the one this emulator was started with")
