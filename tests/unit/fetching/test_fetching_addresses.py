from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.stages.fetching.addresses import LOCAL_KINDS, AddressKind, kind_of, parse_ipv4


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("93.184.216.34", AddressKind.PUBLIC),  # a web site
        ("8.8.8.8", AddressKind.PUBLIC),  # first byte below 10
        ("9.255.255.255", AddressKind.PUBLIC),  # the last before 10/8
        ("11.0.0.0", AddressKind.PUBLIC),  # the first after 10/8
        ("100.63.255.255", AddressKind.PUBLIC),  # the last before 100.64/10
        ("100.128.0.0", AddressKind.PUBLIC),  # the first after 100.64/10
        ("172.15.255.255", AddressKind.PUBLIC),  # the last before 172.16/12
        ("172.32.0.0", AddressKind.PUBLIC),  # the first after 172.16/12
        ("192.167.255.255", AddressKind.PUBLIC),  # the last before 192.168/16
        ("223.255.255.255", AddressKind.PUBLIC),  # the last before multicast
        ("0.0.0.0", AddressKind.UNSPECIFIED),  # noqa: S104 - Linux connects to itself
        ("0.1.2.3", AddressKind.RESERVED),  # "this network"
        ("10.0.0.1", AddressKind.PRIVATE),  # RFC 1918
        ("172.16.0.1", AddressKind.PRIVATE),  # RFC 1918
        ("172.31.255.255", AddressKind.PRIVATE),  # RFC 1918, its end
        ("192.168.1.1", AddressKind.PRIVATE),  # RFC 1918
        ("100.64.0.1", AddressKind.SHARED),  # carrier-grade NAT
        ("100.100.100.200", AddressKind.SHARED),  # Alibaba's metadata server
        ("127.0.0.1", AddressKind.LOOPBACK),  # the usual one
        ("127.255.255.254", AddressKind.LOOPBACK),  # as good as the usual one
        ("169.254.169.254", AddressKind.LINK_LOCAL),  # Google's, Amazon's, Azure's metadata server
        ("192.0.0.192", AddressKind.RESERVED),  # Oracle's metadata server
        ("192.0.2.1", AddressKind.RESERVED),  # documentation
        ("192.88.99.1", AddressKind.RESERVED),  # 6to4 relay
        ("198.18.0.1", AddressKind.RESERVED),  # benchmarks
        ("198.51.100.1", AddressKind.RESERVED),  # documentation
        ("203.0.113.1", AddressKind.RESERVED),  # documentation
        ("224.0.0.1", AddressKind.MULTICAST),  # all hosts
        ("239.255.255.250", AddressKind.MULTICAST),  # UPnP discovery
        ("240.0.0.1", AddressKind.RESERVED),  # class E
        ("255.255.255.255", AddressKind.RESERVED),  # broadcast
        ("2606:2800:220:1:248:1893:25c8:1946", AddressKind.PUBLIC),  # a web site
        ("2001:4860:4860::8888", AddressKind.PUBLIC),  # 2001, beyond the IETF's part of it
        ("::", AddressKind.UNSPECIFIED),  # connects to itself
        ("::1", AddressKind.LOOPBACK),  # the only one
        ("::7f00:1", AddressKind.RESERVED),  # IPv4-compatible, deprecated
        ("::ffff:127.0.0.1", AddressKind.LOOPBACK),  # IPv4-mapped
        ("::ffff:169.254.169.254", AddressKind.LINK_LOCAL),  # IPv4-mapped metadata server
        ("::ffff:93.184.216.34", AddressKind.PUBLIC),  # IPv4-mapped web site
        ("64:ff9b::7f00:1", AddressKind.LOOPBACK),  # NAT64 of 127.0.0.1
        ("64:ff9b::a9fe:a9fe", AddressKind.LINK_LOCAL),  # NAT64 of the metadata server
        ("64:ff9b::5db8:d822", AddressKind.PUBLIC),  # NAT64 of a web site: no IPv4 there
        ("64:ff9b:1::1", AddressKind.RESERVED),  # NAT64 for local use
        ("100::1", AddressKind.RESERVED),  # discard
        ("2001::1", AddressKind.RESERVED),  # Teredo
        ("2001:db8::1", AddressKind.RESERVED),  # documentation
        ("2002:7f00:1::", AddressKind.RESERVED),  # 6to4 of 127.0.0.1
        ("3fff::1", AddressKind.RESERVED),  # documentation
        ("4000::1", AddressKind.RESERVED),  # given to nobody
        ("5f00::1", AddressKind.RESERVED),  # segment routing
        ("fc00::1", AddressKind.PRIVATE),  # unique local
        ("fd00:ec2::254", AddressKind.PRIVATE),  # Amazon's metadata server
        ("fd20:ce::254", AddressKind.PRIVATE),  # Google's metadata server
        ("fe80::1", AddressKind.LINK_LOCAL),  # link-local
        ("fe80::1%eth0", AddressKind.LINK_LOCAL),  # the same, with its zone
        ("fec0::1", AddressKind.PRIVATE),  # site-local, deprecated
        ("ff02::1", AddressKind.MULTICAST),  # all nodes
    ],
)
def test_an_address_is_classified(address: str, kind: AddressKind) -> None:
    assert kind == kind_of(ip_address(address))


@given(st.integers(0, 2**32 - 1).map(IPv4Address))
def test_an_ipv4_address_hides_in_no_ipv6_address(address: IPv4Address) -> None:
    kind = kind_of(address)

    assert kind == kind_of(IPv6Address(f"::ffff:{address}"))
    assert kind == kind_of(IPv6Address(int(IPv6Address("64:ff9b::")) + int(address)))
    assert kind_of(IPv6Address(f"::{address}")) is not AddressKind.PUBLIC
    assert kind_of(IPv6Address((0x2002 << 112) + (int(address) << 80))) is not AddressKind.PUBLIC


@given(st.ip_addresses())
def test_only_globally_reachable_addresses_are_public(address: IPv4Address | IPv6Address) -> None:
    if kind_of(address) is AddressKind.PUBLIC:
        mapped = getattr(address, "ipv4_mapped", None) or address
        assert mapped.is_global
        assert not mapped.is_multicast


def test_a_local_run_reaches_no_metadata_server() -> None:
    assert AddressKind.LINK_LOCAL not in LOCAL_KINDS
    assert AddressKind.MULTICAST not in LOCAL_KINDS


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("127.0.0.1", "127.0.0.1"),  # as everybody writes it
        ("127.0.0.1.", "127.0.0.1"),  # as a rooted name
        ("2130706433", "127.0.0.1"),  # one decimal number
        ("0x7f000001", "127.0.0.1"),  # one hexadecimal number
        ("0X7F000001", "127.0.0.1"),  # the same in capitals
        ("017700000001", "127.0.0.1"),  # one octal number
        ("127.1", "127.0.0.1"),  # the last number fills three bytes
        ("127.0.1", "127.0.0.1"),  # the last number fills two bytes
        ("0177.0.0.01", "127.0.0.1"),  # octal bytes
        ("0x7f.0x0.0x0.0x1", "127.0.0.1"),  # hexadecimal bytes
        ("0x7f.0.0.01", "127.0.0.1"),  # a mixture
        ("0xa9fea9fe", "169.254.169.254"),  # the metadata server in disguise
        ("0", "0.0.0.0"),  # noqa: S104 - the shortest way to oneself
        ("0x", "0.0.0.0"),  # noqa: S104 - browsers read this as 0
        ("4294967295", "255.255.255.255"),  # the largest
    ],
)
def test_every_spelling_of_an_ipv4_address_is_read(host: str, address: str) -> None:
    assert IPv4Address(address) == parse_ipv4(host)


@pytest.mark.parametrize(
    "host",
    [
        "example.com",  # a name
        "1.2.3.4.example",  # digits, and a name all the same
        "0x7f.1.z",  # the last label decides
        "123abc",  # digits first
        "",  # nothing
    ],
)
def test_a_name_is_no_ipv4_address(host: str) -> None:
    assert parse_ipv4(host) is None


@pytest.mark.parametrize(
    "host",
    [
        "256.0.0.1",  # a byte too large
        "4294967296",  # a number too large
        "1.2.3.256",  # the last byte too large
        "1.16777216",  # too large for three bytes
        "1.2.3.4.5",  # a number too many
        "example.1",  # ends in a number
        "1..1",  # a number missing
        "1.2.3.08",  # no octal digit
    ],
)
def test_what_ends_in_a_number_but_is_no_address_is_refused(host: str) -> None:
    with pytest.raises(ValueError, match="its host"):
        parse_ipv4(host)
