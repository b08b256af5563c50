"""Entity resolution: tell which venues, artists and performances an extraction speaks of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from functions.errors import PermanentError
from functions.runtime.handlers import stage_handler
from functions.stages.collections import EXTRACTIONS, RESOLUTIONS, SLOTS
from functions.stages.entity_resolution.keys import identify_artist, identify_venue, name_venue
from functions.stages.entity_resolution.slots import Show, Slot, identify_slot
from functions.stages.events import ExtractedEvent
from functions.stages.payloads import RecordSources, ResolveEntities

if TYPE_CHECKING:
    from functions.runtime.work import UnitOfWork

__all__ = ["resolve_entities"]


@stage_handler("entity_resolution")
def resolve_entities(payload: ResolveEntities, work: UnitOfWork) -> None:
    """Find or create each entity of an extraction, and count which it was.

    An entity is counted once for an extraction, however often it is mentioned there.

    Raises:
        PermanentError: The extraction is gone.
    """
    extraction = work.get(EXTRACTIONS, payload.extraction_id)
    if extraction is None:
        raise PermanentError(f"no extraction {payload.extraction_id!r}: was it deleted?")
    events = [ExtractedEvent.model_validate(event) for event in extraction.data["events"]]
    mentions = Mentions()
    for event in events:
        mentions.add_event(event)
    _settle_places_and_people(mentions, work)
    _settle_performances(mentions, work)
    work.count("entities_resolved", len(mentions.fields))
    resolution = {
        "extraction_id": extraction.id,
        "part": extraction.data["part"],
        "source_id": extraction.data["source_id"],
        "url": extraction.data["url"],
        "precedence": extraction.data["precedence"],
        "mentions": mentions.to_data(),
        "resolved_at": work.now,
    }
    work.put(RESOLUTIONS, extraction.id, resolution)
    work.dispatch("entity_source_mgmt", RecordSources(resolution_id=extraction.id))


class Mentions:
    """Collect the entities that events speak of, and what they say of each.

    Attributes:
        fields: What is said, by kind and id; where an entity is mentioned again, only what was
            not said before is added.
        events: The events, each with its venue's id, in the order of their time.
    """

    def __init__(self) -> None:
        self.fields: dict[tuple[str, str], dict[str, Any]] = {}
        self._events: list[tuple[ExtractedEvent, str | None]] = []

    @property
    def events(self) -> list[tuple[ExtractedEvent, str | None]]:
        """The events in an order that does not depend on the page's."""
        return sorted(
            self._events,
            key=lambda pair: (pair[0].start_date, pair[0].start_time or "", pair[0].name),
        )

    def add_event(self, event: ExtractedEvent) -> None:
        """Add an event's venue and artists."""
        venue_id = None
        if event.venue is not None and (name := name_venue(event.venue)):
            venue_id = identify_venue(name, event.venue.city)
            self.add("venues", venue_id, event.venue.model_dump(mode="json") | {"name": name})
        for artist in event.artists:
            self.add("artists", identify_artist(artist.name), artist.model_dump(mode="json"))
        self._events.append((event, venue_id))

    def add(self, kind: str, entity_id: str, said: dict[str, Any]) -> None:
        """Add what is said of an entity."""
        fields = self.fields.setdefault((kind, entity_id), {})
        for name, value in said.items():
            if fields.get(name) is None:
                fields[name] = value

    def to_data(self) -> list[dict[str, Any]]:
        """Return them as a resolution's document holds them."""
        return [
            {"kind": kind, "id": entity_id, "fields": fields}
            for (kind, entity_id), fields in self.fields.items()
        ]


def _settle_places_and_people(mentions: Mentions, work: UnitOfWork) -> None:
    keys = list(mentions.fields)
    for (kind, entity_id), known in zip(keys, work.get_all(keys), strict=True):
        if known is None:
            _create(kind, entity_id, mentions.fields[kind, entity_id]["name"], work)
        else:
            work.found(kind)


def _settle_performances(mentions: Mentions, work: UnitOfWork) -> None:
    events = mentions.events
    slot_ids = list(dict.fromkeys(identify_slot(event, venue_id) for event, venue_id in events))
    documents = dict(
        zip(slot_ids, work.get_all([(SLOTS, slot_id) for slot_id in slot_ids]), strict=True)
    )
    slots = {
        slot_id: Slot(
            slot_id, [Show.from_data(show) for show in document.data["shows"]] if document else []
        )
        for slot_id, document in documents.items()
    }
    for event, venue_id in events:
        slot = slots[identify_slot(event, venue_id)]
        show = Show.of_event(event)
        performance_id, is_new = slot.match(show)
        if is_new:
            _create("performances", performance_id, event.name, work)
        else:
            work.found("performances")
        said = event.model_dump(mode="json", exclude={"venue", "artists"})
        links = {"venue_id": venue_id, "artist_ids": list(show.artists)}
        mentions.add("performances", performance_id, said | links)
    for slot_id, slot in slots.items():
        content = {"shows": [show.to_data() for show in slot.shows]}
        if (document := documents[slot_id]) is None:
            work.create(SLOTS, slot_id, content)
        elif slot.changed:
            work.replace(document, content)


def _create(kind: str, entity_id: str, name: str, work: UnitOfWork) -> None:
    work.create(kind, entity_id, {"name": name, "version": 0, "created_at": work.now})
    work.created(kind)
