"""The one address a page is known by."""

from __future__ import annotations

import lxml.html
import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.stages.reading.addresses import base_address, canonical_address, normalised_address

PAGE = "https://www.oakmere.example/gigs/velvet?utm_source=mail#top"
OWN = "https://www.oakmere.example/gigs/velvet"


@pytest.mark.parametrize(
    ("url", "normalised"),
    [
        ("HTTPS://WWW.Oakmere.EXAMPLE:443/Gigs", "https://www.oakmere.example/Gigs"),
        ("http://oakmere.example:80", "http://oakmere.example/"),
        ("http://oakmere.example:8080/", "http://oakmere.example:8080/"),
        ("https://user:secret@oakmere.example/x", "https://oakmere.example/x"),
        ("https://oakmere.example./x", "https://oakmere.example/x"),
        ("https://oakmere.example/a/../b/./c#d", "https://oakmere.example/b/c"),
        (
            "https://oakmere.example/?b=2&utm_medium=x&a=1&fbclid=9&gclid",
            "https://oakmere.example/?b=2&a=1",
        ),
        ("https://oakmere.example/?q=a%20b&&", "https://oakmere.example/?q=a%20b"),
        ("https://oakmere.example/caf\u00e9 x", "https://oakmere.example/caf%C3%A9%20x"),
        ("https://caf\u00e9.example/", "https://xn--caf-dma.example/"),
        ("https://[::1]:8443/x", "https://[::1]:8443/x"),
        ("file:///pages/a.html#x", "file:///pages/a.html"),
        ("not a url", "not a url"),
        ("http://[broken", "http://[broken"),
        ("https://oakmere.example:port/", "https://oakmere.example:port/"),
    ],
)
def test_equal_addresses_look_equal(url: str, normalised: str) -> None:
    assert normalised == normalised_address(url)
    assert normalised == normalised_address(normalised)


@given(
    st.text(max_size=60).map(lambda rest: f"https://oakmere.example/{rest}") | st.text(max_size=60)
)
def test_a_normalised_address_stays_as_it_is(url: str) -> None:
    once = normalised_address(url)
    assert once == normalised_address(once)


@pytest.mark.parametrize(
    ("head", "canonical", "problems"),
    [
        ("", OWN, 0),
        ('<link rel="canonical" href="/gigs/17#now">', "https://www.oakmere.example/gigs/17", 0),
        (
            '<link rel="CANONICAL nofollow" href="https://oakmere.example/gigs/17">',
            "https://oakmere.example/gigs/17",
            0,
        ),
        (
            '<meta property="og:url" content="https://m.oakmere.example/17">',
            "https://m.oakmere.example/17",
            0,
        ),
        (
            '<meta property="og:url" content="/og"><link rel="canonical" href="/link">',
            "https://www.oakmere.example/link",
            0,
        ),
        # not sane: the next one counts, or the page's own
        (
            (
                '<link rel="canonical" href="https://elsewhere.example/x">'
                '<meta property="og:url" content="/og">'
            ),
            "https://www.oakmere.example/og",
            1,
        ),
        ('<link rel="canonical" href="https://oakmere.example.evil.example/x">', OWN, 1),
        ('<link rel="canonical" href="/">', OWN, 1),
        ('<link rel="canonical" href="javascript:void(0)">', OWN, 1),
        ('<link rel="canonical" href="https://u:p@oakmere.example/x">', OWN, 1),
        ('<link rel="canonical" href="http://[">', OWN, 1),
        ('<link rel="canonical" href="">', OWN, 0),
        ('<link rel="canonical">', OWN, 0),
        ('<link rel="stylesheet" href="/x.css">', OWN, 0),
        # relative to the base
        (
            '<base href="/archive/"><link rel="canonical" href="17">',
            "https://www.oakmere.example/archive/17",
            0,
        ),
    ],
)
def test_a_page_says_where_it_lives(head: str, canonical: str, problems: int) -> None:
    tree = lxml.html.document_fromstring(f"<html><head>{head}</head><body>x</body></html>")
    found, ignored = canonical_address(tree, url=PAGE, base_url=base_address(tree, url=PAGE))
    assert (canonical, problems) == (found, len(ignored))


def test_the_front_page_may_be_canonical_of_itself() -> None:
    tree = lxml.html.document_fromstring(
        '<link rel="canonical" href="https://oakmere.example/"><p>x'
    )
    url = "https://oakmere.example/?utm_source=mail"
    assert ("https://oakmere.example/", []) == canonical_address(tree, url=url, base_url=url)


def test_a_page_from_a_file_may_live_anywhere() -> None:
    tree = lxml.html.document_fromstring('<link rel="canonical" href="https://any.example/"><p>x')
    url = "file:///pages/saved.html"
    assert ("https://any.example/", []) == canonical_address(tree, url=url, base_url=url)
    bare = lxml.html.document_fromstring("<p>x")
    assert (url, []) == canonical_address(bare, url=f"{url}#part", base_url=url)
