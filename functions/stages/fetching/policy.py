"""What a fetch may reach, and what it may cost."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from importlib.metadata import version
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


@cache
def default_user_agent() -> str:
    """Name this program and its version, as RFC 9110 section 10.1.5 asks."""
    return f"mystage/{version('mystage')}"


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchPolicy:
    """Set the limits of a fetch; the defaults suit pages of strangers.

    A production service keeps the defaults and adds an address to complain to:
    ``user_agent="mystage/1.2 (+https://…)"``. A local run switches on what it needs.

    Args:
        connect_timeout: Seconds for DNS, for each address tried, and for the TLS handshake.
        read_timeout: Seconds a server may stay silent.
        total_timeout: Seconds for everything, redirects and body included.
        max_bytes: Largest body, as sent and as decoded.
        max_redirects: Redirects followed before giving up.
        max_retry_after: Longest wait a server may ask for with Retry-After.
        user_agent: Sent as the User-Agent header.
        allow_private_addresses: Reach loopback and private networks too. Only for local runs.
        file_roots: Folders out of which ``file:`` locations are read; none are read without.
        ca_bundle: PEM file of the certificate authorities to trust instead of requests' own.

    Raises:
        ValueError: A limit is not above zero, the user agent is not one header line, or the
            bundle is no file.
    """

    connect_timeout: float = 10.0
    read_timeout: float = 20.0
    total_timeout: float = 60.0
    max_bytes: int = 10 * 1024 * 1024
    max_redirects: int = 10
    max_retry_after: timedelta = timedelta(hours=1)
    user_agent: str = field(default_factory=default_user_agent)
    allow_private_addresses: bool = False
    file_roots: tuple[Path, ...] = ()
    ca_bundle: Path | None = None

    def __post_init__(self) -> None:
        for name in ("connect_timeout", "read_timeout", "total_timeout", "max_bytes"):
            if not getattr(self, name) > 0:
                raise ValueError(f"FetchPolicy.{name} must be above 0, not {getattr(self, name)!r}")
        if self.max_redirects < 0:
            raise ValueError(f"FetchPolicy.max_redirects cannot be {self.max_redirects!r}")
        if self.max_retry_after < timedelta(0):
            raise ValueError(f"FetchPolicy.max_retry_after cannot be {self.max_retry_after!r}")
        if self.ca_bundle is not None and not self.ca_bundle.is_file():
            raise ValueError(f"FetchPolicy.ca_bundle is no file: {self.ca_bundle}")
        agent = self.user_agent
        if not (agent and agent.isascii() and agent.isprintable() and agent == agent.strip()):
            raise ValueError(f"FetchPolicy.user_agent must be one line of ASCII, not {agent!r}")
