"""How a request is refused: a status, a message, and a body its client can read.

The query clients read ``{"detail": …}``, or a problem document where they ask for one
(https://www.rfc-editor.org/rfc/rfc9457); OTLP exporters are sent a ``google.rpc.Status``
(https://opentelemetry.io/docs/specs/otlp/#failures).
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from google.rpc.status_pb2 import Status
from starlette.responses import JSONResponse, Response

if TYPE_CHECKING:
    from starlette.requests import Request

PROTOBUF: Final = "application/x-protobuf"
_PROBLEM: Final = "application/problem+json"
_INVALID_ARGUMENT, _UNAVAILABLE = 3, 14  # https://grpc.io/docs/guides/status-codes/


class Refusal(Exception):  # noqa: N818 - an answer as much as an error
    """Answer a request with a status other than 2xx.

    Args:
        status: Of HTTP.
        detail: A message, or what else the client is told in ``detail``.
        retry_after: After how many seconds the same request may succeed; None for never.
    """

    def __init__(self, status: int, detail: Any, *, retry_after: int | None = None) -> None:
        super().__init__(str(detail))
        self.status = status
        self.detail = detail
        self.retry_after = retry_after

    def response(self, request: Request) -> Response:
        """Return the answer, in the form the client asks for."""
        headers = {} if self.retry_after is None else {"Retry-After": str(self.retry_after)}
        if self.status == HTTPStatus.UNAUTHORIZED:
            headers["WWW-Authenticate"] = "Bearer"
        if request.headers.get("content-type", "").startswith(PROTOBUF):
            code = _INVALID_ARGUMENT if self.retry_after is None else _UNAVAILABLE
            body = Status(code=code, message=str(self.detail)).SerializeToString()
            return Response(body, self.status, headers, PROTOBUF)
        legacy = {"detail": self.detail}
        if _PROBLEM not in request.headers.get("accept", ""):
            return JSONResponse(legacy, self.status, headers)
        problem = {
            "type": "about:blank",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": str(self),
            "retryable": self.retry_after is not None,
            "error_details": legacy,
        }
        return JSONResponse(problem, self.status, headers, _PROBLEM)
