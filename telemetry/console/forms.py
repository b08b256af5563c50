"""What a form of a page sends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qs

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

if TYPE_CHECKING:
    from starlette.requests import Request

_FORM: Final = "application/x-www-form-urlencoded"
_MOST_FIELDS: Final = 100


async def read_form(request: Request, *, most_bytes: int) -> dict[str, str]:
    """Return the first value of each field.

    Args:
        request: Which brings the form.
        most_bytes: How long it may be.

    Raises:
        HTTPException: It is longer, or no form.
    """
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > most_bytes:
                raise HTTPException(413, f"A form of this page has at most {most_bytes:,} bytes.")
    except ClientDisconnect as error:
        raise HTTPException(400, "The form ended before its end.") from error
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if body and media_type != _FORM:
        raise HTTPException(415, f"This page takes forms of {_FORM} only.")
    try:
        fields = parse_qs(
            body.decode("ascii"),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=_MOST_FIELDS,
        )
    except ValueError as error:
        raise HTTPException(400, "This is no form of this page.") from error
    return {name: values[0] for name, values in fields.items()}
