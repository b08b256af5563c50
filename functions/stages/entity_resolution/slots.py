"""The identity of performances: which of one place and day is it?

All performances of one venue on one day share a slot, a document that lists them. It is read and
written under a precondition, so two workers that meet a new performance at once create one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from functions.stages.collections import hash_id
from functions.stages.entity_resolution.keys import identify_artist, normalise_name

if TYPE_CHECKING:
    from collections.abc import Mapping

    from functions.stages.events import ExtractedEvent

SAME_SHOW_MINUTES: Final = 60
"""Sites differ by doors and show; an early and a late show are further apart than this."""


@dataclass(frozen=True, slots=True)
class Show:
    """Know a performance by what sites agree on.

    Attributes:
        name: Its normalised name.
        start: Minutes after midnight; None where no time was given.
        artists: Ids of its artists, the first one first.
        performance_id: Its entity; empty until it is known.
    """

    name: str
    start: int | None
    artists: tuple[str, ...]
    performance_id: str = ""

    @classmethod
    def of_event(cls, event: ExtractedEvent) -> Show:
        """Return what an event says."""
        return cls(
            name=normalise_name(event.name),
            start=_minutes(event.start_time),
            artists=tuple(dict.fromkeys(identify_artist(artist.name) for artist in event.artists)),
        )

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Show:
        """Read it back from a slot's document."""
        return cls(data["name"], data["start"], tuple(data["artists"]), data["performance_id"])

    def to_data(self) -> dict[str, Any]:
        """Return it as a slot's document holds it."""
        return {
            "name": self.name,
            "start": self.start,
            "artists": list(self.artists),
            "performance_id": self.performance_id,
        }


@dataclass(slots=True)
class Slot:
    """Hold the performances of one place and day.

    Attributes:
        key: The slot's document id.
        shows: Those known.
        taken: Those that events of the extraction in hand were matched with: a page that lists
            two shows means two.
        changed: Whether ``shows`` says more than the document.
    """

    key: str
    shows: list[Show] = field(default_factory=list)
    taken: set[str] = field(default_factory=set)
    changed: bool = False

    def match(self, show: Show) -> tuple[str, bool]:
        """Find a show among those known, or add it.

        Returns:
            The performance's id, and whether it is new.
        """
        candidates = [known for known in self.shows if known.performance_id not in self.taken]
        best = max(candidates, key=lambda known: likeness(known, show), default=None)
        if best is not None and likeness(best, show) > 0:
            self._learn(best, show)
            self.taken.add(best.performance_id)
            return best.performance_id, False
        performance_id = self._name(show)
        self.shows.append(Show(show.name, show.start, show.artists, performance_id))
        self.taken.add(performance_id)
        self.changed = True
        return performance_id, True

    def _learn(self, known: Show, show: Show) -> None:
        start = show.start if known.start is None else known.start
        artists = tuple(dict.fromkeys((*known.artists, *show.artists)))
        if (start, artists) != (known.start, known.artists):
            self.shows[self.shows.index(known)] = Show(
                known.name, start, artists, known.performance_id
            )
            self.changed = True

    def _name(self, show: Show) -> str:
        headliner = show.artists[0] if show.artists else show.name
        used = {known.performance_id for known in self.shows}
        performance_id = hash_id("performances", self.key, headliner)
        number = 2
        while performance_id in used:
            performance_id = hash_id("performances", self.key, headliner, str(number))
            number += 1
        return performance_id


def identify_slot(event: ExtractedEvent, venue_id: str | None) -> str:
    """Return the id of an event's slot: its venue and day, and without a venue its first name."""
    day = event.start_date.isoformat()
    if venue_id:
        return hash_id("slots", venue_id, day)
    first = event.artists[0].name if event.artists else event.name
    return hash_id("slots", "", day, normalise_name(first))


def likeness(known: Show, show: Show) -> int:
    """Score how surely two shows of one place and day are the same; 0 for two different ones."""
    if not _may_coincide(known.start, show.start):
        return 0
    shared = len(set(known.artists) & set(show.artists))
    same_name = known.name == show.name
    if not (shared or same_name):
        return 0
    same_first = known.artists[:1] == show.artists[:1] != ()
    return 1 + shared + 4 * same_first + 8 * same_name + 16 * (known.start == show.start)


def _may_coincide(one: int | None, other: int | None) -> bool:
    return one is None or other is None or abs(one - other) <= SAME_SHOW_MINUTES


def _minutes(start_time: str | None) -> int | None:
    if start_time is None:
        return None
    hours, minutes = start_time.split(":")[:2]
    return int(hours) * 60 + int(minutes)
