"""A small web site on this machine: sample pages, and the web's bad habits."""

from __future__ import annotations

import hashlib
import os
import re
import socket
import sys
import threading
from contextlib import suppress
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from enum import StrEnum
from http import HTTPStatus
from http.client import HTTPMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import quote

from functions.stages.fetching.files import PAGE_TYPES, file_path
from functions.stages.fetching.sources import expand_sources

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_HOST = "127.0.0.1"
_POLL_SECONDS = 0.02
_FLAKY_RETRY_AFTER_SECONDS = 1  # The least that Retry-After can ask for.
_ENDLESS_BLOCK = b"<p>And there is more to come.</p>\n" * 2048
# https://html.spec.whatwg.org/multipage/parsing.html#prescan-a-byte-stream-to-determine-its-encoding
_PRESCANNED_BYTES = 1024
_DECLARED_ENCODING = re.compile(rb"<meta[^>]+charset|<\?xml[^>]+encoding", re.IGNORECASE)


class Outcome(StrEnum):
    """Say how fetching has to end."""

    FETCHED = "a page at the first attempt"
    FETCHED_LATER = "a page at the second attempt"
    GIVEN_UP = "no page, given up at the first attempt"
    NEVER_FETCHED = "no page, given up after the last attempt"


@dataclass(frozen=True, slots=True)
class BadHabit:
    """Declare something that the web does to its readers.

    Args:
        path: Where the site does it.
        outcome: How fetching the path has to end.
        description: What the site does there.
        answer: Does it.
    """

    path: str
    outcome: Outcome
    description: str
    answer: Callable[[_Handler], None]


@dataclass(frozen=True, slots=True)
class LoggedRequest:
    """Record one answered request.

    Args:
        path: As requested.
        status: As answered.
        is_conditional: Whether it asked for the page only if that changed.
    """

    path: str
    status: int
    is_conditional: bool


class DemoSite:
    """Serve a folder of pages and the `BAD_HABITS` on a free port of 127.0.0.1.

    Pages carry ETag and Last-Modified and answer conditional requests. A page that declares its
    own encoding is served without a charset, any other with ``charset=utf-8`` where that is true.

    A context manager: the site runs inside the ``with`` block and is gone, threads and all, after
    it, whatever its clients are doing. To be entered once.

    Args:
        pages: The folder of pages, read at any depth as `expand_sources` does.

    Raises:
        SourceError: The folder holds no pages.
    """

    def __init__(self, pages: Path) -> None:
        self._pages: dict[str, Path] = {}
        for source in expand_sources([str(pages)]):
            file = file_path(source.location)
            self._pages["/" + quote(os.fsencode(os.path.relpath(file, source.root)))] = file

    def __enter__(self) -> Self:
        self._server = _Server(self._pages)
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(_POLL_SECONDS,), name="demo-site"
        )
        self._thread.start()
        return self

    def __exit__(self, *_exc_info: object) -> None:
        self._server.shutdown()
        self._server.hang_up()
        self._server.server_close()
        self._thread.join()

    def url(self, path: str) -> str:
        """Give the full URL of a path; the site has to run, or have run."""
        return f"http://{_HOST}:{self._server.server_port}{path}"

    @property
    def pages(self) -> list[str]:
        """Give the paths of the pages, sorted."""
        return sorted(self._pages)

    @property
    def urls(self) -> list[str]:
        """Give the URLs of all pages and bad habits, to be used as sources."""
        return [self.url(path) for path in (*self.pages, *(habit.path for habit in BAD_HABITS))]

    @property
    def requests(self) -> tuple[LoggedRequest, ...]:
        """Give the requests answered until now."""
        return tuple(self._server.log)


class _Server(ThreadingHTTPServer):
    daemon_threads = False  # So that server_close() waits for them.
    request_queue_size = 128

    def __init__(self, pages: dict[str, Path]) -> None:
        self.pages = pages
        self.log: list[LoggedRequest] = []
        self.flaky = threading.Lock()  # Held from the first request to /flaky on.
        self.closing = threading.Event()
        self._connections: set[socket.socket] = set()
        self._connections_lock = threading.Lock()
        super().__init__((_HOST, 0), _Handler)

    def server_bind(self) -> None:
        # HTTPServer's own asks DNS for the name of the address.
        TCPServer.server_bind(self)
        self.server_name, self.server_port = self.socket.getsockname()

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._connections_lock:
            self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._connections_lock:
            self._connections.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        # A client that hangs up is no fault of the site.
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)

    def hang_up(self) -> None:
        """End every connection, so that no thread waits for a client."""
        self.closing.set()
        with self._connections_lock:
            for connection in self._connections:
                with suppress(OSError):  # The client was quicker.
                    connection.shutdown(socket.SHUT_RDWR)


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    server_version = "mystage-demo"
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    # Until a request is read: a malformed one is logged too.
    path = ""
    headers = HTTPMessage()

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        page = self.server.pages.get(path)
        if page is not None:
            self.send_page(page)
        else:
            _ANSWERS.get(path, _be_gone)(self)

    def send_page(self, page: Path) -> None:
        body = page.read_bytes()
        modified = int(page.stat().st_mtime)
        etag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
        validators = {"ETag": etag, "Last-Modified": self.date_time_string(modified)}
        if self._has_current(etag, modified):
            self.send(304, validators)
        else:
            self.send(200, {"Content-Type": _content_type(page, body), **validators}, body)

    def send(self, status: int, headers: dict[str, str], body: bytes = b"") -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if status != HTTPStatus.NOT_MODIFIED:  # Whose length would be the page's.
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:  # noqa: ARG002
        conditional = "If-None-Match" in self.headers or "If-Modified-Since" in self.headers
        self.server.log.append(LoggedRequest(self.path, int(code), conditional))

    def log_message(self, *_args: Any) -> None:
        """Print nothing: the log is kept for `DemoSite.requests`."""

    def _has_current(self, etag: str, modified: int) -> bool:
        """Follow https://www.rfc-editor.org/rfc/rfc9110#section-13.2.2."""
        asked = self.headers.get("If-None-Match")
        if asked is not None:
            return etag in {each.strip().removeprefix("W/") for each in asked.split(",")}
        try:
            since = parsedate_to_datetime(self.headers.get("If-Modified-Since", ""))
        except ValueError:
            return False
        return modified <= since.timestamp()


def _content_type(page: Path, body: bytes) -> str:
    media_type = PAGE_TYPES[page.suffix.lower()]
    if _DECLARED_ENCODING.search(body[:_PRESCANNED_BYTES]):
        return media_type
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:
        return media_type
    return f"{media_type}; charset=utf-8"


def _be_gone(handler: _Handler) -> None:
    handler.send(404, {"Content-Type": "text/plain"}, b"Nothing here.\n")


def _be_slow(handler: _Handler) -> None:
    handler.server.closing.wait()
    handler.close_connection = True


def _loop(handler: _Handler) -> None:
    other = {"/loop-a": "/loop-b", "/loop-b": "/loop-a"}[handler.path.partition("?")[0]]
    handler.send(302, {"Location": other})


def _be_flaky(handler: _Handler) -> None:
    if handler.server.flaky.acquire(blocking=False):
        handler.send(503, {"Retry-After": str(_FLAKY_RETRY_AFTER_SECONDS)})
    else:
        handler.send_page(handler.server.pages[min(handler.server.pages)])


def _be_moved(handler: _Handler) -> None:
    handler.send(301, {"Location": min(handler.server.pages)})


def _be_huge(handler: _Handler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Type", "text/html; charset=utf-8")
    handler.send_header("Connection", "close")
    handler.end_headers()
    while not handler.server.closing.is_set():
        handler.wfile.write(_ENDLESS_BLOCK)


BAD_HABITS: tuple[BadHabit, ...] = (
    BadHabit("/gone", Outcome.GIVEN_UP, "answers 404 Not Found", _be_gone),
    BadHabit("/slow", Outcome.NEVER_FETCHED, "is silent for longer than anybody waits", _be_slow),
    BadHabit("/loop-a", Outcome.GIVEN_UP, "redirects in circles", _loop),
    BadHabit("/flaky", Outcome.FETCHED_LATER, "answers 503, then with a page", _be_flaky),
    BadHabit("/moved", Outcome.FETCHED, "redirects to a page", _be_moved),
    BadHabit("/huge", Outcome.GIVEN_UP, "sends a page without end", _be_huge),
)
_ANSWERS = {"/loop-b": _loop, **{habit.path: habit.answer for habit in BAD_HABITS}}
