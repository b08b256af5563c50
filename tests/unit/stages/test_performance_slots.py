from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.stages.entity_resolution.slots import Show, Slot, identify_slot, likeness
from functions.stages.events import ExtractedArtist, ExtractedEvent


def show(name: str = "night", start: int | None = None, *artists: str) -> Show:
    return Show(name, start, artists)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (show("night", 1200, "a"), show("night", 1200, "a"), True),  # the same in all
        (show("night", 1200, "a"), show("a live", 1200, "a"), True),  # another title
        (show("night", 1200, "a"), show("night", 1200), True),  # one site names no artist
        (show("night", 1140, "a"), show("night", 1200, "a"), True),  # doors and show
        (show("night", 1140, "a"), show("night", 1201, "a"), False),  # early and late show
        (show("night", None, "a"), show("night", 1200, "a"), True),  # one site gives no time
        (show("night", 1200, "a", "b"), show("b live", 1200, "b"), True),  # the support's site
        (show("night", 1200, "a"), show("b live", 1200, "b"), False),  # another room
        (show("night", 1200), show("day", 1200), False),  # nothing in common
    ],
)
def test_two_shows_of_a_place_and_day_are_told_apart(one: Show, other: Show, *, same: bool) -> None:
    assert same == (likeness(one, other) > 0)
    assert same == (likeness(other, one) > 0)


def test_a_show_is_found_again_and_another_is_new() -> None:
    slot = Slot("k")
    first, first_is_new = slot.match(show("night", 1200, "a"))
    again = Slot("k", slot.shows)

    assert (first, False) == again.match(show("night", 1200, "a"))
    other, other_is_new = again.match(show("night", 1380, "a"))
    assert (True, True, False) == (first_is_new, other_is_new, other == first)


def test_a_page_that_lists_two_shows_means_two_even_if_they_look_alike() -> None:
    slot = Slot("k")

    ids = {slot.match(show("night", None, "a"))[0], slot.match(show("night", None, "a"))[0]}

    assert 2 == len(ids)


def test_the_likest_show_is_taken_not_the_first_that_would_do() -> None:
    slot = Slot("k")
    early = slot.match(show("early", 1140, "a"))[0]
    late = slot.match(show("late", 1190, "a"))[0]

    assert (late, False) == Slot("k", slot.shows).match(show("late", 1190, "a"))
    assert (early, False) == Slot("k", slot.shows).match(show("early", 1140, "a"))


def test_what_another_site_knows_is_learned() -> None:
    slot = Slot("k", [Show("night", None, ("a",), "p1")])

    slot.match(show("night", 1200, "a", "b"))

    assert ([Show("night", 1200, ("a", "b"), "p1")], True) == (slot.shows, slot.changed)


def test_a_slot_that_learned_nothing_is_not_written() -> None:
    slot = Slot("k", [Show("night", 1200, ("a",), "p1")])

    slot.match(show("night", 1200, "a"))

    assert not slot.changed


def test_a_show_survives_the_way_into_a_document_and_back() -> None:
    known = Show("night", 1200, ("a", "b"), "p1")

    assert known == Show.from_data(known.to_data())


shows = st.builds(
    Show,
    st.sampled_from(["night", "day", "late"]),
    st.none() | st.integers(0, 1439),
    st.lists(st.sampled_from("abcd"), unique=True, max_size=3).map(tuple),
)


@given(st.lists(shows, max_size=12))
def test_the_same_page_again_finds_every_performance_and_makes_none(page: list[Show]) -> None:
    slot = Slot("k")
    first = [slot.match(each)[0] for each in page]

    assert len(page) == len(set(first))
    again = Slot("k", list(slot.shows))
    assert [False] * len(page) == [again.match(each)[1] for each in page]


def event(name: str, *artists: str) -> ExtractedEvent:
    return ExtractedEvent(
        name=name,
        start_date=date(2027, 3, 1),
        artists=tuple(ExtractedArtist(name=artist) for artist in artists),
    )


def test_events_of_one_venue_and_day_share_a_slot() -> None:
    assert identify_slot(event("a"), "v1") == identify_slot(event("b"), "v1")
    assert identify_slot(event("a"), "v1") != identify_slot(event("a"), "v2")


def test_events_without_a_venue_share_a_slot_by_their_first_name() -> None:
    assert identify_slot(event("one", "The A"), None) == identify_slot(event("two", "a"), None)
    assert identify_slot(event("one"), None) != identify_slot(event("two"), None)
