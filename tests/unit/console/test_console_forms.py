"""Forms of the console's pages, as they arrive."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.exceptions import HTTPException
from starlette.requests import Request

from telemetry.console.forms import read_form

FORM = "application/x-www-form-urlencoded; charset=utf-8"


def arriving(*messages: dict[str, Any], content_type: str = FORM) -> Request:
    """Return a request whose body arrives in parts."""
    left = list(messages)

    async def receive() -> dict[str, Any]:
        return left.pop(0)

    headers = [(b"content-type", content_type.encode())]
    return Request({"type": "http", "method": "POST", "headers": headers}, receive)


def part(body: bytes, *, more: bool = False) -> dict[str, Any]:
    return {"type": "http.request", "body": body, "more_body": more}


async def test_the_first_value_of_each_field_counts() -> None:
    request = arriving(part(b"a=1&a=2&", more=True), part(b"b=%C3%A9+x&c="))

    assert {"a": "1", "b": "é x", "c": ""} == await read_form(request, most_bytes=100)


async def test_no_body_is_an_empty_form() -> None:
    assert {} == await read_form(arriving(part(b""), content_type=""), most_bytes=100)


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (arriving(part(b"a=" + b"x" * 99)), 413),
        # It is refused before all of it is there.
        (arriving(part(b"x" * 101, more=True)), 413),
        (arriving(part(b"a=", more=True), {"type": "http.disconnect"}), 400),
        (arriving(part(b"a=%ff")), 400),
        (arriving(part(b"a=\xff")), 400),
        (arriving(part(b"{}"), content_type="application/json"), 415),
    ],
)
async def test_what_is_no_form_is_refused(request_: Request, status: int) -> None:
    with pytest.raises(HTTPException) as caught:
        await read_form(request_, most_bytes=100)

    assert status == caught.value.status_code
