"""Data that nobody means well by: read in bounded time, and never an exception."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.stages.events import MAX_EVENTS, EventReading
from functions.stages.schema_org import holds_event, read_events

EVENT = {"@type": "MusicEvent", "name": "Velvet Ledger", "startDate": "2027-01-22T20:00"}


def read(*items: Any) -> EventReading:
    return read_events(list(items), page_url="https://oakmere.example/events/velvet")


def _nested(depth: int, inner: Any) -> Any:
    for level in range(depth):
        inner = {"subEvent": inner} if level % 2 else [inner]
    return inner


@pytest.mark.parametrize(
    "items",
    [
        [_nested(50_000, EVENT)],
        [{**EVENT, "@id": "#x", "subEvent": {"@id": "#x"}, "superEvent": {"@id": "#x"}}],
        [
            {**EVENT, "@id": f"#{n}", "name": f"n{n}", "superEvent": {"@id": f"#{(n + 1) % 400}"}}
            for n in range(400)
        ],
        [{**EVENT, "@id": "#x", "name": f"n{n}", "performer": {"@id": "#x"}} for n in range(2_000)],
        [
            *({"@type": "MusicGroup", "@id": f"#p{n}", "name": f"p{n}"} for n in range(300)),
            *(
                {**EVENT, "name": f"n{n}", "performer": [{"@id": f"#p{m}"} for m in range(300)]}
                for n in range(30)
            ),
        ],
        [{**EVENT, "name": "<script" * 50_000, "description": "<!--" * 50_000}],
        [{**EVENT, "startDate": [f"{n} May 2027 " + "1 " * 40 for n in range(3_000)]}],
        [
            {**EVENT, "name": f"n{n}", "startDate": [f"20{m}-01-01" for m in range(27, 99)]}
            for n in range(900)
        ],
        [{**EVENT, "url": ["javascript:x"] * 50_000, "offers": [{"price": "x"}] * 50_000}],
        [{**EVENT, "location": [{"@type": "Place"}] * 50_000}],
        [
            {
                **EVENT,
                "eventSchedule": [
                    {"startDate": "2027-01-01", "repeatFrequency": "P1D", "endDate": "2199-01-01"}
                ]
                * 2_000,
            }
        ],
    ],
    ids=[
        *(
            "deep",
            "own relative",
            "circle",
            "one id",
            "shared",
            "markup",
            "dates",
            "many dates",
            "values",
        ),
        *("places", "schedules"),
    ],
)
def test_hostile_data_is_read_in_bounded_time(items: list[Any]) -> None:
    begin = time.process_time()
    reading = read(*items)
    assert time.process_time() - begin < 4
    assert len(reading.events) <= MAX_EVENTS


_SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30)
_WORDS = st.sampled_from(
    [
        *("@type", "@id", "@graph", "@value", "name", "startDate", "endDate", "location", "geo"),
        *("performer", "offers", "price", "subEvent", "superEvent", "eventSchedule", "url"),
        *("address", "eventStatus", "event", "item", "syntax", "doorTime", "repeatFrequency"),
    ]
)
_VALUES = st.sampled_from(
    [
        *("MusicEvent", "Event", "Festival", "Place", "Schedule", "2027-01-01", "2027-01-01T24:00"),
        *("#a", "_:a", "https://schema.org/EventCancelled", "P1W", "9999-12-31", "12,50"),
    ]
)
_JSON = st.recursive(
    _SCALARS | _VALUES,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(_WORDS | st.text(max_size=8), inner, max_size=6)
    ),
    max_leaves=30,
)


@given(st.lists(st.dictionaries(_WORDS, _JSON, max_size=8), max_size=4), st.text(max_size=20))
def test_any_json_is_read_without_raising(items: list[dict[str, Any]], url: str) -> None:
    reading = read_events(items, page_url=url)
    assert reading == EventReading.model_validate_json(reading.model_dump_json())
    reading.model_dump_json().encode()  # no lone surrogates


@given(_JSON)
def test_an_event_is_found_within_any_json(filler: Any) -> None:
    item = {"x": [filler, {"y": EVENT}]}
    assert holds_event(item)
    names = [event.name for event in read(json.loads(json.dumps(item, allow_nan=True))).events]
    assert "Velvet Ledger" in names
