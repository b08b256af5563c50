"""Pages made by the hundred: the same every time, and read for what they tell."""

from __future__ import annotations

import pytest

from functions.demo.page_making import make_page, plan_page
from functions.stages.reading import read_page
from functions.stages.schema_org import read_events


def test_a_page_depends_on_its_number_and_the_seed_only() -> None:
    assert make_page(3, seed=7) == make_page(3, seed=7)
    assert make_page(3, seed=7) != make_page(3, seed=8)
    assert make_page(3, seed=7)[1] != make_page(13, seed=7)[1]


def test_pages_are_of_real_size_and_have_names_of_their_own() -> None:
    pages = [make_page(number, seed=7) for number in range(30)]
    assert 30 == len({filename for filename, _ in pages})
    assert all(30_000 <= len(body) <= 130_000 for _, body in pages)


def test_neighbouring_pages_share_their_venue() -> None:
    venues = {event.venue for number in range(10) for event in plan_page(number, seed=7).events}
    assert 1 == len(venues)


@pytest.mark.parametrize("number", range(20))
def test_a_made_page_is_read_for_what_it_tells(number: int) -> None:
    plan = plan_page(number, seed=7)
    filename, body = make_page(number, seed=7)
    page = read_page(body, url=plan.url, content_type="text/html; charset=utf-8")
    reading = read_events(page.blocks, page_url=page.canonical_url)
    assert (plan.filename, plan.url) == (filename, page.canonical_url)
    assert ("agents" if plan.kind == "prose" else "adapters") == page.route
    assert ((), ()) == (reading.rejected, page.problems)
    assert [
        (event.name, event.date, event.time, event.venue, event.city, event.artists)
        for event in plan.events
    ] == [
        (
            event.name,
            event.start_date,
            event.start_time,
            event.venue and event.venue.name,
            event.venue and event.venue.city,
            tuple(artist.name for artist in event.artists),
        )
        for event in reading.events
    ]
