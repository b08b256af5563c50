"""Connections that lead only where they may, for as long and as much as they may.

Two things `requests` does not do, and hostile pages need:

* An address is judged **at connect time**: a name is resolved once, every address is checked, and
  the connection goes to a checked address, so that no second DNS answer can differ from the
  first. TLS still checks the certificate against the name.
* Time and bytes are limited **at the socket**, where nothing can slip by: headers that drip,
  redirects, endless chunk trailers and 100 Continue answers all cost from the same allowance.
"""

from __future__ import annotations

import os
import socket
import ssl
import time
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from ipaddress import IPv6Address, ip_address
from queue import Empty, SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING, Any, TypeAlias

from requests.adapters import DEFAULT_CA_BUNDLE_PATH, HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from functions.errors import PermanentError, RetryableError
from functions.stages.fetching.addresses import LOCAL_KINDS, AddressKind, kind_of, parse_ipv4
from functions.stages.fetching.urls import redact_url

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from functions.stages.fetching.policy import FetchPolicy

_Target: TypeAlias = tuple[socket.AddressFamily, tuple[Any, ...]]

# Above the body itself: headers (http.client takes 100 lines of 64 KiB at most) and the framing
# of chunks. The body's own limit is counted exactly, elsewhere.
_WIRE_HEADROOM = 1024 * 1024
_KEPT_HOSTS = 128
_KEPT_CONNECTIONS_PER_HOST = 16


class Allowance:
    """Count down what one fetch may still spend, over all of its redirects.

    Args:
        policy: The limits.
    """

    def __init__(self, policy: FetchPolicy) -> None:
        self.policy = policy
        self.url = ""  # The URL being fetched right now, for messages.
        self.has_connected = False  # Whether the current request had to open a connection.
        self._deadline = time.monotonic() + policy.total_timeout
        self._wire_bytes = 2 * policy.max_bytes + _WIRE_HEADROOM

    @property
    def is_out_of_time(self) -> bool:
        """Tell whether the total time is spent."""
        return time.monotonic() >= self._deadline

    def seconds(self, at_most: float) -> float:
        """Give the seconds that the next step may take.

        Raises:
            TimeoutError: None are left.
        """
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return min(left, at_most)

    def require_time(self) -> None:
        """Go on only if there is time.

        Raises:
            TimeoutError: The total time is spent.
        """
        if self.is_out_of_time:
            raise TimeoutError

    def spend_bytes(self, count: int) -> None:
        """Count bytes received.

        Raises:
            PermanentError: They are more than any acceptable answer needs.
        """
        self._wire_bytes -= count
        if self._wire_bytes < 0:
            raise PermanentError(
                f"{self.what}: the server sent far more than a body of {self.policy.max_bytes} "
                "bytes needs. Raise FetchPolicy.max_bytes if the page is worth it"
            )

    @property
    def what(self) -> str:
        """Name the request in a message, without its secrets."""
        return f"GET {redact_url(self.url)}"

    @contextmanager
    def in_force(self) -> Iterator[None]:
        """Make the sockets of this thread count on this allowance."""
        token = _in_force.set(self)
        try:
            yield
        finally:
            _in_force.reset(token)


# urllib3 tells a socket nothing about the request it serves, and a pooled socket serves many.
_in_force: ContextVar[Allowance] = ContextVar("fetch_allowance")


class _Socket(socket.socket):
    def recv_into(self, *args: Any) -> int:
        allowance = _in_force.get()
        self.settimeout(allowance.seconds(allowance.policy.read_timeout))
        count = super().recv_into(*args)
        allowance.spend_bytes(count)
        return count


class _TLSSocket(ssl.SSLSocket):
    def recv_into(self, *args: Any) -> int:
        allowance = _in_force.get()
        self.settimeout(allowance.seconds(allowance.policy.read_timeout))
        count = super().recv_into(*args)
        allowance.spend_bytes(count)
        return count


class _Connection(HTTPConnection):
    def _new_conn(self) -> socket.socket:
        return _connect(self._dns_host, self.port, _in_force.get())


class _TLSConnection(HTTPSConnection):
    def _new_conn(self) -> socket.socket:
        return _connect(self._dns_host, self.port, _in_force.get())


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _TLSPool(HTTPSConnectionPool):
    ConnectionCls = _TLSConnection


@cache
def _tls_context(ca_bundle: Path | None) -> ssl.SSLContext:
    # Read once: the usual bundle takes longer than a page.
    context = ssl.create_default_context(cafile=ca_bundle or DEFAULT_CA_BUNDLE_PATH)
    context.sslsocket_class = _TLSSocket
    return context


class GuardedAdapter(HTTPAdapter):
    """Speak HTTP for `requests` over guarded connections, and keep them alive.

    Used without a `requests.Session`: what that adds (cookies, proxies and passwords from the
    environment, redirects with their bodies) is what pages of strangers must not get.

    Args:
        ca_bundle: PEM file of the authorities to trust; requests' own without it.

    Raises:
        OSError: The bundle cannot be read.
    """

    def __init__(self, ca_bundle: Path | None) -> None:
        self._tls = _tls_context(ca_bundle)
        super().__init__(
            pool_connections=_KEPT_HOSTS, pool_maxsize=_KEPT_CONNECTIONS_PER_HOST, max_retries=0
        )

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Use guarded pools."""
        super().init_poolmanager(*args, ssl_context=self._tls, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _TLSPool}

    def cert_verify(self, conn: Any, *_args: Any, **_kwargs: Any) -> None:
        """Check certificates with the context of this adapter alone, loaded once."""
        conn.cert_reqs = "CERT_REQUIRED"


# Connections are shared by fetches that may reach the same addresses and trust the same
# authorities, and by no others.
_adapters: dict[tuple[bool, Path | None], GuardedAdapter] = {}
if hasattr(os, "register_at_fork"):
    # Two processes on one connection would read each other's answers.
    os.register_at_fork(after_in_child=_adapters.clear)


def adapter_for(policy: FetchPolicy) -> GuardedAdapter:
    """Give the adapter that holds the process's connections under a policy; thread-safe."""
    key = (policy.allow_private_addresses, policy.ca_bundle)
    adapter = _adapters.get(key)
    if adapter is None:
        adapter = _adapters.setdefault(key, GuardedAdapter(policy.ca_bundle))
    return adapter


def close_connections() -> None:
    """Close every idle connection of this process; the next fetch opens new ones."""
    while _adapters:
        _, adapter = _adapters.popitem()
        adapter.close()


def _connect(host: str, port: int, allowance: Allowance) -> socket.socket:
    """Open a TCP connection to a host, if all of its addresses are allowed.

    One forbidden address condemns the host: mixing public and private ones is what an attacker
    does who wants to be asked twice.

    Raises:
        PermanentError: An address is not allowed.
        RetryableError: The name cannot be resolved, or no address can be reached now.
    """
    allowance.has_connected = True
    targets = _resolve(host, port, allowance)
    for _, socket_address in targets:
        _refuse_forbidden(socket_address[0], allowance)
    failure = "it has no address"
    for target in targets:
        try:
            return _open(target, allowance)
        except OSError as error:
            failure = f"{target[1][0]} port {port}: {error.strerror or 'timed out'}"
    allowance.require_time()  # Or else the total time is what failed, not the host.
    raise RetryableError(
        f"{allowance.what}: cannot connect to {host} ({failure}). "
        "If it stays so, check that the site is up"
    )


def _open(target: _Target, allowance: Allowance) -> socket.socket:
    family, socket_address = target
    connection = _Socket(family, socket.SOCK_STREAM)
    try:
        connection.settimeout(allowance.seconds(allowance.policy.connect_timeout))
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.connect(socket_address)
        # What is left holds for the TLS handshake that may follow.
        connection.settimeout(allowance.seconds(allowance.policy.connect_timeout))
    except BaseException:
        connection.close()
        raise
    return connection


def _refuse_forbidden(address: str, allowance: Allowance) -> None:
    kind = kind_of(ip_address(address))
    if kind is AddressKind.PUBLIC:
        return
    if allowance.policy.allow_private_addresses and kind in LOCAL_KINDS:
        return
    raise PermanentError(
        f"{allowance.what}: refused, because its host has the address {address} ({kind}). "
        "Only public addresses are fetched; a local run may allow loopback and private ones "
        "(FetchPolicy.allow_private_addresses)"
    )


def _resolve(host: str, port: int, allowance: Allowance) -> list[_Target]:
    if ":" in host:
        return [(socket.AF_INET6, (str(IPv6Address(host.strip("[]"))), port))]
    literal = parse_ipv4(host)
    if literal is not None:
        return [(socket.AF_INET, (str(literal), port))]
    answers: SimpleQueue[list[_Target] | OSError] = SimpleQueue()
    # getaddrinfo knows no time-out. The thread ends with the system resolver's own patience.
    Thread(target=_ask_dns, args=(host, port, answers), name="dns", daemon=True).start()
    try:
        answer = answers.get(timeout=allowance.seconds(allowance.policy.connect_timeout))
    except Empty:
        allowance.require_time()
        raise RetryableError(f"{allowance.what}: DNS did not answer for {host} in time") from None
    if isinstance(answer, OSError):
        raise RetryableError(
            f"{allowance.what}: DNS knows no address of {host} ({answer.strerror}). "
            "If it stays so, check the spelling and that the site still exists"
        )
    return answer


def _ask_dns(host: str, port: int, answers: SimpleQueue[list[_Target] | OSError]) -> None:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        answers.put(error)
    except UnicodeError as error:
        answers.put(OSError(0, str(error)))
    else:
        internet = (socket.AF_INET, socket.AF_INET6)
        answers.put([(family, address) for family, *_, address in found if family in internet])
