"""A receiver of webhooks that answers as a test wants."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

SECRET = "T0k3nOfTheHookNobodyMayKnow"


@dataclass
class Planned:
    """Say what is answered."""

    status: int = 200
    body: str = "ok"
    headers: dict[str, str] = field(default_factory=dict)


class Receiver:
    """Take what is posted, and answer as planned, then with 200.

    Its address has a secret in it.
    """

    def __init__(self, server: ThreadingHTTPServer) -> None:
        self.url = f"http://127.0.0.1:{server.server_address[1]}/hook/{SECRET}"
        self.masked = f"http://127.0.0.1:{server.server_address[1]}/**********"
        self.planned: list[Planned] = []
        self.bodies: list[dict[str, Any]] = []
        self.logins: list[str | None] = []
        self.open = threading.Event()
        """Answers wait for it."""
        self.open.set()
        self.arrived = threading.Semaphore(0)

    def plan(self, *statuses: int, body: str = "ok", **headers: str) -> None:
        """Answer the next requests with these statuses."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.planned += [Planned(status, body, named) for status in statuses]

    def told(self) -> list[bool]:
        """Return of each message whether there were matches."""
        return [body["has_matches"] for body in self.bodies]


@contextmanager
def receiving(port: int = 0) -> Iterator[Receiver]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            receiver.logins.append(self.headers["Authorization"])
            receiver.bodies.append(json.loads(body))
            receiver.arrived.release()
            receiver.open.wait(60)
            answer = receiver.planned.pop(0) if receiver.planned else Planned()
            content = answer.body.encode()
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    server.daemon_threads = True
    receiver = Receiver(server)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        receiver.open.set()
        server.shutdown()
        server.server_close()
        thread.join()
