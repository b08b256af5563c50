"""Which internet addresses are public, and what spells one.

The tables are IANA's (https://www.iana.org/assignments/iana-ipv4-special-registry and
https://www.iana.org/assignments/iana-ipv6-special-registry). They stand here in full because
`ipaddress` judges some of them differently from one patch release of Python to the next.
"""

from __future__ import annotations

import re
from enum import StrEnum
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import TypeAlias

IPAddress: TypeAlias = IPv4Address | IPv6Address


class AddressKind(StrEnum):
    """Name what an address is for, in the words of an error message."""

    PUBLIC = "public"
    LOOPBACK = "loopback"
    PRIVATE = "private"
    SHARED = "carrier-grade NAT"
    LINK_LOCAL = "link-local, where clouds keep their metadata server"
    MULTICAST = "multicast"
    UNSPECIFIED = "unspecified"
    RESERVED = "reserved"


# What a local run may reach besides the public internet. Never the metadata server.
LOCAL_KINDS = frozenset(
    {AddressKind.PUBLIC, AddressKind.LOOPBACK, AddressKind.PRIVATE, AddressKind.SHARED}
)

# IPv4 is public except for these.
_IPV4_KINDS: tuple[tuple[IPv4Network, AddressKind], ...] = tuple(
    (IPv4Network(network), kind)
    for network, kind in (
        ("0.0.0.0/32", AddressKind.UNSPECIFIED),
        ("0.0.0.0/8", AddressKind.RESERVED),  # "this network": Linux connects to itself
        ("10.0.0.0/8", AddressKind.PRIVATE),
        ("100.64.0.0/10", AddressKind.SHARED),
        ("127.0.0.0/8", AddressKind.LOOPBACK),
        ("169.254.0.0/16", AddressKind.LINK_LOCAL),
        ("172.16.0.0/12", AddressKind.PRIVATE),
        ("192.0.0.0/24", AddressKind.RESERVED),  # IETF protocols; Oracle's metadata server
        ("192.0.2.0/24", AddressKind.RESERVED),  # documentation
        ("192.31.196.0/24", AddressKind.RESERVED),  # AS112
        ("192.52.193.0/24", AddressKind.RESERVED),  # AMT relays
        ("192.88.99.0/24", AddressKind.RESERVED),  # 6to4 relays
        ("192.168.0.0/16", AddressKind.PRIVATE),
        ("192.175.48.0/24", AddressKind.RESERVED),  # AS112
        ("198.18.0.0/15", AddressKind.RESERVED),  # benchmarks of network devices
        ("198.51.100.0/24", AddressKind.RESERVED),  # documentation
        ("203.0.113.0/24", AddressKind.RESERVED),  # documentation
        ("224.0.0.0/4", AddressKind.MULTICAST),
        ("240.0.0.0/4", AddressKind.RESERVED),  # and 255.255.255.255, broadcast
    )
)

# IPv6 is reserved except for these and for what is left of 2000::/3. Teredo, 6to4 and the
# discard prefix stay reserved with no look at the IPv4 address inside: no web site is there.
_IPV6_KINDS: tuple[tuple[IPv6Network, AddressKind], ...] = tuple(
    (IPv6Network(network), kind)
    for network, kind in (
        ("::/128", AddressKind.UNSPECIFIED),
        ("::1/128", AddressKind.LOOPBACK),
        ("2001::/23", AddressKind.RESERVED),  # IETF protocols, Teredo, ORCHID
        ("2001:db8::/32", AddressKind.RESERVED),  # documentation
        ("2002::/16", AddressKind.RESERVED),  # 6to4
        ("2620:4f:8000::/48", AddressKind.RESERVED),  # AS112
        ("3fff::/20", AddressKind.RESERVED),  # documentation
        ("2000::/3", AddressKind.PUBLIC),
        ("fc00::/7", AddressKind.PRIVATE),  # Google's and Amazon's metadata servers too
        ("fe80::/10", AddressKind.LINK_LOCAL),
        ("fec0::/10", AddressKind.PRIVATE),  # site-local, deprecated
        ("ff00::/8", AddressKind.MULTICAST),
    )
)

# https://www.rfc-editor.org/rfc/rfc6052#section-2.1: where there is no IPv4, public sites are here.
_NAT64 = IPv6Network("64:ff9b::/96")

# https://url.spec.whatwg.org/#ends-in-a-number-checker
_NUMBER = re.compile(r"[0-9]+|0[xX][0-9A-Fa-f]*")
_NUMBERS = 4
_BYTE = 256


def kind_of(address: IPAddress) -> AddressKind:
    """Say what an address is for; IPv4-mapped and NAT64 ones are what they hold."""
    if isinstance(address, IPv4Address):
        kinds = (kind for network, kind in _IPV4_KINDS if address in network)
        return next(kinds, AddressKind.PUBLIC)
    if address.ipv4_mapped is not None:
        return kind_of(address.ipv4_mapped)
    if address in _NAT64:
        return kind_of(IPv4Address(int(address) & 0xFFFF_FFFF))
    return next((kind for network, kind in _IPV6_KINDS if address in network), AddressKind.RESERVED)


def parse_ipv4(host: str) -> IPv4Address | None:
    """Read every spelling of an IPv4 address that some resolver understands.

    ``127.0.0.1``, ``127.1``, ``2130706433``, ``0177.0.0.1`` and ``0x7f.0.0.1`` are one address
    (https://url.spec.whatwg.org/#concept-ipv4-parser).

    Args:
        host: The host of a URL.

    Returns:
        The address; None if the host is a name.

    Raises:
        ValueError: The host ends in a number, so is no name, and yet is no IPv4 address. The
            message says why of "its host".
    """
    labels = host.removesuffix(".").split(".")
    if not _NUMBER.fullmatch(labels[-1]):
        return None
    if len(labels) > _NUMBERS or not all(_NUMBER.fullmatch(label) for label in labels):
        raise ValueError("its host ends in a number but is no IPv4 address")
    *first, last = (_parse_number(label) for label in labels)
    # The last number fills all the bytes that the others leave.
    filled = _NUMBERS - len(first)
    if any(number >= _BYTE for number in first) or last >= _BYTE**filled:
        raise ValueError("its host has a number too large for an IPv4 address")
    for place, number in enumerate(first):
        last += number * _BYTE ** (_NUMBERS - 1 - place)
    return IPv4Address(last)


def _parse_number(text: str) -> int:
    if text[:2] in {"0x", "0X"}:
        return int(text[2:] or "0", 16)
    if not text.startswith("0"):
        return int(text)
    try:
        return int(text, 8)
    except ValueError:
        raise ValueError("its host has an octal number with a digit above 7") from None
