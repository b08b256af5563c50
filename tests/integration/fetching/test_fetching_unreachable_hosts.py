from __future__ import annotations

import errno
import socket
import threading
import time
from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from functions.errors import RetryableError
from functions.stages.fetching import Fetched, FetchPolicy, connections, fetch

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Dns, RawServer

    Serve = Callable[..., RawServer]

_PAGE = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\npage"


def test_a_refused_connection_is_tried_again(local: FetchPolicy) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

    with pytest.raises(RetryableError, match=f"cannot connect to 127.0.0.1 .*port {port}"):
        fetch(f"http://127.0.0.1:{port}/", policy=local)


def test_an_ipv6_address_is_connected_to(
    local: FetchPolicy, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_self: socket.socket, address: tuple[str, int]) -> None:
        reached.append(address)
        raise ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused")

    reached: list[tuple[str, int]] = []
    monkeypatch.setattr(connections._Socket, "connect", refuse)

    with pytest.raises(RetryableError, match=r"cannot connect to ::1 .*refused"):
        fetch("http://[::1]:8080/", policy=local)

    assert [("::1", 8080)] == reached


def test_ipv4_is_tried_where_there_is_no_ipv6(
    serve: Serve, local: FetchPolicy, dns: Dns, monkeypatch: pytest.MonkeyPatch
) -> None:
    def without_ipv6(family: int, kind: int) -> socket.socket:
        if family == socket.AF_INET6:
            raise OSError(errno.EAFNOSUPPORT, "Address family not supported by protocol")
        return original(family, kind)

    original = connections._Socket
    monkeypatch.setattr(connections, "_Socket", without_ipv6)
    server = serve(_PAGE)
    dns.answers["both.test"] = [["::1", "127.0.0.1"]]

    assert isinstance(fetch(f"http://both.test:{server.port}/", policy=local), Fetched)


@pytest.mark.parametrize(
    ("limit", "reason"),
    [
        ({"connect_timeout": 0.2}, "port .*timed out"),  # the connection takes too long
        ({"total_timeout": 0.2}, r"longer than 0\.2 s in total"),  # everything does
    ],
)
def test_a_connection_that_hangs_is_tried_again(
    local: FetchPolicy, limit: dict[str, float], reason: str
) -> None:
    # A full backlog: the kernel drops further connections without a word, like a firewall.
    with ExitStack() as sockets:
        listener = sockets.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(4):
            waiting = sockets.enter_context(socket.socket())
            waiting.setblocking(False)  # noqa: FBT003 - the standard library's signature
            waiting.connect_ex(listener.getsockname())

        with pytest.raises(RetryableError, match=reason):
            fetch(f"http://127.0.0.1:{listener.getsockname()[1]}/", policy=replace(local, **limit))


def test_an_unknown_name_is_tried_again(local: FetchPolicy, dns: Dns) -> None:
    with pytest.raises(RetryableError, match=r"DNS knows no address of nowhere\.test"):
        fetch("http://nowhere.test/", policy=local)

    assert ["nowhere.test"] == dns.queries


@pytest.mark.parametrize(
    ("limit", "reason"),
    [
        ({"connect_timeout": 0.2}, r"DNS did not answer for slow\.test"),  # DNS takes too long
        ({"total_timeout": 0.2}, r"longer than 0\.2 s in total"),  # everything does
    ],
)
def test_dns_that_does_not_answer_is_not_waited_for(
    local: FetchPolicy, monkeypatch: pytest.MonkeyPatch, limit: dict[str, float], reason: str
) -> None:
    over = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_options: over.wait(10) and [])
    start = time.monotonic()

    try:
        with pytest.raises(RetryableError, match=reason):
            fetch("http://slow.test/", policy=replace(local, **limit))
    finally:
        over.set()

    assert time.monotonic() - start < 2


def test_the_next_address_is_tried_when_the_first_fails(
    serve: Serve, local: FetchPolicy, dns: Dns
) -> None:
    server = serve(_PAGE)
    dns.answers["two.test"] = [["127.0.0.2", "127.0.0.1"]]

    fetched = fetch(f"http://two.test:{server.port}/", policy=local)

    assert isinstance(fetched, Fetched)
    assert f"Host: two.test:{server.port}".encode() in server.requests[0]
