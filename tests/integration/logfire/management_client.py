"""A client of the management API, and bodies that it takes."""

from __future__ import annotations

import asyncio
import json
from functools import cached_property
from typing import TYPE_CHECKING, Any

import httpx

if TYPE_CHECKING:
    from starlette.applications import Starlette

SLACK = "https://hooks.slack.com/services/T00/B00/s3cretslackpath"
NOWHERE = "00000000-0000-4000-8000-000000000000"
"""The UUID of nothing."""

WEBHOOK = {
    "label": "on call",
    "config": {"type": "webhook", "format": "slack-blockkit", "url": SLACK},
}
SCHEDULE = {
    "label": "office hours",
    "timezone": "Europe/Paris",
    "windows": [{"days": [1, 2, 5], "start_time": "09:00", "end_time": "18:00"}],
}
ALERT = {
    "name": "failures",
    "query": "SELECT 1 FROM records WHERE level >= 'error'",
    "time_window": "PT15M",
    "frequency": "PT5M",
    "notify_when": "has_matches_changed",
}
SLO = {
    "name": "it works",
    "scope_value": "sourcing",
    "total_query": "parent_span_id IS NULL",
    "bad_query": "otel_status_code = 'ERROR'",
    "target_percent": "99.9",
    "rolling_window_seconds": 2_592_000,
}
DEFINITION = {
    "kind": "Dashboard",
    "spec": {
        "panels": {
            "Runs": {
                "kind": "Panel",
                "spec": {
                    "display": {"name": "Runs"},
                    "plugin": {"kind": "Table", "spec": {}},
                    "queries": [
                        {
                            "kind": "NonTimeSeriesQuery",
                            "spec": {
                                "plugin": {
                                    "kind": "LogfireNonTimeSeriesQuery",
                                    "spec": {"query": "SELECT 1"},
                                }
                            },
                        }
                    ],
                },
            }
        },
        "layouts": [{"kind": "Grid", "spec": {"items": []}}],
    },
}
DASHBOARD = {"name": "The pipeline", "slug": "pipeline", "definition": DEFINITION}

BODIES: dict[str, dict[str, Any]] = {
    "dashboards": DASHBOARD,
    "alerts": ALERT,
    "channels": WEBHOOK,
    "schedules": SCHEDULE,
    "slos": SLO,
    "read-tokens": {"description": "for CI"},
    "write-tokens": {"description": "for CI"},
}
"""A body that makes one of each."""

_OF_ORGANIZATION = {"projects", "channels", "schedules"}


class Api:
    """Call the API of an application in this process, over ASGI."""

    def __init__(self, app: Starlette, key: str = "Bearer key") -> None:
        self._app = app
        self.headers = {"Authorization": key}
        self.answers: list[httpx.Response] = []
        """All there were."""

    def send(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        content: bytes | None = None,
        headers: dict[str, str] | None = None,
    ) -> httpx.Response:
        """Send a request to a path, with a body as JSON or as it is."""
        more = {} if body is None and content is None else {"Content-Type": "application/json"}
        sent = {**self.headers, **more, **(headers or {})}
        payload = json.dumps(body).encode() if body is not None else content

        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(self._app)
            async with httpx.AsyncClient(
                transport=transport, base_url="http://127.0.0.1"
            ) as client:
                return await client.request(method, path, content=payload, headers=sent)

        self.answers.append(asyncio.run(ask()))
        return self.answers[-1]

    @cached_property
    def project(self) -> str:
        """The UUID of the project."""
        [project] = self.send("GET", "/api/v1/projects/").json()
        return str(project["id"])

    def path(self, collection: str, identifier: str = "") -> str:
        """Return the path of all of a kind, or of one."""
        owner = "" if collection in _OF_ORGANIZATION else f"projects/{self.project}/"
        return f"/api/v1/{owner}{collection}/" + (f"{identifier}/" if identifier else "")

    def make(self, collection: str, **changes: Any) -> dict[str, Any]:
        """Make one of a kind, with the usual body but for the changes."""
        answer = self.send("POST", self.path(collection), BODIES[collection] | changes)
        assert 201 == answer.status_code, answer.text
        made: dict[str, Any] = answer.json()
        return made

    def read(self, collection: str, identifier: str) -> dict[str, Any]:
        """Return one."""
        answer = self.send("GET", self.path(collection, identifier))
        assert 200 == answer.status_code, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def read_all(self, collection: str) -> list[dict[str, Any]]:
        """Return all of a kind."""
        answer = self.send("GET", self.path(collection))
        assert 200 == answer.status_code, answer.text
        found: list[dict[str, Any]] = answer.json()
        return found

    def change(self, collection: str, identifier: str, **changes: Any) -> httpx.Response:
        """Send changes of one."""
        method = "PATCH" if collection == "slos" else "PUT"
        return self.send(method, self.path(collection, identifier), changes)


def places(answer: httpx.Response) -> list[list[str | int]]:
    """Return where an answer says the body is wrong, or fail where it is no such answer."""
    assert 422 == answer.status_code, answer.text
    return [each["loc"] for each in answer.json()["detail"]]
