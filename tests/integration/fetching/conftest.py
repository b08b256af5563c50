"""Servers that say exactly what a test wants, on loopback."""

from __future__ import annotations

import socket
import struct
import threading
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING, Self

import pytest

from functions.stages.fetching import FetchPolicy, close_connections

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterator

    Script = bytes | Callable[["Visit"], None]


class Visit:
    """One connection of a client, as a script sees it."""

    def __init__(self, connection: socket.socket, server: RawServer) -> None:
        self.connection = connection
        self.server = server

    def read_request(self) -> bytes:
        """Read up to the end of a request's headers; empty if the client is done."""
        request = b""
        while not request.endswith(b"\r\n\r\n"):
            piece = self.connection.recv(65536)
            if not piece:
                return b""
            request += piece
        self.server.requests.append(request)
        return request

    def send(self, *pieces: bytes) -> None:
        """Send what the client still takes."""
        for piece in pieces:
            self.connection.sendall(piece)

    def drip(self, data: bytes, every: float = 0.03) -> None:
        """Send byte by byte, until the test is over."""
        for byte in data:
            if self.server.over.wait(every):
                return
            self.connection.sendall(bytes([byte]))

    def flood(self, data: bytes) -> None:
        """Send the same again and again, until the client or the test has enough."""
        while not self.server.over.is_set():
            self.connection.sendall(data)

    def reset(self) -> None:
        """Have the connection closed with RST instead of FIN."""
        linger = struct.pack("ii", 1, 0)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)

    def hold(self) -> None:
        """Say nothing until the test is over."""
        self.server.over.wait()


class RawServer:
    """Accept connections on loopback and play a script to each.

    Args:
        script: Bytes are the answer to one request, after which the connection is closed. A
            function does what it likes; the connection is closed when it returns.
        tls: Encrypts the connections.
    """

    def __init__(self, script: Script, *, tls: ssl.SSLContext | None = None) -> None:
        self.script = script
        self.requests: list[bytes] = []
        self.connections = 0
        self.over = threading.Event()
        self._tls = tls
        self._open: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port: int = self._listener.getsockname()[1]

    @property
    def url(self) -> str:
        """The server's address."""
        return f"{'http' if self._tls is None else 'https'}://127.0.0.1:{self.port}/"

    def __enter__(self) -> Self:
        self._acceptor = threading.Thread(target=self._accept, name="raw-server")
        self._acceptor.start()
        return self

    def __exit__(self, *_exc_info: object) -> None:
        self.over.set()
        socket.create_connection(("127.0.0.1", self.port)).close()  # Wakes the acceptor.
        self._acceptor.join()
        self._listener.close()
        for connection in self._open:
            with suppress(OSError):  # Closed already.
                connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()

    def _accept(self) -> None:
        while True:
            connection, _ = self._listener.accept()
            if self.over.is_set():
                connection.close()
                return
            self.connections += 1
            self._open.append(connection)
            thread = threading.Thread(target=self._serve, args=(connection,), name="raw-visit")
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        # A client that hangs up, or distrusts the certificate, is what many tests are about.
        with connection, suppress(OSError):
            if self._tls is None:
                self._play(connection)
                return
            with self._tls.wrap_socket(connection, server_side=True) as encrypted:
                self._open.append(encrypted)  # It took the connection's place.
                self._play(encrypted)

    def _play(self, connection: socket.socket) -> None:
        visit = Visit(connection, self)
        if callable(self.script):
            self.script(visit)
        elif visit.read_request():
            visit.send(self.script)


@pytest.fixture
def serve() -> Iterator[Callable[..., RawServer]]:
    """Start servers that are stopped after the test; takes `RawServer`'s arguments."""
    with ExitStack() as servers:
        yield lambda script, **options: servers.enter_context(RawServer(script, **options))


@pytest.fixture
def local() -> FetchPolicy:
    """A policy that reaches loopback; as patient as a busy machine needs."""
    return FetchPolicy(allow_private_addresses=True, max_bytes=100_000)


@pytest.fixture(autouse=True)
def _connections() -> Iterator[None]:
    """Let no test inherit another's connections."""
    yield
    close_connections()


@pytest.fixture
def dns(monkeypatch: pytest.MonkeyPatch) -> Dns:
    """Stand in for DNS, of which there is none here."""
    fake = Dns()
    monkeypatch.setattr(socket, "getaddrinfo", fake.getaddrinfo)
    return fake


class Dns:
    """Answer queries out of prepared lists; the last answer of a name is given for ever."""

    def __init__(self) -> None:
        self.answers: dict[str, list[list[str]]] = {}
        self.queries: list[str] = []

    def getaddrinfo(self, host: str, port: int, *_args: object, **_kwargs: object) -> list[object]:
        """Answer as `socket.getaddrinfo` does."""
        self.queries.append(host)
        if host not in self.answers:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        answers = self.answers[host]
        addresses = answers.pop(0) if len(answers) > 1 else answers[0]
        return [
            (socket.AF_INET6, socket.SOCK_STREAM, 6, "", (address, port, 0, 0))
            if ":" in address
            else (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))
            for address in addresses
        ]
