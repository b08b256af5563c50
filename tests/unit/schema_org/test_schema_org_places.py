"""Locations in all the shapes that pages give them."""

from __future__ import annotations

from typing import Any

import pytest

from functions.stages.events import ExtractedVenue
from functions.stages.schema_org import read_events

ADDRESS = {
    "@type": "PostalAddress",
    "streetAddress": "2 Breakwater Walk",
    "addressLocality": "Saltmarsh",
    "addressRegion": "Coastshire",
    "postalCode": "SM1 8QD",
    "addressCountry": "GB",
}
FULL = ExtractedVenue(
    name="Tide Hall",
    street="2 Breakwater Walk",
    city="Saltmarsh",
    region="Coastshire",
    postal_code="SM1 8QD",
    country="GB",
)


def read_location(location: Any, *others: dict[str, Any]) -> tuple[ExtractedVenue | None, bool]:
    event = {
        "@type": "MusicEvent",
        "name": "Salt Choir",
        "startDate": "2027-04-17",
        "location": location,
    }
    reading = read_events([event, *others], page_url="https://tide-hall.example/gigs/")
    (found,) = reading.events
    return found.venue, found.online


@pytest.mark.parametrize(
    ("location", "venue"),
    [
        # a place with an address
        ({"@type": "Place", "name": "Tide Hall", "address": ADDRESS}, FULL),
        # a place listed beside its address
        ([{"@type": "Place", "name": "Tide Hall"}, ADDRESS], FULL),
        # a name listed beside its address
        (["Tide Hall", ADDRESS], FULL),
        # the address' parts right in the place
        ({"@type": "Place", "name": "Tide Hall", **(ADDRESS | {"@type": "Place"})}, FULL),
        # the address as location of the place
        ({"@type": "MusicVenue", "name": "Tide Hall", "location": ADDRESS}, FULL),
        # a list of addresses: the first that says something
        (
            {
                "@type": "Place",
                "name": "Tide Hall",
                "address": [{"@type": "PostalAddress"}, ADDRESS],
            },
            FULL,
        ),
        # an address without type
        (
            {"name": "Tide Hall", "address": {k: v for k, v in ADDRESS.items() if k != "@type"}},
            FULL,
        ),
        # a country as a thing
        (
            {
                "@type": "Place",
                "name": "Tide Hall",
                "address": ADDRESS | {"addressCountry": {"@type": "Country", "name": "GB"}},
            },
            FULL,
        ),
        # a string
        ("Boathouse No. 5, Saltmarsh", ExtractedVenue(name="Boathouse No. 5, Saltmarsh")),
        # an address as a string
        (
            {"@type": "Place", "name": "Tide Hall", "address": "2 Breakwater Walk, Saltmarsh"},
            ExtractedVenue(name="Tide Hall", street="2 Breakwater Walk, Saltmarsh"),
        ),
        # a street of several lines
        (
            {"name": "Hall", "address": {"streetAddress": ["Corn Exchange", "Market Square"]}},
            ExtractedVenue(name="Hall", street="Corn Exchange, Market Square"),
        ),
        # an address only
        (
            {"@type": "PostalAddress", "addressLocality": "Saltmarsh"},
            ExtractedVenue(city="Saltmarsh"),
        ),
        # an address that has a name
        (
            {"@type": "PostalAddress", "name": "Tide Hall", "addressLocality": "Saltmarsh"},
            ExtractedVenue(name="Tide Hall", city="Saltmarsh"),
        ),
        # a room in a venue
        (
            {
                "@type": "Place",
                "name": "Main Stage",
                "containedInPlace": {"@type": "Place", "name": "Tide Hall", "address": ADDRESS},
            },
            FULL.model_copy(update={"room": "Main Stage"}),
        ),
        # the same by the superseded property, three deep
        (
            {
                "name": "Booth 4",
                "containedIn": {
                    "name": "Bar",
                    "containedIn": {"name": "Tide Hall", "address": ADDRESS},
                },
            },
            FULL.model_copy(update={"room": "Booth 4"}),
        ),
        # a place with an address of its own is no room
        (
            {
                "@type": "Place",
                "name": "Tide Hall",
                "address": ADDRESS,
                "containedInPlace": {"@type": "Place", "name": "The Docks"},
            },
            FULL,
        ),
        # a venue in a city is no room either
        (
            {
                "@type": "Place",
                "name": "Tide Hall",
                "containedInPlace": {
                    "@type": "City",
                    "name": "Saltmarsh",
                    "containedInPlace": {"@type": "Country", "name": "GB"},
                },
            },
            ExtractedVenue(name="Tide Hall", city="Saltmarsh"),
        ),
        # several places: the first with a name
        (
            [{"@type": "Place"}, {"name": "Tide Hall"}, {"name": "Boathouse"}],
            ExtractedVenue(name="Tide Hall"),
        ),
        # a city
        ({"@type": "City", "name": "Saltmarsh"}, ExtractedVenue(city="Saltmarsh")),
        # nothing
        (None, None),
        ([], None),
        ("", None),
        ({"@type": "Place"}, None),
        ({"@type": "Place", "name": "TBA"}, None),
        ({"@type": "Place", "address": {"addressCountry": "GB"}}, None),
        (17, None),
        ("https://maps.example/tide-hall", None),
    ],
)
def test_a_location_becomes_a_venue(location: Any, venue: ExtractedVenue | None) -> None:
    assert (venue, False) == read_location(location)


@pytest.mark.parametrize(
    ("location", "expected"),
    [
        ({"@type": "VirtualLocation", "url": "https://stream.example/1"}, (None, True)),
        ("https://schema.org/VirtualLocation", (None, True)),
        ("Online", (None, True)),
        (
            [{"@type": "VirtualLocation"}, {"@type": "Place", "name": "Tide Hall"}],
            (ExtractedVenue(name="Tide Hall"), True),
        ),
    ],
)
def test_a_virtual_location_is_no_venue(
    location: Any, expected: tuple[ExtractedVenue | None, bool]
) -> None:
    assert expected == read_location(location)


@pytest.mark.parametrize(
    ("place", "degrees"),
    [
        ({"geo": {"latitude": 53.219, "longitude": -2.65}}, (53.219, -2.65)),
        ({"geo": {"latitude": "53.219", "longitude": " -2,65 "}}, (53.219, -2.65)),
        ({"geo": [{"@type": "GeoShape"}, {"latitude": 53, "longitude": 2}]}, (53, 2)),
        ({"geo": "53.219,-2.65"}, (53.219, -2.65)),
        ({"geo": "geo:53.219,-2.65;u=35"}, (53.219, -2.65)),
        ({"latitude": "53.219", "longitude": "-2.65"}, (53.219, -2.65)),
        ({"geo": {"latitude": 0, "longitude": 0}}, (None, None)),
        ({"geo": {"latitude": 91, "longitude": 2}}, (None, None)),
        ({"geo": {"latitude": 53, "longitude": 181}}, (None, None)),
        ({"geo": {"latitude": 53}}, (None, None)),
        ({"geo": {"latitude": "north", "longitude": "west"}}, (None, None)),
        ({"geo": {"latitude": float("nan"), "longitude": 1}}, (None, None)),
        ({"geo": "somewhere"}, (None, None)),
    ],
)
def test_coordinates_are_read_or_left_out(
    place: dict[str, Any], degrees: tuple[float | None, float | None]
) -> None:
    venue, _ = read_location({"@type": "Place", "name": "Tide Hall", **place})
    assert venue is not None
    assert degrees == (venue.latitude, venue.longitude)


def test_a_reference_is_resolved_within_the_page_and_across_blocks() -> None:
    hall = {
        "@type": "MusicVenue",
        "@id": "#hall",
        "name": "Tide Hall",
        "address": {"@id": "#address"},
    }
    address = {**ADDRESS, "@id": "https://tide-hall.example/gigs/#address"}
    assert (FULL, False) == read_location({"@id": "#hall"}, hall, address)
    assert (FULL, False) == read_location("https://tide-hall.example/gigs/#hall", hall, address)


def test_a_reference_to_elsewhere_is_no_venue() -> None:
    assert (None, False) == read_location({"@id": "https://elsewhere.example/#hall"})


def test_places_that_contain_each_other_do_not_hang() -> None:
    one = {"@type": "Place", "@id": "#1", "name": "One", "containedInPlace": {"@id": "#2"}}
    two = {"@type": "Place", "@id": "#2", "name": "Two", "containedInPlace": {"@id": "#1"}}
    venue, _ = read_location({"@id": "#1"}, one, two)
    assert venue is not None
    assert {"One", "Two"} == {venue.name, venue.room}


def test_a_venue_keeps_its_own_address_on_the_web() -> None:
    venue, _ = read_location({"@type": "Place", "name": "Tide Hall", "sameAs": "/about"})
    assert venue is not None
    assert venue.url == "https://tide-hall.example/about"
