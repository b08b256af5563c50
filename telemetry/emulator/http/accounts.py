"""What a token belongs to: here all belong to the one project there is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from starlette.responses import JSONResponse
from starlette.routing import Route

from telemetry.emulator.http.authentication import check_token

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

ORGANIZATION: Final = "mystage"
PROJECT: Final = "local"


class Accounts:
    """Tell clients about their token.

    Args:
        token: The only one that is let in; None lets any in.
    """

    def __init__(self, token: str | None) -> None:
        self._token = token
        self.routes = [
            Route("/v1/info", self.describe_project),
            Route("/v1/read-token-info", self.describe_read_token),
        ]

    async def describe_project(self, request: Request) -> Response:
        """Answer the SDK's check of its write token.

        Raises:
            Refusal: The token is missing or wrong.
        """
        check_token(request, self._token)
        return JSONResponse({"project_name": PROJECT, "project_url": str(request.base_url)})

    async def describe_read_token(self, request: Request) -> Response:
        """Answer the query client's ``info()``.

        Raises:
            Refusal: The token is missing or wrong.
        """
        check_token(request, self._token)
        return JSONResponse({"organization_name": ORGANIZATION, "project_name": PROJECT})
