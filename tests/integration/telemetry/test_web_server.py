"""A web application as a process's main work: when it is announced, and when it is not."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
from starlette.applications import Starlette

from telemetry.errors import PortUnusable, ServerNotStarted
from telemetry.web_server import WebServer, address_of, listen

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@asynccontextmanager
async def fail_to_open(_: Starlette) -> AsyncIterator[None]:
    raise RuntimeError("no such thing")
    yield


def test_an_application_that_does_not_open_is_told_and_never_announced() -> None:
    announced: list[str] = []
    with listen(0) as listener:
        server = WebServer(
            Starlette(lifespan=fail_to_open), ready=lambda: announced.append(address_of(listener))
        )
        with pytest.raises(ServerNotStarted, match="could not be opened"):
            server.serve_on(listener)

    assert [] == announced


def test_a_server_that_is_stopped_before_it_began_is_never_announced() -> None:
    announced: list[str] = []
    with listen(0) as listener:
        server = WebServer(Starlette(), ready=lambda: announced.append(address_of(listener)))
        server.stop()
        server.serve_on(listener)

    assert [] == announced


def test_a_port_that_is_in_use_is_told_with_what_to_give_instead() -> None:
    with listen(0) as listener:
        port = listener.getsockname()[1]
        with pytest.raises(PortUnusable, match=rf"Port {port} .* or --port 0 to have a free one"):
            listen(port)
