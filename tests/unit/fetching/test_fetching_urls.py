from __future__ import annotations

import re

import pytest
import requests
from hypothesis import example, given
from hypothesis import strategies as st

from functions.errors import PermanentError, SourceError
from functions.stages.fetching import FetchPolicy, fetch
from functions.stages.fetching.urls import (
    BLOCKED_PORTS,
    MAX_URL_LENGTH,
    join_url,
    normalise_url,
    redact_url,
)

# Mostly nonsense, now and then nearly a URL.
_HOSTILE = st.text(max_size=40) | st.builds(
    "{}{}{}{}{}".format,
    st.sampled_from(["http://", "https://", "HTTP:", "http:\\\\", "//", "file:", "javascript:"]),
    st.sampled_from(["", "user:secret@", "@", "[", "[::1]", "0x7f.1", "１２７.1", "a..b", "xn--"])
    | st.text(max_size=10),
    st.sampled_from(["", ":", ":0", ":80", ":99999", ":٣", ":-1"]),
    st.sampled_from(["", "/", "/../..", "/%", "/%zz", "/%2e%2E/", "\\", "/\ud800", "/\u202e"]),
    st.text(max_size=10),
)
_URLS = st.builds(
    "{}://{}{}/{}?{}".format,
    st.sampled_from(["http", "https"]),
    st.sampled_from(
        ["example.com", "EXAMPLE.org.", "bücher.example", "127.0.0.1", "[2001:DB8::1]"]
    ),
    st.sampled_from(["", ":80", ":443", ":8080"]),
    st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=20),
    st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=20),
)


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("http://example.com", "http://example.com/"),  # an empty path is the root
        ("  https://example.com/\n", "https://example.com/"),  # pasted with blanks
        ("HTTP://EXAMPLE.com/Path", "http://example.com/Path"),  # case matters in paths only
        ("http://example.com:80/", "http://example.com/"),  # http's own port
        ("https://example.com:443/", "https://example.com/"),  # https's own port
        ("https://example.com:80/", "https://example.com:80/"),  # not https's own port
        ("http://example.com:/", "http://example.com/"),  # no port after all
        ("http://example.com/#top", "http://example.com/"),  # a fragment is never sent
        ("http://example.com/?", "http://example.com/"),  # an empty query is none
        ("http://example.com/a/./b/../c", "http://example.com/a/c"),  # dot segments
        ("http://example.com/%2e%2E/a/..", "http://example.com/"),  # escaped dot segments
        ("http://example.com//a//", "http://example.com//a//"),  # empty segments may mean something
        ("http://example.com/%7euser", "http://example.com/~user"),  # an escape not needed
        ("http://example.com/%c3%a4", "http://example.com/%C3%A4"),  # one case of escapes
        ("http://example.com/ä b", "http://example.com/%C3%A4%20b"),  # as browsers send it
        ("http://example.com/100%", "http://example.com/100%25"),  # a percent sign alone
        ("http://example.com/%2%35", "http://example.com/%2525"),  # no new escape comes to be
        ("http://example.com/?q=a+b&c=[1]", "http://example.com/?q=a+b&c=%5B1%5D"),  # brackets
        ("http://example.com/a\\b", "http://example.com/a%5Cb"),  # a backslash is no slash
        ("http://bücher.example/", "http://xn--bcher-kva.example/"),  # an international name
        ("http://straße.example/", "http://xn--strae-oqa.example/"),  # IDNA 2008, not 2003
        ("http://ｅｘａｍｐｌｅ。com/", "http://example.com/"),  # full width
        ("http://a_b.example/", "http://a_b.example/"),  # not in the RFC, but out there
        ("http://0x7f.1/", "http://127.0.0.1/"),  # an address in disguise
        ("http://１２７.0.0.1/", "http://127.0.0.1/"),  # the same in full-width digits
        ("http://[2001:DB8:0::1]:8080", "http://[2001:db8::1]:8080/"),  # IPv6
    ],
)
def test_a_url_has_one_spelling(text: str, url: str) -> None:
    assert url == normalise_url(text)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "does not start with http"),  # nothing
        ("example.com", "does not start with http"),  # no scheme
        ("ftp://example.com/", "does not start with http"),  # another scheme
        ("javascript:alert(1)", "does not start with http"),  # not even a place
        ("http://", "host or port is missing"),  # no host
        ("http:///path", "host or port is missing"),  # no host either
        ("http://user:secret@example.com/", "user name or password"),  # credentials
        ("http://@example.com/", "user name or password"),  # empty credentials
        ("http://example.com:0/", "another protocol"),  # the port that is none
        ("http://example.com:22/", "another protocol"),  # SSH
        ("http://example.com:25/", "another protocol"),  # SMTP
        ("http://example.com:65536/", "port is not between"),  # one too high
        ("http://example.com:999999999/", "port is not between"),  # many too high
        ("http://example.com:http/", "host or port"),  # a word
        ("http://example.com:٣/", "host or port"),  # a digit, but not of ours
        ("http://[::1/", "malformed"),  # half a bracket
        ("http://[::1]evil.example/", "malformed|host or port"),  # two hosts
        ("http://[fe80::1%25eth0]/", "zone"),  # a zone
        ("http://[::zz]/", "malformed|no IPv6"),  # no digits
        ("http://a..b/", "no name that DNS knows"),  # an empty label
        ("http://-a.example/", "no name that DNS knows"),  # a hyphen first
        ("http://a b.example/", "no name that DNS knows"),  # a blank
        ("http://a%2eb.example/", "no name that DNS knows"),  # an escape
        ("http://a\\b.example/", "no name that DNS knows"),  # a backslash
        (f"http://{'a' * 64}.example/", "no name that DNS knows"),  # a label too long
        (f"http://{'a.' * 127}example/", "longer than 253"),  # a name too long
        ("http://\u202e.example/", "no internationalised name"),  # turns the text around
        ("http://300.1.1.1/", "too large"),  # no address
        ("http://exam\tple.com/", "control character"),  # what some parsers drop
        ("http://example.com/\r\nHost: evil", "control character"),  # a header smuggled in
        ("http://example.com/\ud800", "half a character"),  # no UTF-8 exists for it
        (f"http://example.com/{'a' * MAX_URL_LENGTH}", "longer than"),  # a book
        (f"http://example.com/{'ä' * 3000}", "longer than"),  # a book once escaped
    ],
)
def test_what_cannot_be_fetched_is_refused_with_a_reason(text: str, reason: str) -> None:
    with pytest.raises(SourceError, match=reason):
        normalise_url(text)


def test_ports_of_databases_and_web_servers_are_not_blocked() -> None:
    assert not BLOCKED_PORTS & {80, 443, 8000, 8080, 8443, 3000, 5000}


@given(_HOSTILE)
@example("http://[")
@example("http://example.com:\u0663")
def test_a_hostile_url_is_normalised_or_refused(text: str) -> None:
    try:
        url = normalise_url(text)
    except SourceError:
        return
    assert re.fullmatch(r"https?://[a-z0-9_.:\[\]-]+/[!-~]*", url)
    assert url == normalise_url(url)
    assert url == requests.Request("GET", url).prepare().url


@given(
    st.sampled_from(["http://", "https://", "ftp://", "http:", "HTTP:\\\\", "://", "http:///"]),
    st.text(st.characters(exclude_characters="/?#"), max_size=10),
    st.text(max_size=10),
    st.text(max_size=10),
)
def test_a_refused_url_is_shown_without_its_password(
    scheme: str, before: str, after: str, host: str
) -> None:
    with pytest.raises(SourceError) as refusal:
        normalise_url(f"{scheme}me:{before}hunter2{after}@{host}:port")

    assert "hunter2" not in str(refusal.value)
    assert str(refusal.value).isprintable()


@given(_HOSTILE.filter(lambda text: not text.strip().lower().startswith(("http://", "https://"))))
def test_fetching_what_is_no_web_address_fails_for_good(location: str) -> None:
    with pytest.raises(PermanentError):
        fetch(location, policy=FetchPolicy())


@given(_URLS)
def test_a_normalised_url_is_what_goes_over_the_wire(text: str) -> None:
    url = normalise_url(text)

    assert url == normalise_url(url)
    assert url == requests.Request("GET", url).prepare().url


@given(st.binary(max_size=60))
@example("/caf\u00e9".encode())
@example(b"//user:secret@evil/")
@example(b"http://[")
def test_a_hostile_location_header_is_resolved_or_refused(header: bytes) -> None:
    try:
        url = join_url("https://example.com/a/b", header.decode("latin-1"))
    except SourceError:
        return
    assert url == normalise_url(url)


@pytest.mark.parametrize(
    ("location", "url"),
    [
        ("c", "https://example.com/a/c"),  # relative to the page
        ("/c", "https://example.com/c"),  # relative to the host
        ("//other.example/c", "https://other.example/c"),  # relative to the scheme
        ("http://other.example", "http://other.example/"),  # absolute
        ("?page=2", "https://example.com/a/b?page=2"),  # the query alone
        ("caf\u00c3\u00a9", "https://example.com/a/caf%C3%A9"),  # UTF-8, read as Latin-1
        ("caf\u00e9", "https://example.com/a/caf%C3%A9"),  # Latin-1
    ],
)
def test_a_location_header_is_resolved_against_its_page(location: str, url: str) -> None:
    assert url == join_url("https://example.com/a/b", location)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("http://h/?page=2&city=Wien", "http://h/?page=2&city=Wien"),  # nothing to hide
        ("http://me:pw@h/p", "http://REDACTED@h/p"),  # credentials
        ("http://h/?api_key=abc&x=1", "http://h/?api_key=REDACTED&x=1"),  # a name that tells
        ("http://h/?X-Goog-Signature=ab", "http://h/?X-Goog-Signature=REDACTED"),  # OpenTelemetry
        ("http://h/?AWSAccessKeyId=ab", "http://h/?AWSAccessKeyId=REDACTED"),  # OpenTelemetry
        ("http://h/?TOKEN=", "http://h/?TOKEN=REDACTED"),  # not even that it is empty
        ("http://h/?x=eyJhbGciOiJIUzI1NiIs", "http://h/?x=REDACTED"),  # a value that tells
        ("http://h/?eyJhbGciOiJIUzI1NiIs", "http://h/?REDACTED"),  # without a name
        ("http://h/#access_token=abc", "http://h/"),  # fragments hold tokens too
        ("http://h/\x1b[31m\n", "http://h/\\x1b[31m\\n"),  # paints no terminal
    ],
)
def test_a_shown_url_has_no_secrets(url: str, shown: str) -> None:
    assert shown == redact_url(url)


@given(st.text() | _HOSTILE)
def test_a_shown_url_is_short_and_printable(text: str) -> None:
    shown = redact_url(text)

    assert shown.isascii()
    assert not shown or shown.isprintable()
    assert len(shown) <= 303
