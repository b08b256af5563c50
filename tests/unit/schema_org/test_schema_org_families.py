"""Festivals, series, schedules, and events told twice."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from functions.stages.events import EventReading, EventStatus, ExtractedEvent
from functions.stages.schema_org import read_events

FESTIVAL = {
    "@type": "Festival",
    "@id": "#festival",
    "name": "Harvest Signal",
    "startDate": "2027-08-06T16:00",
    "endDate": "2027-08-08",
    "location": {"@type": "Park", "name": "Wharfdale Park"},
}


def read(*items: Any) -> EventReading:
    return read_events(list(items), page_url="https://harvest.example/")


def told(reading: EventReading) -> list[tuple[str, str, list[str]]]:
    return [
        (event.name, str(event.start_date), [artist.name for artist in event.artists])
        for event in reading.events
    ]


def test_a_part_inherits_what_it_lacks_and_keeps_what_it_has() -> None:
    parts = [
        {"@type": "MusicEvent", "name": "Opening"},
        {"name": "Late set", "startDate": "2027-08-07T23:00", "location": "Barn"},
    ]
    late, opening = sorted(
        read({**FESTIVAL, "subEvent": parts}).events, key=lambda event: event.name
    )
    # The festival's days, but not its hour: that is when the first part begins.
    assert (date(2027, 8, 6), date(2027, 8, 8), None) == (
        opening.start_date,
        opening.end_date,
        opening.start_time,
    )
    assert opening.venue is not None
    assert opening.venue.name == "Wharfdale Park"
    assert (date(2027, 8, 7), "23:00", None) == (late.start_date, late.start_time, late.end_date)
    assert late.venue is not None
    assert late.venue.name == "Barn"
    assert ["Harvest Signal"] * 2 == [opening.part_of, late.part_of]


def test_a_cancelled_festival_cancels_its_parts_unless_they_say_otherwise() -> None:
    parts = [
        {"name": "One", "performer": "One"},
        {"name": "Two", "performer": "Two", "eventStatus": "EventScheduled"},
    ]
    reading = read({**FESTIVAL, "eventStatus": "EventCancelled", "subEvent": parts})
    assert [("One", EventStatus.CANCELLED), ("Two", EventStatus.SCHEDULED)] == [
        (event.name, event.status) for event in reading.events
    ]


@pytest.mark.parametrize(
    ("performers", "parts", "expected"),
    [
        # all its performers play in parts: the festival is but their frame
        (["One"], [{"name": "One", "performer": "one"}], [("One", ["one"])]),
        # some do not: it stands for those
        (
            ["One", "Two"],
            [{"name": "One", "performer": "One"}],
            [("Harvest Signal", ["Two"]), ("One", ["One"])],
        ),
        # it names none
        ([], [{"name": "One", "performer": "One"}], [("One", ["One"])]),
        # no part names any
        (["One"], [{"name": "Day 1"}], [("Harvest Signal", ["One"]), ("Day 1", [])]),
        # no part is usable
        (["One"], [{"startDate": "soon"}], [("Harvest Signal", ["One"])]),
        ([], [{"startDate": "soon"}], [("Harvest Signal", [])]),
        # it has no parts
        ([], [], [("Harvest Signal", [])]),
    ],
)
def test_a_festival_stands_by_itself_only_for_performers_of_its_own(
    performers: list[str], parts: list[dict[str, str]], expected: list[tuple[str, list[str]]]
) -> None:
    parts = [{"@type": "MusicEvent", **part} for part in parts]
    reading = read({**FESTIVAL, "performer": performers, "subEvent": parts})
    assert expected == [(name, artists) for name, _, artists in told(reading)]


def test_a_festival_without_a_date_that_has_parts_is_no_fault() -> None:
    part = {"name": "One", "startDate": "2027-08-06"}
    reading = read({"@type": "Festival", "name": "Undated", "subEvents": [part]})
    assert (["One"], ()) == ([event.name for event in reading.events], reading.rejected)


def test_a_part_may_name_its_festival_instead() -> None:
    part = {
        "@type": "MusicEvent",
        "name": "One",
        "performer": "One",
        "superEvent": {"@id": "#festival"},
    }
    (event,) = read(part, FESTIVAL).events
    assert ("One", date(2027, 8, 6), "Harvest Signal") == (
        event.name,
        event.start_date,
        event.part_of,
    )


def test_what_a_festivals_grandchild_lacks_comes_from_above() -> None:
    night = {
        "@type": "Event",
        "name": "Friday",
        "startDate": "2027-08-06",
        "subEvent": {"name": "Set"},
    }
    names = {event.name: event.venue for event in read({**FESTIVAL, "subEvent": night}).events}
    assert names["Set"] is not None
    assert names["Set"].name == "Wharfdale Park"


def test_parts_of_each_other_are_not_lost() -> None:
    one = {"@type": "Event", "@id": "#1", "name": "One", "startDate": "2027-01-01"}
    two = {"@type": "Event", "@id": "#2", "name": "Two", "startDate": "2027-01-02"}
    reading = read({**one, "subEvent": {"@id": "#2"}}, {**two, "subEvent": {"@id": "#1"}})
    assert [("Two", "2027-01-02", [])] == told(reading)


def test_a_venue_that_lists_its_events_is_where_they_take_place() -> None:
    event = {"@type": "MusicEvent", "name": "Salt Choir", "startDate": "2027-04-17"}
    (found,) = read({"@type": "MusicVenue", "name": "Tide Hall", "events": [event]}).events
    assert found.venue is not None
    assert found.venue.name == "Tide Hall"


def test_a_band_that_lists_its_events_plays_at_them() -> None:
    event = {"@type": "MusicEvent", "name": "Spring tour", "startDate": "2027-04-17"}
    reading = read({"@type": "MusicGroup", "name": "Salt Choir", "event": [event]})
    assert [("Spring tour", "2027-04-17", ["Salt Choir"])] == told(reading)


def test_a_line_up_counts_more_than_whose_page_it_is() -> None:
    event = {"@type": "MusicEvent", "name": "x", "startDate": "2027-04-17", "performer": "Dune"}
    reading = read({"@type": "MusicGroup", "name": "Salt Choir", "event": [event]})
    assert [("x", "2027-04-17", ["Dune"])] == told(reading)


@pytest.mark.parametrize(
    ("starts", "expected"),
    [
        (["2027-01-01", "2027-01-02"], [("2027-01-01", None), ("2027-01-02", None)]),
        (
            ["2027-01-01T15:00", "2027-01-01T20:00"],
            [("2027-01-01", "15:00"), ("2027-01-01", "20:00")],
        ),
        # told twice, once with the hour
        (["2027-01-01", "2027-01-01T20:00"], [("2027-01-01", "20:00")]),
        (["2027-01-01", "2027-01-01"], [("2027-01-01", None)]),
        # one of them is readable
        (["soon", "2027-01-01"], [("2027-01-01", None)]),
    ],
)
def test_several_dates_are_several_events(
    starts: list[str], expected: list[tuple[str, str | None]]
) -> None:
    reading = read({"@type": "Event", "name": "Play", "startDate": starts})
    assert expected == [(str(event.start_date), event.start_time) for event in reading.events]


@pytest.mark.parametrize(
    ("schedule", "days"),
    [
        ({}, ["01-04"]),
        ({"repeatFrequency": "P1W", "repeatCount": 3}, ["01-04", "01-11", "01-18"]),
        ({"repeatFrequency": "P2W", "endDate": "2027-02-01"}, ["01-04", "01-18", "02-01"]),
        ({"repeatFrequency": "weekly", "endDate": "2027-01-17"}, ["01-04", "01-11"]),
        ({"repeatFrequency": "P1D", "repeatCount": "3"}, ["01-04", "01-05", "01-06"]),
        ({"repeatFrequency": "P3D", "endDate": "2027-01-10"}, ["01-04", "01-07", "01-10"]),
        (
            {
                "repeatFrequency": "P1W",
                "byDay": ["https://schema.org/Tuesday", "Friday"],
                "endDate": "2027-01-15",
            },
            ["01-05", "01-08", "01-12", "01-15"],
        ),
        (
            {"repeatFrequency": "P1W", "repeatCount": 3, "exceptDate": "2027-01-11"},
            ["01-04", "01-18"],
        ),
        # without an end, or by the month: the first one only
        ({"repeatFrequency": "P1W"}, ["01-04"]),
        ({"repeatFrequency": "P1W", "repeatCount": 0}, ["01-04"]),
        ({"repeatFrequency": "P1M", "repeatCount": 4}, ["01-04"]),
    ],
)
def test_a_simple_schedule_is_counted_out(schedule: dict[str, Any], days: list[str]) -> None:
    whole = {"@type": "Schedule", "startDate": "2027-01-04", "startTime": "20:00", **schedule}
    reading = read({"@type": "Event", "name": "Jam", "eventSchedule": whole})
    assert [(f"2027-{day}", "20:00") for day in days] == [
        (str(event.start_date), event.start_time) for event in reading.events
    ]


def test_a_start_date_comes_before_a_schedule_unless_the_event_is_a_series() -> None:
    item = {
        "name": "Jam",
        "startDate": "2027-01-04",
        "eventSchedule": {"startDate": "2027-01-04", "repeatFrequency": "P1W", "repeatCount": 2},
    }
    assert 1 == len(read({"@type": "MusicEvent", **item}).events)
    assert 2 == len(read({"@type": "EventSeries", **item}).events)


GIG = {"@type": "MusicEvent", "name": "Salt Choir", "startDate": "2027-04-17T20:00"}


@pytest.mark.parametrize(
    ("other", "is_same"),
    [
        ({}, True),
        ({"name": " SALT  CHOIR! "}, True),
        ({"name": "Sált Choir"}, True),
        ({"startDate": "2027-04-17"}, True),
        ({"location": "Tide Hall"}, True),
        ({"startDate": "2027-04-18T20:00"}, False),
        ({"startDate": "2027-04-17T15:00"}, False),
        ({"name": "Sand Choir"}, False),
    ],
)
def test_an_event_told_twice_is_one(other: dict[str, str], is_same: bool) -> None:  # noqa: FBT001 - a table's column
    assert (1 if is_same else 2) == len(read(GIG, {**GIG, **other}).events)


def test_events_of_one_name_and_time_at_two_places_are_two() -> None:
    assert 2 == len(read({**GIG, "location": "Hall"}, {**GIG, "location": "Shed"}).events)


def test_events_of_the_same_line_up_date_and_place_are_one() -> None:
    one = {**GIG, "performer": ["Salt Choir", "Dune Radio"], "location": "Tide Hall"}
    other = {**one, "name": "Choir & Radio", "performer": ["dune radio", "SALT CHOIR"]}
    assert ["Salt Choir"] == [event.name for event in read(one, other).events]


def test_the_first_mention_wins_and_later_ones_fill_its_gaps() -> None:
    first = {
        **GIG,
        "startDate": "2027-04-17",
        "location": {"name": "Tide Hall"},
        "url": "https://a.example/",
    }
    second: dict[str, Any] = {
        **GIG,
        "startDate": "2027-04-17T20:00+01:00",
        "url": "https://b.example/",
        "location": {"name": "TIDE HALL", "address": {"addressLocality": "Saltmarsh"}},
        "performer": "Salt Choir",
        "eventStatus": "EventPostponed",
        "offers": {"price": 9},
    }
    (event,) = read(first, second).events
    assert event.venue is not None
    assert ("Tide Hall", "Saltmarsh") == (event.venue.name, event.venue.city)
    assert ("20:00", "+01:00") == (event.start_time, event.utc_offset)
    assert "https://a.example/" == event.url
    assert EventStatus.POSTPONED == event.status
    assert (1, 1) == (len(event.artists), len(event.offers))


def test_merging_keeps_what_the_model_demands() -> None:
    mentions = [{**GIG, "endDate": f"2027-04-{17 + n}", "offers": {"price": n}} for n in range(3)]
    (event,) = read(*mentions).events
    assert event == ExtractedEvent.model_validate(event.model_dump())
