"""Alerts on a running emulator: made, changed and run over its APIs, as anybody does."""

from __future__ import annotations

import secrets
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import httpx

from telemetry.child import ServingProcess

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_PATIENCE = 60.0
"""Seconds in which what must happen has happened."""

TWO_ROWS = "SELECT column1 AS n FROM (VALUES (1), (2))"
NOTHING = "SELECT span_name FROM records WHERE false"
BROKEN = "SELECT 1 / (extract(year FROM now()) * 0)::bigint AS n"


@contextmanager
def started(*options: str) -> Iterator[str]:
    """Run a Logfire emulator, and give its URL."""
    arguments = ["--temporary", *options]
    with ServingProcess("telemetry.cli.emulate", arguments, name="Logfire emulator") as process:
        yield process.address


class AlertDesk:
    """Make alerts.

    Args:
        url: Of the emulator.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self._client = httpx.Client(
            base_url=url, headers={"Authorization": "Bearer any"}, timeout=_PATIENCE
        )
        [project] = self.call("GET", "/api/v1/projects/")
        self._alerts = f"/api/v1/projects/{project['id']}/alerts/"

    def close(self) -> None:
        self._client.close()

    def call(self, method: str, path: str, body: Any = None) -> Any:
        answer = self._client.request(method, path, json=body)
        assert answer.is_success, answer.text
        return answer.json()

    def channel(self, url: str, *, label: str = "on call", format_: str = "raw-data") -> str:
        """Make a webhook, and return its UUID."""
        config = {"type": "webhook", "format": format_, "url": url}
        made = self.call("POST", "/api/v1/channels/", {"label": label, "config": config})
        return str(made["id"])

    def alert(self, *channels: str, query: str = NOTHING, **changes: Any) -> str:
        """Make an alert, which seldom runs by itself, and return its UUID."""
        body = {
            "name": f"alert {secrets.token_hex(4)}",
            "query": query,
            "time_window": "PT1H",
            "frequency": "PT24H",
            "channel_assignments": [{"channel_id": each} for each in channels],
            **changes,
        }
        return str(self.call("POST", self._alerts, body)["id"])

    def change(self, alert: str, **changes: Any) -> None:
        self.call("PUT", f"{self._alerts}{alert}/", changes)

    def run(self, alert: str) -> dict[str, Any]:
        run: dict[str, Any] = self.call("POST", f"/emulator/v1/alerts/{alert}/run/", {})
        return run

    def standing(self, alert: str) -> dict[str, Any]:
        found: dict[str, Any] = self.call("GET", f"/emulator/v1/alerts/{alert}/")
        return found

    def runs(self, alert: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.call("GET", f"/emulator/v1/alerts/{alert}/runs/")
        return found

    def deliveries(self, alert: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.call("GET", f"/emulator/v1/deliveries/?alert_id={alert}")
        return found


def literal(text: str) -> str:
    """Return a text as SQL has it."""
    return "'" + text.replace("'", "''") + "'"


def wait_for(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + _PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "it has not come to that"
        time.sleep(0.02)
