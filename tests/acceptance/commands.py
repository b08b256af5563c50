"""Run the ``mystage`` command as its users do, and look at what it leaves behind."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

MYSTAGE = [sys.executable, "-m", "telemetry.cli"]

_TIMEOUT = 100


@dataclass(frozen=True)
class Ended:
    """Hold what a command printed and how it ended."""

    code: int
    stdout: str
    stderr: str

    @property
    def json(self) -> dict[str, Any]:
        """The one JSON document it printed."""
        parsed: dict[str, Any] = json.loads(self.stdout)
        return parsed


def mystage(*arguments: str | Path) -> Ended:
    """Run the command to its end."""
    done = subprocess.run(
        [*MYSTAGE, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=_TIMEOUT,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    return Ended(done.returncode, done.stdout, done.stderr)


@dataclass(frozen=True, order=True)
class Performance:
    """Know a performance as the tables tell it."""

    name: str
    start_date: str
    start_time: str | None
    status: str
    venue: str | None
    city: str | None
    artists: tuple[str, ...]


def read_performances(data: Path) -> list[Performance]:
    """Return all performances of a data folder, sorted."""
    with sqlite3.connect(f"file:{data / 'mystage.db'}?mode=ro", uri=True) as tables:
        line_up: dict[str, list[str]] = {}
        for performance_id, artist in tables.execute(
            "SELECT performance_id, artists.name FROM performance_artists"
            " JOIN artists ON artists.id = artist_id ORDER BY performance_id, position"
        ):
            line_up.setdefault(performance_id, []).append(artist)
        rows = tables.execute(
            "SELECT performances.id, performances.name, start_date, start_time, status,"
            " venues.name, city FROM performances LEFT JOIN venues ON venues.id = venue_id"
        ).fetchall()
    tables.close()
    return sorted(Performance(*row[1:], tuple(line_up.get(row[0], ()))) for row in rows)


def event_page(*events: dict[str, Any]) -> str:
    """Return a page that states events as JSON-LD."""
    blocks = "".join(
        f'<script type="application/ld+json">{json.dumps(event)}</script>' for event in events
    )
    return (
        "<!doctype html><html><head><meta charset=utf-8><title>Shows</title>"
        f"{blocks}</head><body><main><h1>Shows</h1><p>Doors open at seven.</p></main></body></html>"
    )


def event(number: int, *, venue: str = "Blue Lamp", artist: str | None = None) -> dict[str, Any]:
    """Return one music event of a series, as schema.org has it."""
    return {
        "@context": "https://schema.org",
        "@type": "MusicEvent",
        "name": f"Night {number}",
        "startDate": f"2027-{number // 28 % 12 + 1:02}-{number % 28 + 1:02}T20:00",
        "location": {
            "@type": "MusicVenue",
            "name": venue,
            "address": {"@type": "PostalAddress", "addressLocality": "Leeds"},
        },
        "performer": [{"@type": "MusicGroup", "name": artist or f"Band {number}"}],
    }
