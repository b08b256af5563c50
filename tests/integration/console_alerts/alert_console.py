"""A console with the pages of alerts and of Slack, served on a port, and a client of it."""

from __future__ import annotations

import threading
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

import httpx
import uvicorn

from telemetry.configuration import ANY_TOKEN
from telemetry.console import make_console
from telemetry.console.alerts import alerts_section
from telemetry.console.emulator import Emulator
from telemetry.console.inbox import inbox_section
from telemetry.slack.inbox import Inbox
from telemetry.web_server import address_of, listen

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from starlette.applications import Starlette


@contextmanager
def browsing(emulator: str, folder: Path, *, token: str = ANY_TOKEN) -> Iterator[httpx.Client]:
    """Give a client of a console that asks an emulator."""
    with closing(Inbox(folder / "slack.db")) as inbox:
        sections = [alerts_section(Emulator(emulator, token)), inbox_section(inbox)]
        with serve(make_console(sections)) as url, httpx.Client(base_url=url, timeout=60) as client:
            yield client


@contextmanager
def serve(app: Starlette) -> Iterator[str]:
    """Serve an application, and give its URL."""
    with listen(0) as listener:
        server = uvicorn.Server(uvicorn.Config(app, loop="asyncio", log_level="warning", ws="none"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        try:
            yield address_of(listener)  # it takes connections already
        finally:
            server.should_exit = True
            thread.join()
