"""The model of an extracted event: what it refuses, and that it travels."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from functions.stages.events import ExtractedArtist, ExtractedEvent, ExtractedVenue

EVENT: dict[str, Any] = {"name": "Salt Choir", "start_date": "2027-04-17"}


@pytest.mark.parametrize(
    "fields",
    [
        {"name": ""},
        {"name": " "},
        {"name": "x" * 301},
        {"start_date": None},
        {"start_date": "soon"},
        {"start_time": "8pm"},
        {"start_time": "24:00"},
        {"utc_offset": "Z"},
        {"utc_offset": "+15:00"},
        {"end_date": "2027-04-16"},
        {"kind": "music event"},
        {"status": "sold out"},
        {"url": "javascript:alert(1)"},
        {"url": "https:///path"},
        {"image": "/relative.jpg"},
        {"description": "x" * 2001},
        {"artists": [{"name": f"Band {number}"} for number in range(201)]},
        {"artists": [{"url": "https://a.example/"}]},
        {"offers": [{"price": -1}]},
        {"offers": [{"currency": "euro"}]},
        {"venue": {}},
        {"venue": {"country": "GB"}},
        {"venue": {"name": "Hall", "latitude": 53.2}},
        {"venue": {"name": "Hall", "latitude": 91, "longitude": 0}},
        {"surprise": 1},
    ],
)
def test_what_cannot_be_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        ExtractedEvent.model_validate({**EVENT, **fields})


def test_an_event_goes_to_json_and_back() -> None:
    event = ExtractedEvent.model_validate(
        {
            **EVENT,
            "start_time": "20:00",
            "utc_offset": "+01:00",
            "venue": {"name": "Hall", "latitude": 53.2, "longitude": -2.6},
            "artists": [{"name": "Salt Choir", "same_as": ["https://salt.example/"]}],
            "offers": [{"price": "12.50", "currency": "GBP"}],
        }
    )
    assert event == ExtractedEvent.model_validate_json(event.model_dump_json())
    assert event == ExtractedEvent.model_validate(event.model_dump(mode="json"))


def test_a_value_is_frozen_and_can_be_a_key() -> None:
    artist = ExtractedArtist(name="Salt Choir")
    assert {artist: 1}[ExtractedArtist(name="Salt Choir")] == 1
    with pytest.raises(ValidationError):
        artist.name = "Sand Choir"  # type: ignore[misc]


def test_a_venue_may_be_an_address_without_a_name() -> None:
    assert ExtractedVenue(city="Saltmarsh").name is None
