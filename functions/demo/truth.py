"""What is on the sample pages, and whether the pipeline found exactly that."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from functions.stages.entity_resolution.keys import normalise_name
from functions.stages.events import EventStatus

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

EXPECTED: Final = Path(__file__).parent / "expected.json"
"""What is on each page; beside the pages, not among them, since a folder of pages is a source."""

_QUERY: Final = """
SELECT performances.name, start_date, start_time, status, venues.name, venues.city,
       (SELECT json_group_array(artists.name)
          FROM performance_artists JOIN artists ON artists.id = artist_id
         WHERE performance_id = performances.id)
  FROM performances LEFT JOIN venues ON venues.id = venue_id
"""


@dataclass(frozen=True, slots=True)
class Show:
    """Know a performance, as a page or a table tells it; names in their normal form.

    Attributes:
        title: How it is shown.
    """

    name: str
    date: str
    time: str | None
    status: str
    venue: str | None
    city: str | None
    artists: frozenset[str]
    title: str

    @classmethod
    def of(cls, fields: dict[str, Any]) -> Show:
        """Return what a page is known to say, or a table."""
        return cls(
            name=normalise_name(fields["name"]),
            date=fields["date"],
            time=fields["time"],
            status=fields["status"],
            venue=fields["venue"] and normalise_name(fields["venue"]),
            city=fields["city"] and normalise_name(fields["city"]),
            artists=frozenset(map(normalise_name, fields["artists"])),
            title=f"{fields['date']}  {fields['name']}  ({fields['venue'] or 'no venue'})",
        )

    def is_told_by(self, row: Show) -> bool:
        """Tell whether a row is this show; other pages may have added to it."""
        return (
            (self.date, self.venue) == (row.date, row.venue)
            and self.city in (row.city, None if row.venue else self.city)
            and (self.name == row.name or bool(self.artists & row.artists))
            and self.artists <= row.artists
            and self.time in (None, row.time)
            and self.status in (EventStatus.SCHEDULED, row.status)
        )


def load_truth() -> dict[str, list[Show]]:
    """Return what is on each sample page, by its file's name."""
    expected = json.loads(EXPECTED.read_text("utf-8"))
    return {name: [Show.of(event) for event in page["events"]] for name, page in expected.items()}


def read_shows(tables: Path) -> list[Show]:
    """Return the performances of a run's tables."""
    with closing(sqlite3.connect(f"file:{tables}?mode=ro", uri=True)) as connection:
        rows = connection.execute(_QUERY).fetchall()
    names = ("name", "date", "time", "status", "venue", "city", "artists")
    shows = []
    for row in rows:
        fields = dict(zip(names, row, strict=True))
        shows.append(Show.of(fields | {"artists": json.loads(fields["artists"])}))
    return shows


def compare(truth: dict[str, list[Show]], found: Collection[Show]) -> Iterator[str]:
    """Give a line for each event that was not found, and for each that was made up."""
    for page, shows in truth.items():
        for show in shows:
            if not any(show.is_told_by(row) for row in found):
                yield f"{page}: not found: {show.title}"
    known = [show for shows in truth.values() for show in shows]
    for row in found:
        if not any(show.is_told_by(row) for show in known):
            yield f"on no page: {row.title}"
        if row.status not in {show.status for show in known if show.is_told_by(row)}:
            yield f"no page says {row.status}: {row.title}"
    for row, times in Counter(found).items():
        if times > 1:
            yield f"{times} times in the tables: {row.title}"
