"""JSON-LD, microdata and RDFa taken out of pages, and kept within bounds."""

from __future__ import annotations

import json
from typing import Any

import lxml.html
import pytest
from extruct.w3cmicrodata import MicrodataExtractor
from hypothesis import given
from hypothesis import strategies as st

from functions.stages.reading.blocks import MAX_BLOCKS, MAX_BYTES, MAX_DEPTH, bound_blocks
from functions.stages.reading.json_ld import MAX_SCRIPTS, read_json_ld
from functions.stages.reading.microdata import read_microdata
from functions.stages.reading.rdfa import read_rdfa
from functions.stages.schema_org import holds_event, read_events

BASE = "https://tide-hall.example/gigs/"
EVENT = {"@type": "MusicEvent", "name": "Salt Choir", "startDate": "2027-04-17"}


def tree(body: str) -> Any:
    return lxml.html.document_fromstring(f"<html><body>{body}</body></html>")


def script(text: str, kind: str = "application/ld+json") -> str:
    return f'<script type="{kind}">{text}</script>'


def test_a_broken_script_takes_no_other_along() -> None:
    body = script('{"a": 1}') + script('{"a" 1}') + script("") + script('{"b": 2,}')
    read = read_json_ld(tree(body))
    assert ({"a": 1}, {"b": 2}) == read.items
    assert (
        "JSON-LD block 2 could not be read: line 1 column 6: expected a colon after 'a'",
    ) == read.problems


@pytest.mark.parametrize(
    "kind",
    [
        "application/ld+json",
        "application/LD+JSON",
        "application/ld+json; charset=utf-8",
        " application/ld+json ",
    ],
)
def test_json_ld_is_known_by_its_type(kind: str) -> None:
    assert ({"a": 1},) == read_json_ld(tree(script('{"a": 1}', kind))).items


def test_other_scripts_are_left_alone() -> None:
    body = script('{"a": 1}', "application/json") + script("x", "module") + "<script>{}</script>"
    assert () == read_json_ld(tree(body)).items


def test_several_objects_of_a_script_are_one_graph() -> None:
    body = (
        script('[{"a": 1}, [{"b": 2}]]') + script('{"c": 3}{"d": 4}') + script("[]") + script("1")
    )
    assert (
        {"@graph": [{"a": 1}, {"b": 2}]},
        {"@graph": [{"c": 3}, {"d": 4}]},
    ) == read_json_ld(tree(body)).items


def test_json_escaped_for_html_is_read() -> None:
    body = "<script type='application/ld+json'>{&quot;a&quot;: &quot;R&amp;B&quot;}</script>"
    assert ({"a": "R&B"},) == read_json_ld(tree(body)).items


def test_scripts_have_an_end() -> None:
    read = read_json_ld(tree(script("{}") * (MAX_SCRIPTS + 1)))
    assert (f"more than {MAX_SCRIPTS} JSON-LD blocks; the others were not read",) == read.problems


MICRODATA = """
<div itemscope itemtype="https://schema.org/MusicEvent" itemid="#gig" itemref="where missing">
  <h2 itemprop="name">Salt <em>Choir</em><script>no()</script></h2>
  <time itemprop="startDate" datetime="2027-04-17">Saturday</time>
  <time itemprop="doorTime">19:00</time>
  <a itemprop="url" href="1?a=b">more</a>
  <img itemprop="image" src="/1.jpg">
  <meta itemprop="duration" content="PT2H">
  <data itemprop="sku" value="17">seventeen</data>
  <span itemprop="keywords" content="folk">Folk</span>
  <div itemprop="performer" itemscope itemtype="https://schema.org/MusicGroup">
    <b itemprop="name">Salt Choir</b>
  </div>
  <a itemprop="performer" href="/dune">Dune Radio</a>
  <p itemprop="description alternateName">One<br>two</p>
</div>
<div id="where">
  <div itemprop="location" itemscope><span itemprop="name">Tide Hall</span></div>
</div>
"""


def test_microdata_becomes_json_of_the_same_shape_as_json_ld() -> None:
    (item,) = read_microdata(tree(MICRODATA), base_url=BASE).items
    assert {
        "@type": "https://schema.org/MusicEvent",
        "@id": "https://tide-hall.example/gigs/#gig",
        "name": "Salt Choir",
        "startDate": "2027-04-17",
        "doorTime": "19:00",
        "url": "https://tide-hall.example/gigs/1?a=b",
        "image": "https://tide-hall.example/1.jpg",
        "duration": "PT2H",
        "sku": "17",
        "keywords": "folk",
        "performer": [
            {"@type": "https://schema.org/MusicGroup", "name": "Salt Choir"},
            {"name": "Dune Radio", "url": "https://tide-hall.example/dune"},
        ],
        "description": "One two",
        "alternateName": "One two",
        "location": {"name": "Tide Hall"},
    } == item


def test_an_item_that_is_a_property_of_nothing_is_read_too() -> None:
    body = '<p itemscope itemprop="event" itemtype="Event"><b itemprop="name">x</b></p>'
    assert ("x",) == tuple(item["name"] for item in read_microdata(tree(body), base_url=BASE).items)


def test_items_that_refer_to_each_other_do_not_hang() -> None:
    body = (
        '<div itemscope itemref="a"></div>'
        '<div itemscope itemprop="x" id="a" itemref="b"><i itemprop="name">A</i></div>'
        '<div itemscope itemprop="y" id="b" itemref="a"><i itemprop="name">B</i></div>'
    )
    items = read_microdata(tree(body), base_url=BASE).items
    assert ({"x": {"name": "A", "y": {"name": "B"}}},) == items


def test_microdata_that_multiplies_by_reference_has_an_end() -> None:
    body = "".join(
        f'<div id="i{n}" itemscope itemprop="x" itemref="i{n + 1} i{n + 1} j{n + 1}"></div>'
        f'<div id="j{n}" itemscope itemprop="x" itemref="i{n + 1} j{n + 1}"></div>'
        for n in range(60)
    )
    read = read_microdata(tree(body), base_url=BASE)
    assert ("microdata beyond 150,000 tags was left out",) == read.problems


def _like_ours(item: Any) -> Any:
    """Bring extruct's items into our shape."""
    if isinstance(item, list):
        return [_like_ours(each) for each in item]
    if not isinstance(item, dict):
        return " ".join(str(item).split())
    shaped = {"@type": _like_ours(item["type"])} if "type" in item else {}
    return shaped | {name: _like_ours(value) for name, value in item.get("properties", {}).items()}


_NAMES = st.sampled_from(["name", "url", "startDate", "location"])
_LEAVES = st.builds(
    lambda tag, name, text: (
        f'<{tag} itemprop="{name}" content="{text}" href="/{text}" datetime="{text}">{text}</{tag}>'
    ),
    st.sampled_from(["span", "time", "meta", "h3", "b"]),
    _NAMES,
    st.text("abc", min_size=1, max_size=5),
)
_TREES = st.recursive(
    _LEAVES,
    lambda inner: (
        st.builds(
            lambda name, parts: (
                f'<div itemprop="{name}" itemscope itemtype="https://schema.org/Thing">{"".join(parts)}</div>'
            ),
            _NAMES,
            st.lists(inner, min_size=1, max_size=4),
        )
        | st.builds(
            lambda parts: f"<section>{''.join(parts)}</section>", st.lists(inner, max_size=3)
        )
    ),
    max_leaves=12,
)


@given(st.lists(_TREES, min_size=1, max_size=4))
def test_microdata_reads_as_extruct_reads_it(parts: list[str]) -> None:
    body = f'<div itemscope itemtype="Event"><i itemprop="name">x</i>{"".join(parts)}</div>'
    theirs = MicrodataExtractor().extract_items(tree(body), BASE)
    ours = read_microdata(tree(body), base_url=BASE).items
    assert _like_ours(theirs) == list(ours)


RDFA = """
<div vocab="http://schema.org/" typeof="MusicEvent">
  <h2 property="name">Los Relojes</h2>
  <time property="startDate" datetime="2027-05-07T21:30">7 de mayo</time>
  <span property="performer" typeof="MusicGroup"><b property="name">Zeta</b></span>
  <span property="performer">Alfa</span>
  <span property="performer" typeof="MusicGroup"><b property="name">Beta</b></span>
</div>
<div prefix="s: http://schema.org/" about="#two" typeof="s:Event"><i property="s:name">Jam</i></div>
"""


def test_rdfa_is_read_with_its_dates_in_the_pages_order() -> None:
    read = read_rdfa(tree(RDFA), base_url=BASE)
    reading = read_events([*read.items], page_url=BASE)
    (event,) = reading.events
    assert ("Los Relojes", "2027-05-07", "21:30") == (
        event.name,
        str(event.start_date),
        event.start_time,
    )
    assert ["Zeta", "Alfa", "Beta"] == [artist.name for artist in event.artists]
    assert [("Jam", "it has no startDate")] == [
        (each.name, each.reason) for each in reading.rejected
    ]


def test_rdfa_reads_the_same_every_time() -> None:
    first, second = (json.dumps(read_rdfa(tree(RDFA), base_url=BASE).items) for _ in range(2))
    assert first == second
    assert "rdfa-node" not in first


def test_rdfa_events_come_in_the_pages_order() -> None:
    names = ["Night", "Morning", "Noon", "Evening", "Dawn", "Dusk", "Night"]
    body = "".join(f'<p typeof="Event"><b property="name">{name}</b></p>' for name in names)
    (item,) = read_rdfa(tree(f'<div vocab="http://schema.org/">{body}</div>'), base_url=BASE).items
    # Of two equal names the places cannot be told apart by name: they stand together.
    assert ["Night", "Night", *names[1:-1]] == [node["name"] for node in item["@graph"]]


def test_rdfa_without_events_is_not_read() -> None:
    body = '<div vocab="http://schema.org/" typeof="Person"><i property="name">x</i></div>'
    assert () == read_rdfa(tree(body), base_url=BASE).items


def test_rdfa_of_a_page_beyond_bounds_is_told() -> None:
    read = read_rdfa(tree(RDFA + "<p>x</p>" * 6_000), base_url=BASE)
    assert ((), ("RDFa was not read: more than 5,000 elements",)) == (read.items, read.problems)


@pytest.mark.parametrize(
    "body", ['<div typeof="schema:Event" prefix="a">', '<p about="[x:y]" typeof="Event">' * 3]
)
def test_odd_rdfa_does_not_raise(body: str) -> None:
    read_rdfa(tree(body), base_url="not a url")


def test_blocks_are_valid_json() -> None:
    odd = {
        "a": float("nan"),
        "b": float("inf"),
        "c": "\ud800x\x07",
        "d": 2**70,
        "e": "x" * 9_000,
        "\ud800": [None, True, 1.5],
    }
    blocks, problems = bound_blocks([("json-ld", odd)])
    assert [
        {
            "syntax": "json-ld",
            "item": {
                "a": None,
                "b": None,
                "c": "\ufffdx ",
                "d": None,
                "e": "x" * 5_000,
                "\ufffd": [None, True, 1.5],
            },
        }
    ] == blocks
    assert [] == problems
    json.dumps(blocks, allow_nan=False).encode()


def test_values_too_deep_are_left_out_and_told() -> None:
    deep: Any = EVENT
    for _ in range(MAX_DEPTH):
        deep = {"x": deep}
    blocks, problems = bound_blocks([("json-ld", {**deep, "y": 1})])
    assert 1 == blocks[0]["item"]["y"]
    assert not holds_event(blocks[0]["item"])
    assert ["1 structured values nested deeper than 40 were left out"] == problems


def test_what_does_not_fit_goes_from_the_end_and_blocks_without_events_first() -> None:
    filler = {"text": ["x" * 4_000] * 60}
    listing = {
        "@graph": [{**EVENT, "name": f"Night {n}", "description": "y" * 4_000} for n in range(120)]
    }
    blocks, problems = bound_blocks(
        [("json-ld", filler), ("json-ld", listing), ("json-ld", EVENT), ("json-ld", filler)]
    )
    assert [len(listing["@graph"])] == [
        len(block["item"]["@graph"]) for block in blocks if "@graph" in block["item"]
    ]
    assert EVENT in [block["item"] for block in blocks]
    assert MAX_BYTES > len(json.dumps(blocks))
    assert [
        "structured data was cut to 600,000 bytes and 1,000 blocks: 1 blocks (0 with events)"
    ] == [problem.split(" and the ends")[0] for problem in problems]


@pytest.mark.parametrize("length", range(500, 4_500, 500))
def test_a_listing_that_does_not_fit_keeps_its_first_events_whole(length: int) -> None:
    performers = ["a" * length, "b" * 1_500, "c" * 1_500]
    listing = {
        "@graph": [{**EVENT, "name": f"{n}", "performer": performers, "end": n} for n in range(400)]
    }
    blocks, problems = bound_blocks([("json-ld", listing)])
    kept = blocks[0]["item"]["@graph"]
    assert MAX_BYTES // (length + 3_300) <= len(kept) <= MAX_BYTES // (length + 3_000)
    assert listing["@graph"][: len(kept)] == kept
    assert ["0 blocks (0 with events) and the ends of 1 lists were left out"] == [
        problem.split("blocks: ")[1] for problem in problems
    ]


def test_more_blocks_than_fit_are_counted() -> None:
    blocks, problems = bound_blocks(
        [("microdata", {**EVENT, "name": f"{n}"}) for n in range(MAX_BLOCKS + 5)]
    )
    assert MAX_BLOCKS == len(blocks)
    assert "5 blocks (5 with events)" in problems[0]
