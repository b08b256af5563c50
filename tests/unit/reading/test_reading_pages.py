"""Whole pages: bytes in, ``Page`` out."""

from __future__ import annotations

import json
import socket
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.errors import PermanentError
from functions.stages.reading import Page, read_page
from functions.stages.reading.main_text import MAX_BYTES
from functions.stages.schema_org import read_events

URL = "https://oakmere.example/gigs/velvet"
EVENT = {
    "@context": "https://schema.org",
    "@type": "MusicEvent",
    "name": "Velvet Ledger",
    "startDate": "2027-01-22T20:00",
}
PROSE = (
    "<p>Velvet Ledger set household accounts of three centuries to music, from a baker's tally to"
    " a lighthouse keeper's list of candles.</p>"
    "<p>Friday 22 January 2027, eight in the evening, at the Corn Exchange. There is a bar.</p>"
)


def read(page: str | bytes, *, content_type: str | None = None) -> Page:
    body = page if isinstance(page, bytes) else page.encode()
    return read_page(body, url=URL, content_type=content_type)


def script(item: Any) -> str:
    return f'<script type="application/ld+json">{json.dumps(item)}</script>'


def test_a_page_is_read_whole() -> None:
    page = read(
        f'<!doctype html><html lang="en-GB"><head><title>Velvet Ledger &amp; friends</title>'
        f'<link rel="canonical" href="/gigs/velvet-ledger">{script(EVENT)}</head><body>'
        f'<nav><a href="/">Home</a></nav><main><h1>Velvet</h1>{PROSE}</main></body></html>'
    )
    assert (URL, "https://oakmere.example/gigs/velvet-ledger") == (page.url, page.canonical_url)
    assert ("utf-8", "Velvet Ledger & friends", "en-GB") == (
        page.encoding,
        page.title,
        page.language,
    )
    assert ({"syntax": "json-ld", "item": EVENT},) == page.blocks
    assert ("adapters", ()) == (page.route, page.problems)
    assert "a lighthouse keeper's list of candles." in page.text
    assert "Home" not in page.text


def test_a_page_goes_to_json_and_back() -> None:
    page = read(f"<html>{script(EVENT)}{script('{')}<body>{PROSE}\U0001f600</body></html>")
    assert page == Page.from_json(page.to_json())
    assert page == Page.from_json(page.to_json().encode())
    with pytest.raises(ValueError, match="url"):
        Page.from_json("{}")


@pytest.mark.parametrize(
    ("markup", "route"),
    [
        (script(EVENT), "adapters"),
        (script({"@graph": [{"@type": "WebPage", "mainEntity": [EVENT]}]}), "adapters"),
        (
            '<p itemscope itemtype="http://schema.org/Festival"><b itemprop="name">x</b></p>',
            "adapters",
        ),
        ('<p vocab="https://schema.org/" typeof="Event"><b property="name">x</b></p>', "adapters"),
        (script({"@type": "Organization", "name": "x"}), "agents"),
        ('<script type="application/ld+json">{"@type": "Event", "name" "x"}</script>', "agents"),
        ("", "agents"),
    ],
)
def test_a_page_goes_to_the_adapters_if_its_data_holds_an_event(markup: str, route: str) -> None:
    assert route == read(f"<html><body>{markup}{PROSE}</body></html>").route


def test_a_json_document_is_one_block() -> None:
    page = read(json.dumps([EVENT, EVENT]), content_type="application/ld+json")
    assert ("adapters", "", None) == (page.route, page.text, page.title)
    assert ({"syntax": "json-ld", "item": {"@graph": [EVENT, EVENT]}},) == page.blocks


def test_a_json_document_without_events_is_text_for_the_agents() -> None:
    page = read('{"gigs": ["Velvet Ledger"]}', content_type="application/json")
    assert ("agents", '{"gigs": ["Velvet Ledger"]}') == (page.route, page.text)


def test_a_json_document_that_cannot_be_read_is_refused_with_its_place() -> None:
    with pytest.raises(PermanentError, match="line 1 column 6: expected a colon"):
        read('{"a" 1}', content_type="application/json")


@pytest.mark.parametrize(
    ("head", "title"),
    [
        ("<title> A\n b </title>", "A b"),
        ("<title></title><meta property='og:title' content='Og'>", "Og"),
        ("", "Heading"),
    ],
)
def test_a_title_is_found(head: str, title: str) -> None:
    assert title == read(f"<html><head>{head}</head><h1>Heading</h1>{PROSE}</html>").title


@pytest.mark.parametrize(
    ("attributes", "head", "language"),
    [
        ('lang="de-AT"', "", "de-AT"),
        ('xml:lang="fr"', "", "fr"),
        ("", '<meta http-equiv="Content-Language" content="es, en">', "es"),
        ("", '<meta property="og:locale" content="en_GB">', "en-GB"),
        ('lang="<b>"', "", None),
        ("", "", None),
    ],
)
def test_a_language_is_found(attributes: str, head: str, language: str | None) -> None:
    page = read(f"<html {attributes}><head>{head}</head><body>{PROSE}</body></html>")
    assert language == page.language


def test_the_text_of_a_listing_is_kept_whole() -> None:
    # Article extractors drop headings that are links: here, the names of the bands.
    cards = "".join(
        f'<div class="card"><a href="/{n}"><h3>Band {n}</h3></a><p>{n} May 2027, Corn Exchange. '
        f"{'A long and friendly introduction. ' * 5}</p></div>"
        for n in range(1, 31)
    )
    text = read(f"<html><body><nav>Menu</nav>{cards}<footer>Imprint</footer></body></html>").text
    assert [n for n in range(1, 31) if f"Band {n}\n" not in text] == []
    assert "Menu" not in text
    assert "Imprint" not in text


def test_what_surrounds_the_main_part_is_cut_off() -> None:
    menu = "".join(f"<div><a href='/{n}'>Menu {n}</a></div>" for n in range(8))
    related = "".join(
        f"<div class='related'><a href='/{n}'>See also {n}</a></div>" for n in range(8)
    )
    page = read(f"<html><body>{menu}<h1>Songs and Sums</h1>{PROSE * 3}{related}</body></html>")
    assert page.text.startswith("Songs and Sums\nVelvet Ledger set")
    assert page.text.endswith("There is a bar.")


def test_words_of_neighbouring_blocks_do_not_run_together() -> None:
    page = read(
        "<html><body><nav>x</nav><div>One</div><div>Tw<b>o</b></div>Three<br>Four</body></html>"
    )
    assert ["One", "Two", "Three", "Four"] == page.text.split()


def test_a_page_that_is_all_navigation_keeps_it() -> None:
    assert "Gigs" in read("<html><body><nav><a href='/gigs'>Gigs</a></nav></body></html>").text


def test_a_long_text_is_cut_and_told() -> None:
    page = read(f"<html><body><p>{'wörd ' * 100_000}</p></body></html>")
    assert MAX_BYTES - 8 < len(page.text.encode()) <= MAX_BYTES
    assert ["main text was cut to 200,000 of 599,999 bytes"] == list(page.problems)


BASE_PAGE = f"<html><body>{script(EVENT)}<main>{PROSE}</main></body></html>"


@pytest.mark.parametrize(
    "same",
    [
        BASE_PAGE.replace("<p>", "\n\n  <p class='x' data-nonce='81f'>"),
        BASE_PAGE.replace("</body>", "<script nonce='77'>track(1)</script></body>"),
        BASE_PAGE.replace("<body>", "<body><!-- rendered in 12 ms --><style>p{}</style>"),
        BASE_PAGE.replace("<html>", "<html><head><meta name='csrf-token' content='9'></head>"),
        BASE_PAGE.replace('", "', '"  ,\n "'),
        BASE_PAGE.replace(script(EVENT), script({**EVENT, "dateModified": "2027-01-01"})),
        BASE_PAGE.replace(script(EVENT), script(dict(reversed(EVENT.items())))),
        BASE_PAGE.replace(script(EVENT), script(EVENT) + script({"@type": "WebSite", "x": 1})),
        BASE_PAGE.replace(script(EVENT), script(EVENT) * 2),
        BASE_PAGE.replace("Velvet Ledger", "Velvet  Ledger"),
    ],
    ids=[
        *("markup", "script", "comment", "token", "spaces", "dateModified", "key order"),
        *("another block", "the same block twice", "white space"),
    ],
)
def test_the_hash_stays_when_nothing_is_said_differently(same: str) -> None:
    assert same != BASE_PAGE
    assert read(BASE_PAGE).content_hash == read(same).content_hash


def test_the_hash_stays_in_another_encoding_and_normal_form() -> None:
    composed = BASE_PAGE.replace("Velvet", "V\u00e9lvet")
    decomposed = BASE_PAGE.replace("Velvet", "Ve\u0301lvet").encode("utf-16")
    assert read(composed).content_hash == read(decomposed).content_hash


@pytest.mark.parametrize(
    "other",
    [
        BASE_PAGE.replace("baker's", "butcher's"),
        BASE_PAGE.replace("T20:00", "T20:30"),
        BASE_PAGE.replace(script(EVENT), ""),
        BASE_PAGE.replace(script(EVENT), script(EVENT) + script({**EVENT, "name": "Another"})),
    ],
    ids=["the text", "an event's time", "no event", "one more event"],
)
def test_the_hash_changes_with_what_is_said(other: str) -> None:
    assert read(BASE_PAGE).content_hash != read(other).content_hash


def test_nothing_is_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("reading a page opened a connection")

    monkeypatch.setattr(socket, "create_connection", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)
    page = read(
        '<?xml version="1.0"?><!DOCTYPE html SYSTEM "http://127.0.0.1:9/x.dtd"'
        ' [<!ENTITY e SYSTEM "file:///etc/hostname">]>'
        f"<html><head>{script({**EVENT, '@context': 'http://127.0.0.1:9/context.jsonld'})}</head>"
        '<body vocab="http://127.0.0.1:9/vocabulary#"><div vocab="http://schema.org/"'
        ' typeof="Event"><i property="name">Jam</i><i property="startDate">2027-01-01</i></div>'
        f'<link rel="stylesheet" href="http://127.0.0.1:9/x.css">&e;{PROSE}</body></html>'
    )
    assert {"json-ld", "rdfa"} == {block["syntax"] for block in page.blocks}
    assert 2 == len(read_events(page.blocks, page_url=page.canonical_url).events)


_FILLER = "<p>x</p>"


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ("<div>" * 100_000 + "deep", "tags nest deeper"),
        ("<b>" * 500 + "deep" + script(EVENT), "tags nest deeper than 200"),
        ("<p>x" * 300_000, "more tags or attributes than are read"),
        (
            _FILLER * 9_000 + "<a " + " ".join(f"b{n}" for n in range(60_000)) + ">",
            "more tags or attributes",
        ),
        (
            _FILLER * 9_000 + "<a x='>' " + " ".join(f'b{n}=">"' for n in range(60_000)) + ">",
            "more tags or attributes",
        ),
        (
            _FILLER * 900 + ("<i " + " ".join(f"b{n}" for n in range(400)) + ">") * 800,
            "more tags or attributes",
        ),
        ("<div itemscope>" + "<div itemprop=a>" * 1_500 + "<br>x" * 20_000, "nest deeper"),
        ("&lt;" * 500_000, "main text was cut"),
        ("<!DOCTYPE x [<!ENTITY a 'aaaa'><!ENTITY b '&a;&a;&a;'>]>" + "&b;" * 1_000, None),
        ("<a href='" * 100_000 + _FILLER, None),
        ("<table><tr><td>x" * 3_000, "nest deeper"),
        ("<!--" * 300_000 + _FILLER, None),
        (_FILLER + "<script>" + "a<b " * 300_000, None),
        (script(EVENT)[:-1] + "<" * 300_000, None),
        ("<form><button><select><option>" * 20_000 + "x", "nest deeper"),
        ("\x00\x01<p>\x0bx</p>" * 50 + "y" * 9_000, None),
    ],
    ids=[
        *("nested", "unclosed", "tags", "attributes", "quoted attributes", "many attributes"),
        *("properties", "entities", "entity bomb", "unclosed values", "tables", "comments"),
        *("script", "unclosed script", "forms", "control characters"),
    ],
)
def test_hostile_markup_is_read_in_bounded_time(body: str, problem: str | None) -> None:
    begin = time.process_time()
    try:
        problems = " ".join(read(f"<html><body>{body}").problems)
    except PermanentError as refusal:
        problems = str(refusal)
    assert time.process_time() - begin < 5
    assert (problem or "") in problems


def test_what_comes_before_too_much_is_kept() -> None:
    bomb = "<a " + " ".join(f"b{n}" for n in range(60_000)) + ">"
    page = read(f"<html><body>{'<p>Before</p>' * 4_000}{bomb}<p>After</p></body></html>")
    assert 3_000 < page.text.count("Before") <= 4_000
    assert "After" not in page.text


def test_control_characters_become_spaces() -> None:
    assert "a b c d" == read("<p>\x02a\x00b\x0bc\x1fd</p>" + " " * 200).text


def test_json_ld_deep_in_unclosed_tags_is_read() -> None:
    page = read(f"<html><body>{'<font>' * 600}Text{script(EVENT)}</body></html>")
    assert ("adapters", 1) == (page.route, len(page.blocks))


_MARKUP = st.lists(
    st.sampled_from(
        [
            *(
                "<html",
                "<head>",
                "<body>",
                "<div>",
                "</div>",
                "<p>",
                "<br/>",
                "<!--",
                "-->",
                "<![CDATA[",
            ),
            *(
                "<script type='application/ld+json'>",
                "</script>",
                '{"@type": "Event", ',
                '"name": "x"}',
            ),
            *(
                " itemscope",
                " itemprop='name'",
                " itemtype='http://schema.org/Event'",
                " itemref='a'",
            ),
            *(" id='a'", ">", "<meta charset=", "utf-16>", "<base href='http://['>", " vocab='x'"),
            *(
                " typeof='schema:Event'",
                " property='schema:name'",
                "&#x110000;",
                "&nbsp;",
                "\x00",
                "é",
            ),
            *(
                "<link rel=canonical href='//'>",
                "<title>",
                "<svg>",
                "<math>",
                "<table>",
                "<template>",
            ),
            *("<?xml version='1.0'?>", "<!DOCTYPE html>", "\ufeff", "\u2028", "text "),
        ]
    ),
    max_size=30,
).map("".join)


@given(
    _MARKUP.map(str.encode)
    | st.binary(max_size=200)
    | st.text(max_size=200).map(lambda text: text.encode("utf-16")),
    st.sampled_from(["https://a.example/", "file:///a.html", "", "http://[", "x:y"])
    | st.text(max_size=20),
    st.none()
    | st.sampled_from(["text/html; charset=utf-16", "application/json"])
    | st.text(max_size=20),
)
def test_any_bytes_are_a_page_or_refused(body: bytes, url: str, content_type: str | None) -> None:
    try:
        page = read_page(body, url=url, content_type=content_type)
    except PermanentError:
        return
    assert page == Page.from_json(page.to_json())
    assert page.text or page.blocks
    reading = read_events(page.blocks, page_url=page.canonical_url)
    reading.model_dump_json().encode()


@given(
    st.recursive(
        st.none() | st.integers() | st.text(max_size=9),
        lambda inner: (
            st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3)
        ),
        max_leaves=12,
    )
)
def test_any_json_ld_is_kept_as_it_is(value: Any) -> None:
    item = {**EVENT, "filler": value}
    written = json.dumps(item).replace("<", "\\u003c")  # as pages must, within a script
    page = read(f'<html><body><script type="application/ld+json">{written}</script>')
    assert "adapters" == page.route
    assert EVENT == {name: page.blocks[0]["item"][name] for name in EVENT}
