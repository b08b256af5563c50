"""Finding events in structured data, and what is read of each."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from functions.stages.events import MAX_DESCRIPTION, MAX_EVENTS, MAX_NAME, EventReading, EventStatus
from functions.stages.schema_org import EVENT_TYPES, holds_event, read_events

URL = "https://oakmere.example/events/velvet"
EVENT = {"@type": "MusicEvent", "name": "Velvet Ledger", "startDate": "2027-01-22T20:00"}


def read(*items: Any) -> EventReading:
    return read_events([{"syntax": "json-ld", "item": item} for item in items], page_url=URL)


def read_one(**properties: Any) -> Any:
    (event,) = read({**EVENT, **properties}).events
    return event


@pytest.mark.parametrize("kind", EVENT_TYPES)
@pytest.mark.parametrize(
    "prefix",
    [
        *("", "schema:", "http://schema.org/", "https://schema.org/", "https://www.schema.org/"),
        *("http://www.schema.org/", "https://schema.org//", "HTTP://SCHEMA.ORG/"),
    ],
)
def test_every_kind_of_event_is_known_under_every_prefix(kind: str, prefix: str) -> None:
    item = {**EVENT, "@type": f"{prefix}{kind}"}
    assert holds_event(item)
    assert [kind] == [event.kind for event in read(item).events]


@pytest.mark.parametrize(
    ("types", "kind"),
    [
        (["Event", "MusicEvent"], "MusicEvent"),
        (["Thing", "https://schema.org/Festival"], "Festival"),
        (["Product", "Event"], "Event"),
        ("musicevent", "MusicEvent"),
        (" MusicEvent ", "MusicEvent"),
        ("http://schema.org/Event http://schema.org/MusicEvent", "MusicEvent"),
    ],
)
def test_the_most_specific_type_counts(types: Any, kind: str) -> None:
    assert [kind] == [event.kind for event in read({**EVENT, "@type": types}).events]


@pytest.mark.parametrize(
    "types",
    [
        *("Product", "UserComments", "EventVenue", "EventReservation", "", [], None, 3),
        *("https://other.example/Event", "ical:Vevent", {"@id": "Event"}),
    ],
)
def test_what_is_no_event_is_left_alone(types: Any) -> None:
    item = {**EVENT, "@type": types}
    assert not holds_event(item)
    assert EventReading() == read(item)


@pytest.mark.parametrize(
    "item",
    [
        EVENT,
        [EVENT],
        [[EVENT]],
        {"@graph": [EVENT]},
        {"@graph": {"@graph": EVENT}},
        {"@type": "WebPage", "mainEntity": EVENT},
        {"@type": "ItemList", "itemListElement": [{"@type": "ListItem", "item": EVENT}]},
        {"@type": "ItemList", "itemListElement": [EVENT]},
        {"@type": "ItemList", "itemListElement": {"item": {"@list": [EVENT]}}},
        {"@type": "Place", "event": [EVENT]},
        {"a": {"b": {"c": [{"d": EVENT}]}}},
        {"type": "MusicEvent", "name": "Velvet Ledger", "startDate": "2027-01-22T20:00"},
        {
            "@type": ["http://schema.org/MusicEvent"],
            "http://schema.org/name": [{"@value": "Velvet Ledger", "@language": "en"}],
            "http://schema.org/startDate": [{"@value": "2027-01-22T20:00"}],
        },
        {
            "@type": "MusicEvent",
            "Name": [None, ""],
            "name": "Velvet Ledger",
            "startdate": "2027-01-22T20:00",
        },
    ],
)
def test_an_event_is_found_wherever_it_is(item: Any) -> None:
    assert holds_event(item)
    assert [("Velvet Ledger", date(2027, 1, 22), "20:00")] == [
        (event.name, event.start_date, event.start_time) for event in read(item).events
    ]


def test_a_bare_item_will_do_for_a_block() -> None:
    assert read(EVENT) == read_events([EVENT], page_url=URL)


def test_an_event_described_in_two_places_is_one() -> None:
    graph = {"@graph": [{"@type": "MusicEvent", "@id": "#e", "name": "Velvet Ledger"}]}
    rest = {"@id": f"{URL}#e", "startDate": "2027-01-22", "performer": "Velvet Ledger"}
    (event,) = read(graph, rest).events
    assert (date(2027, 1, 22), 1) == (event.start_date, len(event.artists))


def test_events_that_share_an_id_by_mistake_stay_apart() -> None:
    events = [{**EVENT, "@id": URL, "name": f"Night {number}"} for number in range(3)]
    assert ["Night 0", "Night 1", "Night 2"] == [event.name for event in read(*events).events]


def test_blank_nodes_of_two_blocks_are_different_things() -> None:
    one = {"@graph": [{**EVENT, "location": {"@id": "_:b0"}}, {"@id": "_:b0", "name": "Hall"}]}
    two = {"@graph": [{"@id": "_:b0", "name": "Shed"}]}
    (event,) = read(two, one).events
    assert event.venue.name == "Hall"


@pytest.mark.parametrize(
    ("written", "status"),
    [
        ("https://schema.org/EventCancelled", EventStatus.CANCELLED),
        ("http://schema.org/EventCancelled", EventStatus.CANCELLED),
        ("schema:EventCancelled", EventStatus.CANCELLED),
        ("EventCancelled", EventStatus.CANCELLED),
        ("eventcanceled", EventStatus.CANCELLED),
        ("Cancelled", EventStatus.CANCELLED),
        ({"@id": "https://schema.org/EventCancelled"}, EventStatus.CANCELLED),
        ("https://schema.org/EventPostponed", EventStatus.POSTPONED),
        ("EventRescheduled", EventStatus.RESCHEDULED),
        ("EventMovedOnline", EventStatus.MOVED_ONLINE),
        ("EventScheduled", EventStatus.SCHEDULED),
        (["EventRescheduled", "EventMovedOnline"], EventStatus.RESCHEDULED),
        (["EventScheduled", "EventCancelled"], EventStatus.CANCELLED),
        ("SoldOut", EventStatus.SCHEDULED),
        (None, EventStatus.SCHEDULED),
        (7, EventStatus.SCHEDULED),
    ],
)
def test_a_status_is_read(written: Any, status: EventStatus) -> None:
    assert status == read_one(eventStatus=written).status


@pytest.mark.parametrize(
    ("properties", "online"),
    [
        ({}, False),
        ({"eventAttendanceMode": "https://schema.org/OfflineEventAttendanceMode"}, False),
        ({"eventAttendanceMode": "https://schema.org/OnlineEventAttendanceMode"}, True),
        ({"eventAttendanceMode": "MixedEventAttendanceMode"}, True),
        ({"eventStatus": "EventMovedOnline"}, True),
        ({"location": {"@type": "VirtualLocation"}}, True),
    ],
)
def test_an_event_online_says_so(properties: dict[str, Any], online: bool) -> None:  # noqa: FBT001 - a table's column
    assert online is read_one(**properties).online


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("Tom &amp; Jerry", "Tom & Jerry"),
        ("Tom &amp;amp; Jerry", "Tom & Jerry"),
        ("&#8220;Songs&#8221; &#x26; Sums", "“Songs” & Sums"),
        ("<b>Bold</b> <i>move</i>", "Bold move"),
        ("&lt;b&gt;Bold&lt;/b&gt;", "Bold"),
        ("Line<br/>break", "Line break"),
        ("I <3 this", "I <3 this"),
        ("a < b > c", "a < b > c"),
        ("<style>.x{color:red}</style>Clean<script>alert('<b>')</script>", "Clean"),
        ("R&B, AT&T and co", "R&B, AT&T and co"),
        ("  spread\n\tout\u00a0\u2003", "spread out"),
        ("Zoe\u0308", "Zoë"),
        ("zero\u200bwidth\ufeff", "zerowidth"),
        ("\u202egnp.exe", "gnp.exe"),
        ("bell\x07", "bell"),
        ("half \ud800 pair", "half \ufffd pair"),
        ("x" * 1000, "x" * MAX_NAME),
        (1984, "1984"),
        (["First", "Second"], "First"),
        ({"@value": "Wrapped", "@language": "de"}, "Wrapped"),
    ],
)
def test_a_name_is_cleaned(written: Any, name: str) -> None:
    assert name == read_one(name=written).name


def test_a_description_is_plain_text_of_bounded_length() -> None:
    event = read_one(description="<p>One &amp; two.</p><p>" + "three " * 5_000 + "</p>")
    assert event.description.startswith("One & two. three three")
    assert MAX_DESCRIPTION - 6 < len(event.description) <= MAX_DESCRIPTION


def test_the_small_facts_are_read() -> None:
    event = read_one(
        url="/events/velvet?x=1#top",
        image={"@type": "ImageObject", "url": "//cdn.example/velvet.jpg"},
        organizer={"@type": "Organization", "name": "Oakmere Arts"},
        identifier={"@type": "PropertyValue", "value": "OA-17"},
        doorTime="2027-01-22T19:00",
        endDate="2027-01-22T22:30",
        previousStartDate="2026-11-20T20:00",
        superEvent="Winter Season",
    )
    assert {
        "url": "https://oakmere.example/events/velvet?x=1#top",
        "image": "https://cdn.example/velvet.jpg",
        "organizer": "Oakmere Arts",
        "identifier": "OA-17",
        "doors_time": "19:00",
        "end_date": date(2027, 1, 22),
        "end_time": "22:30",
        "previous_start_date": date(2026, 11, 20),
        "part_of": "Winter Season",
    } == event.model_dump(
        include={
            *("url", "image", "organizer", "identifier", "doors_time", "end_date", "end_time"),
            *("previous_start_date", "part_of"),
        }
    )


@pytest.mark.parametrize(
    ("written", "url"),
    [
        ("https://a.example/x", "https://a.example/x"),
        ("HTTPS://A.example/x", "https://A.example/x"),
        ("x y", "https://oakmere.example/events/x%20y"),
        ("https://a.example/?a=1&amp;b=2", "https://a.example/?a=1&b=2"),
        ({"@id": "https://a.example/x"}, "https://a.example/x"),
        ("javascript:alert(1)", None),
        ("data:text/html,x", None),
        ("mailto:box@oakmere.example", None),
        ("https://user:secret@a.example/", None),
        ("https://", None),
        ("http://[::1", None),
        ("https://a.example:port/", None),
        ("https://a.example/" + "x" * 3_000, None),
        ("", None),
        (12, "https://oakmere.example/events/12"),
    ],
)
def test_an_address_leads_to_the_web_or_is_left_out(written: Any, url: str | None) -> None:
    assert url == read_one(url=written).url


def test_an_id_that_is_an_address_will_do_for_one() -> None:
    assert read_one(**{"@id": "https://a.example/1"}).url == "https://a.example/1"
    assert read_one(**{"@id": "https://a.example/#1"}).url is None
    assert read_one(**{"@id": "_:b1"}).url is None


@pytest.mark.parametrize(
    ("item", "name", "reason"),
    [
        ({"name": "Velvet"}, "Velvet", "it has no startDate"),
        ({"name": "Velvet", "startDate": ""}, "Velvet", "it has no startDate"),
        ({"name": "Velvet", "startDate": {}}, "Velvet", "its startDate is empty"),
        (
            {"name": "Velvet", "startDate": "soon"},
            "Velvet",
            "startDate 'soon' has no year of four digits",
        ),
        (
            {"startDate": "2027-01-22"},
            "an unnamed MusicEvent",
            "it has neither a name nor a performer",
        ),
        (
            {"name": "<br>", "startDate": "2027-01-22"},
            "an unnamed MusicEvent",
            "it has neither a name nor a performer",
        ),
        (
            {"performer": "Velvet", "startDate": "May 2027"},
            "Velvet",
            "startDate 'May 2027' lacks a day, a month or a year",
        ),
    ],
)
def test_an_unusable_event_is_refused_alone_and_by_name(
    item: dict[str, Any], name: str, reason: str
) -> None:
    reading = read({"@type": "MusicEvent", **item}, EVENT)
    assert [(name, reason)] == [(rejected.name, rejected.reason) for rejected in reading.rejected]
    assert ["Velvet Ledger"] == [event.name for event in reading.events]


def test_an_event_without_a_name_is_named_after_its_performers() -> None:
    assert read_one(name=None, performer=["Moss", "Fern"]).name == "Moss, Fern"


def test_an_event_without_a_venue_is_usable() -> None:
    assert read_one().venue is None


def test_an_end_before_the_start_is_left_out() -> None:
    event = read_one(endDate="2027-01-21T02:00")
    assert (None, None) == (event.end_date, event.end_time)


def test_a_clock_may_stand_beside_the_date() -> None:
    event = read_one(startDate="2027-01-22", startTime="20:15", endTime="23:00")
    assert ("20:15", None, "23:00") == (event.start_time, event.end_date, event.end_time)


def test_a_reading_goes_to_json_and_back() -> None:
    reading = read(
        {**EVENT, "offers": {"price": "12.50"}, "location": {"name": "Hall"}}, {"@type": "Event"}
    )
    assert reading == EventReading.model_validate_json(reading.model_dump_json())


def test_a_page_that_tells_every_event_twice_loses_none() -> None:
    events = [{**EVENT, "name": f"Night {number}"} for number in range(MAX_EVENTS - 100)]
    reading = read(*events, *events)
    assert (MAX_EVENTS - 100, ()) == (len(reading.events), reading.rejected)


def test_unusable_events_have_an_end_too() -> None:
    reading = read(*({"@type": "Event", "name": f"{number}"} for number in range(2_100)))
    assert (2_001, "100 more events") == (len(reading.rejected), reading.rejected[-1].name)


def test_a_page_has_an_end() -> None:
    events = [{**EVENT, "name": f"Night {number}"} for number in range(MAX_EVENTS + 7)]
    reading = read(*events)
    assert len(reading.events) == MAX_EVENTS
    assert ["7 more events"] == [rejected.name for rejected in reading.rejected]
