"""What the tests of alerts stand on: Slack's stand-in, which can be out of order, and a caller."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import requests
import uvicorn
from starlette.applications import Starlette

from telemetry.slack.api import slack_routes
from telemetry.slack.inbox import Inbox

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, MutableMapping
    from pathlib import Path

    from starlette.types import ASGIApp, Receive, Scope, Send

    from telemetry.slack.inbox import Message

SECRET = "a-secret-of-the-webhook"
TOKEN = "xoxb-a-token-of-the-bot"
CHANNEL = "C0PIPELINE"
PATIENCE = 40.0


@dataclass
class Faults:
    """Be in the way of the next calls, each in its own manner.

    A fault is a status, with headers, instead of the answer; or a number of seconds to wait for
    before the call is taken or, where it is negative, after it was taken and before the answer.
    """

    app: ASGIApp
    waiting: list[tuple[int, dict[str, str]] | float] = field(default_factory=list)
    calls: int = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        self.calls += 1
        fault = self.waiting.pop(0) if self.waiting else None
        if isinstance(fault, tuple):
            status, headers = fault
            lines = [(name.encode(), value.encode()) for name, value in headers.items()]
            await send({"type": "http.response.start", "status": status, "headers": lines})
            await send({"type": "http.response.body", "body": b"out of order"})
            return
        await asyncio.sleep(max(0, fault or 0))
        await self.app(scope, receive, _late(send, max(0, -(fault or 0))))


def _late(send: Send, seconds: float) -> Send:
    async def send_late(message: MutableMapping[str, Any]) -> None:
        await asyncio.sleep(seconds)
        await send(message)

    return send_late


@dataclass
class SlackServer:
    """Hold the stand-in, served over HTTP."""

    inbox: Inbox
    faults: Faults
    url: str

    @property
    def api(self) -> str:
        return f"{self.url}/slack/api"

    def threads(self, title: str) -> list[Message]:
        """Return the threads of an alert, the oldest first."""
        return [each for each in reversed(self.inbox.messages()) if title in each.text]

    def wait_for(self, title: str, holds: Callable[[list[Message]], bool]) -> list[Message]:
        """Return an alert's threads once something holds of them."""
        return wait_until(lambda: self.threads(title), holds)


def wait_until(look: Callable[[], Any], holds: Callable[[Any], bool]) -> Any:
    """Return what is seen once something holds of it."""
    deadline = time.monotonic() + PATIENCE
    while not holds(seen := look()):
        assert time.monotonic() < deadline, seen
        time.sleep(0.05)
    return seen


@contextlib.contextmanager
def served(app: ASGIApp) -> Iterator[str]:
    """Serve an application over HTTP, and give its URL."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        config = uvicorn.Config(
            app, loop="asyncio", log_level="warning", access_log=False, ws="none"
        )
        server = uvicorn.Server(config)
        thread = threading.Thread(
            target=lambda: asyncio.run(server.serve(sockets=[listener])), daemon=True
        )
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(PATIENCE)


@contextlib.contextmanager
def slack_server(folder: Path) -> Iterator[SlackServer]:
    """Serve the stand-in."""
    with contextlib.closing(Inbox(folder / "slack.db")) as inbox:
        faults = Faults(Starlette(routes=slack_routes(inbox)))
        with served(faults) as url:
            yield SlackServer(inbox, faults, url)


def notification(title: str, run: str, *, minute: int = 0, **fields: Any) -> dict[str, Any]:
    """Return what Logfire's webhook channel sends of a run."""
    has_matches = fields.get("has_matches", True)
    rows = [{"stage": "sourcing", "dead_letters": 6}] if has_matches else []
    return {
        "type": "alert",
        "alert_id": f"id-of-{title}",
        "alert_name": title,
        "alert_description": "Look at the failed tasks.",
        "organization_id": "o",
        "project_id": "p",
        "project_name": "pipeline",
        "alert_url": "https://logfire.example/alerts/1",
        "run_id": run,
        "evaluated_at": f"2026-03-01T12:{minute:02}:00Z",
        "window_start": "2026-03-01T11:45:00Z",
        "window_end": "2026-03-01T12:00:00Z",
        "has_matches": has_matches,
        "had_matches": not has_matches,
        "notify_when": "has_matches_changed",
        "result_length": len(rows),
        "result": rows,
        "truncated": False,
        "error": None,
    } | fields


def send(base_url: str, body: dict[str, Any], *, key: str = SECRET) -> requests.Response:
    """Call ``dpl_on_alert``."""
    url = f"{base_url}/dpl_on_alert"
    return requests.post(url, params={"key": key}, json=body, timeout=PATIENCE)
