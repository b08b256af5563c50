from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest

from functions.errors import PermanentError, RetryableError
from functions.stages.fetching import Fetched, FetchPolicy, connections, fetch

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Dns, RawServer, Visit

    Serve = Callable[..., RawServer]

_PAGE = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\npage"
_PUBLIC = "93.184.216.34"
_STRICT = FetchPolicy(connect_timeout=5)


@pytest.fixture
def routed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Route public addresses to loopback, as there is no internet here.

    Everything else, the checks above all, is the real thing. Gives the addresses connected to.
    """
    reached: list[str] = []
    connect = connections._Socket.connect

    def connect_to_loopback(self: socket.socket, address: tuple[str, int]) -> None:
        reached.append(address[0])
        connect(self, ("127.0.0.1", address[1]) if address[0] == _PUBLIC else address)

    monkeypatch.setattr(connections._Socket, "connect", connect_to_loopback)
    return reached


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",  # plain
        "127.1",  # short
        "2130706433",  # decimal
        "0x7f000001",  # hexadecimal
        "0177.0.0.1",  # octal
        "１２７.0.0.1",  # in full-width digits
        "127.0.0.1.",  # rooted
        "0.0.0.0",  # noqa: S104 - Linux connects to itself
        "[::1]",  # IPv6
        "[::]",  # IPv6, unspecified
        "[::ffff:127.0.0.1]",  # IPv4-mapped
        "[64:ff9b::7f00:1]",  # NAT64
        "[2002:7f00:1::]",  # 6to4
        "169.254.169.254",  # the metadata server
        "[fd20:ce::254]",  # the metadata server
        "10.0.0.1",  # private
        "100.64.0.1",  # carrier-grade NAT
        "224.0.0.1",  # multicast
    ],
)
def test_no_spelling_of_a_forbidden_address_is_connected_to(
    serve: Serve, routed: list[str], host: str
) -> None:
    server = serve(_PAGE)

    with pytest.raises(PermanentError, match="refused, because its host has the address"):
        fetch(f"http://{host}:{server.port}/", policy=_STRICT)

    assert ([], 0) == (routed, server.connections)


@pytest.mark.parametrize(
    "addresses",
    [
        ["127.0.0.1"],  # a name for this machine
        [_PUBLIC, "127.0.0.1"],  # one of each
        ["127.0.0.1", _PUBLIC],  # the other way round
        ["::ffff:10.0.0.1"],  # mapped
        ["fe80::1%eth0"],  # with a zone
    ],
)
def test_a_name_with_a_forbidden_address_is_not_connected_to(
    serve: Serve, dns: Dns, routed: list[str], addresses: list[str]
) -> None:
    server = serve(_PAGE)
    dns.answers["rebind.test"] = [addresses]

    with pytest.raises(PermanentError, match="refused, because its host has the address"):
        fetch(f"http://rebind.test:{server.port}/", policy=_STRICT)

    assert ([], 0) == (routed, server.connections)


def test_a_second_dns_answer_is_never_asked_for(serve: Serve, dns: Dns, routed: list[str]) -> None:
    server = serve(_PAGE)
    dns.answers["rebind.test"] = [[_PUBLIC], ["127.0.0.1"]]

    fetched = fetch(f"http://rebind.test:{server.port}/", policy=_STRICT)

    assert isinstance(fetched, Fetched)
    assert (["rebind.test"], [_PUBLIC]) == (dns.queries, routed)


def test_every_new_connection_is_checked_anew(serve: Serve, dns: Dns, routed: list[str]) -> None:
    server = serve(_PAGE)  # Closes the connection after each answer.
    dns.answers["rebind.test"] = [[_PUBLIC], ["127.0.0.1"]]
    fetch(f"http://rebind.test:{server.port}/", policy=_STRICT)

    with pytest.raises(PermanentError, match="loopback"):
        fetch(f"http://rebind.test:{server.port}/", policy=_STRICT)

    assert ([_PUBLIC], 1) == (routed, server.connections)


@pytest.mark.parametrize(
    "target",
    ["http://127.0.0.1:{}/", "http://0x7f.1:{}/", "//internal.test:{}/", "http://[::1]:{}/"],
)
def test_a_redirect_to_a_forbidden_address_is_not_followed(
    serve: Serve, dns: Dns, routed: list[str], target: str
) -> None:
    internal = serve(_PAGE)
    location = target.format(internal.port).encode()
    public = serve(b"HTTP/1.1 302 Found\r\nLocation: " + location + b"\r\n\r\n")
    dns.answers = {"public.test": [[_PUBLIC]], "internal.test": [["127.0.0.1"]]}

    with pytest.raises(PermanentError, match="loopback"):
        fetch(f"http://public.test:{public.port}/", policy=_STRICT)

    assert ([_PUBLIC], 0) == (routed, internal.connections)


def test_a_kept_connection_of_a_local_run_serves_no_strict_fetch(serve: Serve) -> None:
    def script(visit: Visit) -> None:
        while visit.read_request():
            visit.send(_PAGE)

    server = serve(script)
    fetch(server.url, policy=FetchPolicy(allow_private_addresses=True))

    with pytest.raises(PermanentError, match="loopback"):
        fetch(server.url, policy=_STRICT)

    assert 1 == len(server.requests)


@pytest.mark.parametrize("host", ["169.254.169.254", "[fe80::1]", "224.0.0.1", "255.255.255.255"])
def test_even_a_local_run_reaches_no_metadata_server(routed: list[str], host: str) -> None:
    with pytest.raises(PermanentError, match="refused, because its host has the address"):
        fetch(f"http://{host}/", policy=FetchPolicy(allow_private_addresses=True))

    assert [] == routed


def test_a_public_address_is_connected_to_as_it_is(routed: list[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

    with pytest.raises(RetryableError, match="cannot connect"):
        fetch(f"http://{_PUBLIC}:{port}/", policy=_STRICT)

    assert [_PUBLIC] == routed
