"""The sample pages against the truth about them."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

import functions.demo
from functions.stages.reading import read_page
from functions.stages.schema_org import read_events

PAGES = Path(functions.demo.__file__).parent / "pages"
TRUTH: dict[str, Any] = json.loads((PAGES.parent / "expected.json").read_text(encoding="utf-8"))


def test_every_page_has_its_truth() -> None:
    assert sorted(TRUTH) == sorted(path.name for path in PAGES.glob("*.html"))


@pytest.mark.parametrize("filename", TRUTH)
def test_a_sample_page_is_read_as_it_is_meant(filename: str) -> None:
    url = f"file:///pages/{filename}"
    page = read_page((PAGES / filename).read_bytes(), url=url, content_type=None)
    reading = read_events(page.blocks, page_url=page.canonical_url)
    truth = TRUTH[filename]
    assert truth == {
        "about": truth["about"],
        "encoding": page.encoding,
        "language": page.language,
        "canonical_url": None if page.canonical_url == url else page.canonical_url,
        "route": page.route,
        "events": [
            {
                "name": event.name,
                "date": event.start_date.isoformat(),
                "time": event.start_time,
                "venue": event.venue.name if event.venue else None,
                "city": event.venue.city if event.venue else None,
                "artists": [artist.name for artist in event.artists],
                "status": event.status,
            }
            for event in reading.events
        ],
        "rejected": [rejected.model_dump() for rejected in reading.rejected],
        "problems": list(page.problems),
    }


@pytest.mark.parametrize(
    "filename", [name for name, truth in TRUTH.items() if truth["route"] == "agents"]
)
def test_a_page_for_the_agents_has_text_for_them(filename: str) -> None:
    page = read_page((PAGES / filename).read_bytes(), url="file:///page.html", content_type=None)
    words = {
        "mill-tavern-no-markup.html": "Scythe & Whistle",
        "foundry-yard-hopeless.html": "Dune Radio",
    }
    assert words.get(filename, "Opening soon") in page.text


def test_two_sites_tell_of_the_same_events_in_other_spellings() -> None:
    def events(filename: str) -> set[tuple[str, str | None]]:
        return {(event["date"], event["time"]) for event in TRUTH[filename]["events"]}

    shared = events("tide-hall-gigs.html") & events("coast-guide-listing.html")
    assert 4 == len(shared)


def test_all_addresses_are_reserved_for_examples() -> None:
    for path in PAGES.glob("*.html"):
        text = path.read_bytes().decode(TRUTH[path.name]["encoding"].replace("shift_jis", "cp932"))
        hosts = set(re.findall(r"//([\w.-]+\.\w+)", text))
        known = {"schema.org", "ogp.me", "api.w.org"}
        assert set() == {host for host in hosts if not host.endswith(".example")} - known, path.name
