"""Which Logfire, or emulator of it, is meant, and which key it gets."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from telemetry.configuration import ANY_TOKEN
from telemetry.emulator.address import EMULATOR_TOKEN, find_emulator
from telemetry.errors import InvalidTarget, ServiceUnreachable
from telemetry.sync.api import Api
from telemetry.sync.waiting import Backoff

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

KEY: Final = "LOGFIRE_API_KEY"
URL: Final = "LOGFIRE_BASE_URL"

_REGION: Final = re.compile(r"pylf_v\d+_(us|eu)_")
REGIONS: Final = {"us": "https://api-us.pydantic.dev", "eu": "https://api-eu.pydantic.dev"}
"""Where Logfire's management API is, by what a key begins with."""


@dataclass(frozen=True, slots=True)
class Instance:
    """Hold where a management API is.

    Attributes:
        url: Its address, without a path.
        key: What it lets in.
        local: Whether it is on this machine: an emulator.
    """

    url: str
    key: str = field(repr=False)
    local: bool

    def connect(self) -> Api:
        """Return a client, which keeps to Logfire's pace unless it is an emulator's."""
        if self.local:
            backoff = Backoff(attempts=3)  # what is not up here is not up soon
            return Api(self.url, self.key, limits=(), backoff=backoff, direct=True)
        return Api(self.url, self.key)


def choose_instance(url: str | None, data: Path, environment: Mapping[str, str]) -> Instance:
    """Return the instance that is meant.

    Args:
        url: What the command line says.
        data: The folder whose emulator is asked where nothing says otherwise.
        environment: May hold an address and a key.

    Raises:
        InvalidTarget: It cannot be told, or there is no key for it.
        ServiceUnreachable: It would be the emulator, which is not up.
    """
    key = environment.get(KEY, "").strip()
    url = url or environment.get(URL) or None
    if url is None:
        region = _REGION.match(key)
        if region is not None:
            url = REGIONS[region[1]]
        elif key:
            raise InvalidTarget(
                f"{KEY} does not say which region it is of: name the API's address with --url"
                f" or {URL}"
            )
        else:
            url = find_emulator(data)
    if url is None:
        raise ServiceUnreachable(
            f"no Logfire emulator is up for {data}: start one with `mystage emulate logfire"
            f" --data {data}`, name another with --url, or give Logfire's key in {KEY}"
        )
    if is_local(url):
        # Never Logfire's own key: whoever listens there is not Logfire.
        return Instance(url.rstrip("/"), environment.get(EMULATOR_TOKEN) or ANY_TOKEN, local=True)
    if not key:
        raise InvalidTarget(
            f"{url} wants a key: make one in the organisation's settings, and put it into {KEY}"
        )
    return Instance(url.rstrip("/"), key, local=False)


def is_local(url: str) -> bool:
    """Say whether an address is of this machine.

    Raises:
        InvalidTarget: It is no address.
    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
        if parts.username is not None:
            host = None  # it would be in messages
    except ValueError:
        host = None
    if not host or parts.scheme not in ("http", "https"):
        raise InvalidTarget(
            "the address of the API has to be https://HOST, or http://HOST, and no user or password"
        )
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
