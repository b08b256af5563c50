"""What the tests of the emulator stand on: a real client and a real target for its tasks."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import grpc
from google.cloud import tasks_v2
from google.cloud.tasks_v2.services.cloud_tasks.transports import CloudTasksGrpcTransport

if TYPE_CHECKING:
    from collections.abc import Callable
    from email.message import Message

PATIENCE = 30.0  # seconds until a condition that should come true at once counts as failed


@dataclass(frozen=True)
class Arrival:
    """One request that reached the target."""

    method: str
    path: str
    headers: Message
    body: bytes
    at: float = field(default_factory=time.time)

    @property
    def task(self) -> str:
        return str(self.headers["X-CloudTasks-TaskName"])


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 1024  # a queue's burst is more than the five it would take otherwise


class Target:
    """An HTTP server that keeps what reaches it and answers as a test says."""

    def __init__(self) -> None:
        self._arrived = threading.Condition()
        self._arrivals: list[Arrival] = []
        self._respond: Callable[[Arrival], int | tuple[int, dict[str, str]]] = lambda _: 200
        self._server = _Server(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def answer(self, respond: Callable[[Arrival], int | tuple[int, dict[str, str]]]) -> None:
        """Answer every request with the status, and headers, that a function gives for it."""
        self._respond = respond

    def wait_for(self, count: int) -> list[Arrival]:
        """Return what has arrived once it is at least so many requests."""
        with self._arrived:
            enough = self._arrived.wait_for(lambda: len(self._arrivals) >= count, PATIENCE)
            assert enough, f"{len(self._arrivals)} of {count} requests arrived"
            return list(self._arrivals)

    def wait_until(self, holds: Callable[[list[Arrival]], bool]) -> list[Arrival]:
        """Return what has arrived once something holds of it."""
        with self._arrived:
            assert self._arrived.wait_for(lambda: holds(self._arrivals), PATIENCE)
            return list(self._arrivals)

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _handler(target: Target) -> type[BaseHTTPRequestHandler]:  # noqa: N805 - self is the handler's
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_any(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                arrival = Arrival(self.command, self.path, self.headers, body)
                with target._arrived:
                    target._arrivals.append(arrival)
                    target._arrived.notify_all()
                answer = target._respond(arrival)
                status, headers = answer if isinstance(answer, tuple) else (answer, {})
                self.send_response(status)
                for name, value in {"Content-Length": "0", **headers}.items():
                    self.send_header(name, value)
                self.end_headers()

            def log_message(self, *args: object) -> None:
                """Say nothing."""

            def handle(self) -> None:
                try:
                    super().handle()
                except ConnectionError:
                    """An emulator was killed in the middle of a request."""

        for method in ("POST", "GET", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD"):
            setattr(Handler, f"do_{method}", Handler.handle_any)
        return Handler


def connect(address: str) -> tasks_v2.CloudTasksClient:
    channel = grpc.insecure_channel(address)
    return tasks_v2.CloudTasksClient(transport=CloudTasksGrpcTransport(channel=channel))


def make_queue(client: tasks_v2.CloudTasksClient, name: str, **settings: Any) -> str:
    quick = {"min_backoff": {"nanos": 10_000_000}, "max_backoff": {"nanos": 20_000_000}}
    created = client.create_queue(
        parent=name.rpartition("/queues/")[0],
        queue={"name": name, "retry_config": quick, **settings},
    )
    return str(created.name)


def wait_until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline, "what a test waits for did not come true"
