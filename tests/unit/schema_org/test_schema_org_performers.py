"""Performers in all the shapes that pages give them."""

from __future__ import annotations

from typing import Any

import pytest

from functions.stages.events import MAX_ARTISTS, ExtractedArtist
from functions.stages.schema_org import read_events


def read_artists(event: dict[str, Any], *others: dict[str, Any]) -> tuple[ExtractedArtist, ...]:
    whole = {"@type": "MusicEvent", "name": "The Long Night", "startDate": "2027-06-19", **event}
    reading = read_events([whole, *others], page_url="https://long-night.example/")
    return reading.events[0].artists


@pytest.mark.parametrize(
    ("event", "names"),
    [
        ({"performer": "Dune Radio"}, ["Dune Radio"]),
        ({"performer": ["Dune Radio", "Salt Choir"]}, ["Dune Radio", "Salt Choir"]),
        ({"performer": {"@type": "MusicGroup", "name": "Dune Radio"}}, ["Dune Radio"]),
        ({"performer": {"@type": "Person", "name": "Colonel Marmalade"}}, ["Colonel Marmalade"]),
        ({"performer": {"@type": "PerformingGroup", "name": "Salt Choir"}}, ["Salt Choir"]),
        ({"performer": {"@type": "Organization", "name": "Salt Choir"}}, ["Salt Choir"]),
        ({"performer": {"name": "Dune Radio"}}, ["Dune Radio"]),
        ({"performer": {"name": ["Dune Radio", "Salt Choir"]}}, ["Dune Radio", "Salt Choir"]),
        ({"performer": [["Dune Radio"], [["Salt Choir"]]]}, ["Dune Radio", "Salt Choir"]),
        ({"performers": [{"name": "Dune Radio"}]}, ["Dune Radio"]),
        ({"performer": "Dune Radio", "performers": ["Salt Choir"]}, ["Dune Radio", "Salt Choir"]),
        ({"byArtist": {"name": "Dune Radio"}}, ["Dune Radio"]),
        ({"actor": {"name": "Colonel Marmalade"}}, ["Colonel Marmalade"]),
        ({"http://schema.org/performer": [{"@value": "Dune Radio"}]}, ["Dune Radio"]),
        ({"schema:performer": {"schema:name": "Dune Radio"}}, ["Dune Radio"]),
        # a role, and a list, stand between
        (
            {
                "performer": {
                    "@type": "PerformanceRole",
                    "name": "Host",
                    "performer": {"name": "Col"},
                }
            },
            ["Col"],
        ),
        (
            {
                "performer": {
                    "@type": "ItemList",
                    "itemListElement": [{"item": {"name": "Col"}}, "Moss"],
                }
            },
            ["Col", "Moss"],
        ),
        # one name, however it looks
        (
            {"performer": "Mabel & the Milk Float, Cousin Clockwork"},
            ["Mabel & the Milk Float, Cousin Clockwork"],
        ),
        # each once, in the first spelling
        ({"performer": ["Dune Radio", "DUNE  RADIO", "Dûne-Radio"]}, ["Dune Radio"]),
        # markup, entities and invisible characters
        ({"performer": "<b>Salt</b> &amp; Sand\u200b"}, ["Salt & Sand"]),
        # a name of nothing but punctuation
        ({"performer": ["!!!", "???"]}, ["!!!", "???"]),
        # nobody
        ({}, []),
        ({"performer": []}, []),
        ({"performer": {"@type": "MusicGroup"}}, []),
        ({"performer": [None, "", " ", 5, True, {}]}, []),
        ({"performer": ["TBA", "tbc", "N/A", "null"]}, []),
        ({"performer": "https://dune-radio.example/"}, []),
    ],
)
def test_performers_are_read_in_order(event: dict[str, Any], names: list[str]) -> None:
    assert names == [artist.name for artist in read_artists(event)]


def test_nobody_is_made_up_from_the_title() -> None:
    assert () == read_artists({"name": "Dune Radio live"})


def test_a_performer_keeps_its_addresses() -> None:
    band = {
        "name": "Dune Radio",
        "url": "/dune",
        "sameAs": ["https://dune.example/", "ftp://x", "/dune"],
    }
    expected = ExtractedArtist(
        name="Dune Radio",
        url="https://long-night.example/dune",
        same_as=("https://dune.example/", "https://long-night.example/dune"),
    )
    assert (expected,) == read_artists({"performer": band})


def test_addresses_of_several_names_belong_to_none_of_them() -> None:
    pair = {"name": ["Dune Radio", "Salt Choir"], "url": "https://dune.example/"}
    assert [None, None] == [artist.url for artist in read_artists({"performer": pair})]


def test_mentions_of_one_performer_are_joined() -> None:
    mentions = ["Dune Radio", {"name": "dune radio", "url": "https://dune.example/"}]
    (artist,) = read_artists({"performer": mentions})
    assert ExtractedArtist(name="Dune Radio", url="https://dune.example/") == artist


def test_a_performer_is_found_by_reference() -> None:
    band = {"@type": "MusicGroup", "@id": "#dune", "name": "Dune Radio"}
    assert ["Dune Radio"] == [a.name for a in read_artists({"performer": {"@id": "#dune"}}, band)]
    assert ["Dune Radio"] == [
        a.name for a in read_artists({"performer": "https://long-night.example/#dune"}, band)
    ]


def test_performers_that_refer_to_each_other_do_not_hang() -> None:
    role = {"@type": "Role", "@id": "#role", "performer": [{"@id": "#role"}, "Dune Radio"]}
    assert ["Dune Radio"] == [a.name for a in read_artists({"performer": {"@id": "#role"}}, role)]


def test_a_line_up_has_an_end() -> None:
    names = [f"Band {number}" for number in range(2 * MAX_ARTISTS)]
    assert names[:MAX_ARTISTS] == [artist.name for artist in read_artists({"performer": names})]
