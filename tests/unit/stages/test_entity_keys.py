from __future__ import annotations

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from functions.stages.entity_resolution.keys import (
    identify_artist,
    identify_venue,
    name_venue,
    normalise_name,
)
from functions.stages.events import ExtractedVenue


@pytest.mark.parametrize(
    ("name", "normalised"),
    [
        ("  Blue   Lamp ", "blue lamp"),  # white space
        ("BLUE LAMP", "blue lamp"),  # case
        ("Café Zoë", "cafe zoe"),  # accents
        ("The Lantern", "lantern"),  # a leading article
        ("The", "the"),  # nothing but an article
        ("Theatre Nine", "theatre nine"),  # no article at all
        ("Salt & Smoke", "salt and smoke"),  # an ampersand
        ("Molly's", "mollys"),  # an apostrophe
        ("Molly\N{RIGHT SINGLE QUOTATION MARK}s", "mollys"),  # and its other form
        ("AC/DC-ish", "ac dc ish"),  # punctuation
        ("ＷＩＤＥ", "wide"),  # compatibility forms
        ("Straße", "strasse"),  # case folding, not lower case
        ("!!!", "!!!"),  # a name of punctuation keeps it
        ("東京ホール", "東京ホール"),  # other scripts stay
        ("ガール", "ガール"),  # where a mark makes another letter
        ("किशोर", "किशोर"),  # or a vowel
        ("Ёлка", "елка"),  # in Cyrillic it is spelling
        ("snake_case", "snake case"),
    ],
)
def test_a_name_is_known_in_any_spelling(name: str, normalised: str) -> None:
    assert normalised == normalise_name(name)


@given(st.text())
@example("Ｔｈｅ ＷＩＤＥ!")
@example("İstanbul")
def test_a_normal_form_is_its_own_normal_form(name: str) -> None:
    normal = normalise_name(name)
    assume(not normal.startswith("the "))  # of "The The Band" one article goes at a time

    assert normal == normalise_name(normal)


def test_one_venue_has_one_id_in_its_city_and_another_elsewhere() -> None:
    assert identify_venue("The Blue Lamp", "Århus") == identify_venue("blue lamp", "ARHUS")
    assert identify_venue("Blue Lamp", "Leeds") != identify_venue("Blue Lamp", "York")


def test_no_name_slips_from_one_part_of_an_id_into_the_next() -> None:
    assert identify_venue("a b", "c") != identify_venue("a", "b c")
    assert identify_venue("x", None) != identify_artist("x")


@pytest.mark.parametrize(
    ("venue", "name"),
    [
        (ExtractedVenue(name="Blue Lamp", street="1 Quay"), "Blue Lamp"),
        (ExtractedVenue(street="1 Quay", city="Leeds"), "1 Quay"),
        (ExtractedVenue(city="Leeds"), None),
        (ExtractedVenue(latitude=1.5, longitude=2.25), None),
    ],
)
def test_a_venue_without_a_name_goes_by_its_street_and_a_city_is_none(
    venue: ExtractedVenue, name: str | None
) -> None:
    assert name == name_venue(venue)
