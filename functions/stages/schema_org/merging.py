"""Make one event of several mentions: pages say the same in JSON-LD and again in microdata."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from functions.stages.events import EventStatus, ExtractedEvent, ExtractedVenue
from functions.stages.schema_org.performers import joined
from functions.stages.schema_org.text import folded

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_COMPARED: Final = 20
"""So many events of one name and date are compared with each other."""

_END: Final = ("end_date", "end_time")


def merge_events(events: Iterable[ExtractedEvent]) -> list[ExtractedEvent]:
    """Merge events that are the same, in the order of their first mention.

    Two are the same if they are on one date, at one time and one venue (as far as both tell), and
    have one name or exactly the same performers. Case, accents, punctuation and white space do not
    count. The first mention wins; later ones fill what it lacks.
    """
    merged: list[ExtractedEvent] = []
    by_key: dict[object, list[int]] = {}
    for event in events:
        keys = _keys(event)
        position = next(
            (
                position
                for key in keys
                for position in by_key.get(key, ())[:MAX_COMPARED]
                if _same_showing(merged[position], event)
            ),
            None,
        )
        if position is None:
            position = len(merged)
            merged.append(event)
        else:
            merged[position] = _merge(merged[position], event)
        for key in keys:
            positions = by_key.setdefault(key, [])
            if position not in positions[:MAX_COMPARED]:
                positions.append(position)
    return merged


def _keys(event: ExtractedEvent) -> list[object]:
    keys: list[object] = [("name", event.start_date, folded(event.name))]
    if event.artists:
        line_up = frozenset(folded(artist.name) for artist in event.artists)
        keys.append(("artists", event.start_date, line_up))
    return keys


def _same_showing(one: ExtractedEvent, other: ExtractedEvent) -> bool:
    """Tell whether times and venues allow two mentions to be one: a matinee is no soiree."""
    if one.start_time and other.start_time and one.start_time != other.start_time:
        return False
    names = [event.venue.name for event in (one, other) if event.venue and event.venue.name]
    return len({folded(name) for name in names}) <= 1


def _merge(event: ExtractedEvent, other: ExtractedEvent) -> ExtractedEvent:
    update: dict[str, Any] = {
        name: getattr(other, name)
        for name in ExtractedEvent.model_fields
        if getattr(event, name) in (None, ()) and name not in _END
    }
    if event.end_date is None and event.end_time is None:
        update |= {name: getattr(other, name) for name in _END}
    if event.status is EventStatus.SCHEDULED:
        update["status"] = other.status
    if event.kind == "Event":
        update["kind"] = other.kind
    if event.venue is not None and other.venue is not None:
        update["venue"] = _merge_venues(event.venue, other.venue)
    if event.artists and other.artists:
        known = {folded(artist.name): artist for artist in other.artists}
        update["artists"] = tuple(
            joined(artist, known.get(folded(artist.name), artist)) for artist in event.artists
        )
    return event.model_copy(update={**update, "online": event.online or other.online})


def _merge_venues(venue: ExtractedVenue, other: ExtractedVenue) -> ExtractedVenue:
    return venue.model_copy(
        update={
            name: getattr(other, name)
            for name in ExtractedVenue.model_fields
            if getattr(venue, name) is None
        }
    )
