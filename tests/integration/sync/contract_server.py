"""A server that follows the management API's contract in memory, and fails as it is told to."""

from __future__ import annotations

import contextlib
import copy
import json
import re
import threading
import uuid
from collections import Counter
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PROJECT = "11111111-2222-4333-8444-555555555555"
OTHER_PROJECT = "99999999-2222-4333-8444-555555555555"
RELEASE = "v2026-09-14.01"
UNIQUE = {"dashboards": "slug", "alerts": "name", "channels": "label", "slos": "name"}
PATH = re.compile(
    r"/api/v1/(?:projects/(?P<project>[^/]+)/)?(?P<collection>dashboards|alerts|slos|channels"
    r"|schedules)/(?:(?P<id>[^/]+)/)?"
)


@dataclass
class Fault:
    """Say what goes wrong, how often, with which requests."""

    method: str
    path: str
    times: int = 1
    status: int = 0
    """What is answered instead of doing it; 0 for cutting the connection."""
    body: str = '{"detail": "so it was told"}'
    headers: dict[str, str] = field(default_factory=dict)
    work: bool = False
    """Whether it is done all the same."""
    then: Callable[[], object] | None = None
    """What else happens before the client knows."""


@dataclass
class Contract:
    """Hold what the server holds, and what has been asked of it."""

    objects: dict[str, dict[str, dict[str, Any]]] = field(
        default_factory=lambda: {
            name: {} for name in ("dashboards", "alerts", "slos", "channels", "schedules")
        }
    )
    faults: list[Fault] = field(default_factory=list)
    absent: set[str] = field(default_factory=set)
    """Collections that it is too old for."""
    unlisted: set[str] = field(default_factory=set)
    """Collections that it lets be written and not listed."""
    key: str = ""
    """The only key it takes; any, if there is none."""
    projects: list[tuple[str, str]] = field(default_factory=lambda: [(PROJECT, "shop")])
    requests: list[tuple[str, str]] = field(default_factory=list)
    secrets: dict[str, str] = field(default_factory=dict)
    keys_seen: set[str] = field(default_factory=set)
    url: str = ""
    lock: threading.RLock = field(default_factory=threading.RLock)

    def counts(self) -> Counter[str]:
        """Return how many requests of which method there were."""
        return Counter(method for method, _ in self.requests)

    def only(self, collection: str) -> dict[str, Any]:
        """Return the one object of a collection."""
        (found,) = self.objects[collection].values()
        return found

    def answer(self, method: str, path: str, body: Any) -> tuple[int, Any]:  # noqa: PLR0911
        """Do what a request says."""
        if path == "/api/v1/projects/":
            return 200, [{"id": each, "project_name": name} for each, name in self.projects]
        match = PATH.fullmatch(path)
        if match is None or match["collection"] in self.absent:
            return 404, {"detail": "Not Found"}
        collection, identifier = match["collection"], match["id"]
        held = self.objects[collection]
        if match["project"] not in (None, PROJECT):
            return (200, []) if method == "GET" else (404, {"detail": "no such project"})
        if identifier is None:
            if method == "POST":
                return self._create(collection, body)
            if collection in self.unlisted:
                return 405, {"detail": "Method Not Allowed"}
            return 200, [self._show(collection, each, listed=True) for each in held.values()]
        if identifier not in held:
            return 404, {"detail": "Not Found"}
        if method == "DELETE":
            del held[identifier]
            return 204, None
        if method in ("PUT", "PATCH"):
            self._write(collection, held[identifier], body)
        return 200, self._show(collection, held[identifier], listed=False)

    def _create(self, collection: str, body: Any) -> tuple[int, Any]:
        unique = UNIQUE.get(collection)
        if unique and any(
            each[unique] == body[unique] for each in self.objects[collection].values()
        ):
            return 409, {"detail": "it is there"}
        made = {"id": str(uuid.uuid4())}
        self._write(collection, made, body)
        if collection == "channels":
            made["active"] = True
        self.objects[collection][made["id"]] = made
        return 201, self._show(collection, made, listed=False)

    def _write(self, collection: str, held: dict[str, Any], body: Any) -> None:
        body = copy.deepcopy(body)
        held["updated_at"] = "2026-11-24T12:00:00Z"
        held["updated_by_name"] = "Ada"
        config = body.get("config")
        for key in ("url", "auth_key", "routing_key"):
            if config and key in config:
                self.secrets[body.get("label") or held["label"]] = config[key]
                parts = urlsplit(config[key])
                config[key] = f"{parts.scheme}://{parts.netloc}/**********"
                if key != "url":
                    config[key] = "**********"
        held.update(body)

    def _show(self, collection: str, held: dict[str, Any], *, listed: bool) -> Any:
        if collection != "dashboards":
            return held
        if not listed:
            definition = copy.deepcopy(held["definition"])
            # As a real server: what it knows of its own.
            definition["metadata"] |= {"version": 3, "createdAt": "2026-01-01T00:00:00Z"}
            definition["spec"].setdefault("datasources", {})
            return {"dashboard": definition}
        summary = {key: value for key, value in held.items() if key != "definition"}
        return {
            **summary,
            "dashboard_name": summary.pop("name"),
            "dashboard_slug": summary.pop("slug"),
        }


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Otherwise an answer waits for the acknowledgement of its own headers.
    disable_nagle_algorithm = True
    wbufsize = -1
    contract: Contract

    def handle_one_request(self) -> None:
        with contextlib.suppress(ConnectionError):
            super().handle_one_request()

    def do_GET(self) -> None:
        contract = self.contract
        length = int(self.headers.get("Content-Length") or 0)
        text = self.rfile.read(length)
        body = json.loads(text) if text else None
        with contract.lock:
            contract.requests.append((self.command, self.path))
            key = (self.headers.get("Authorization") or "").removeprefix("Bearer ")
            contract.keys_seen.add(key)
            if contract.key and key != contract.key:
                self.tell(401, {"detail": "Invalid token"})
                return
            fault = next(
                (
                    each
                    for each in contract.faults
                    if each.times and each.method == self.command and each.path in self.path
                ),
                None,
            )
            answer = (0, None)
            if fault is None or fault.work:
                answer = contract.answer(self.command, self.path, body)
        if fault is None:
            self.tell(*answer)
            return
        fault.times -= 1
        if fault.then is not None:
            fault.then()
        if fault.status:
            self.tell(fault.status, None, raw=fault.body, headers=fault.headers)
        else:
            self.close_connection = True

    do_POST = do_PUT = do_PATCH = do_DELETE = do_GET  # noqa: N815 - the library's names

    def tell(
        self, status: int, body: Any, raw: str | None = None, headers: dict[str, str] | None = None
    ) -> None:
        content = (raw if raw is not None else json.dumps(body)).encode() if status != 204 else b""
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Logfire-Version", RELEASE)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
        self.wfile.flush()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextlib.contextmanager
def serve(contract: Contract) -> Iterator[Contract]:
    """Serve on a port of this machine while the block runs."""
    handler = type("Handler", (Handler,), {"contract": contract})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        contract.url = f"http://127.0.0.1:{server.server_port}"
        try:
            yield contract
        finally:
            server.shutdown()
            thread.join()
