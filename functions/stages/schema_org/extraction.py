"""Read a page's structured data into events."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from functions.stages.events import (
    MAX_DESCRIPTION,
    MAX_EVENTS,
    MAX_NAME,
    EventReading,
    EventStatus,
    ExtractedArtist,
    ExtractedEvent,
    RejectedEvent,
)
from functions.stages.schema_org.families import Families, find_families
from functions.stages.schema_org.graph import Graph, Node
from functions.stages.schema_org.merging import merge_events
from functions.stages.schema_org.moments import Moment, Unreadable, read_clock, read_moment
from functions.stages.schema_org.offers import read_offers
from functions.stages.schema_org.performers import PERFORMER_PROPERTIES, read_performers
from functions.stages.schema_org.places import read_whereabouts
from functions.stages.schema_org.schedules import Occurrence, read_occurrences
from functions.stages.schema_org.text import clean_text, folded, is_web_address, web_address

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MAX_READ: Final = 2 * MAX_EVENTS
"""So many are read of a page, since many pages tell each event twice."""

_STATUSES: Final = {
    "cancelled": EventStatus.CANCELLED,
    "canceled": EventStatus.CANCELLED,
    "postponed": EventStatus.POSTPONED,
    "rescheduled": EventStatus.RESCHEDULED,
    "movedonline": EventStatus.MOVED_ONLINE,
    "scheduled": EventStatus.SCHEDULED,
}
"""https://schema.org/EventStatusType, the weightiest first: an event may have several."""

_SYNTAX_AND_ITEM: Final = frozenset({"syntax", "item"})
_ONLINE_MODES: Final = frozenset({"OnlineEventAttendanceMode", "MixedEventAttendanceMode"})


def read_events(blocks: Sequence[Mapping[str, Any]], *, page_url: str) -> EventReading:
    """Read every schema.org event of a page.

    Args:
        blocks: The page's structured data as ``Page.blocks`` has it: ``{"syntax", "item"}``. A
            bare JSON-LD object will do as well.
        page_url: The page's address; relative addresses and ``@id``s are relative to it.

    Returns:
        The usable events, each once, and the others with the reason why they are not. Never raises
        over what a page says.
    """
    graph = Graph(
        [block["item"] if block.keys() >= _SYNTAX_AND_ITEM else block for block in blocks],
        page_url=page_url,
    )
    families = find_families(graph)
    nodes = [node for node in graph.nodes() if node.event_type is not None]
    readings: dict[Node, _Reading] = {}
    total = 0
    for node in nodes:
        if total >= MAX_READ:
            break
        reading = readings[node] = _EventReader(graph, families, node).read()
        total += 1 if isinstance(reading, RejectedEvent) else len(reading)
    _settle_parents(readings, families)
    events: list[ExtractedEvent] = []
    rejected: list[RejectedEvent] = []
    for settled in readings.values():
        if isinstance(settled, RejectedEvent):
            rejected.append(settled)
        else:
            events.extend(settled)
    merged = merge_events(events)
    left_out = len(nodes) - len(readings) + len(merged[MAX_EVENTS:])
    if left_out:
        rejected.append(
            RejectedEvent(
                name=f"{left_out} more events",
                reason=f"a page is read up to {MAX_EVENTS} events; split the listing to get all",
            )
        )
    return EventReading(events=tuple(merged[:MAX_EVENTS]), rejected=tuple(dict.fromkeys(rejected)))


_Reading = list[ExtractedEvent] | RejectedEvent


def _settle_parents(readings: dict[Node, _Reading], families: Families) -> None:
    """Decide which festivals and series stand as events of their own.

    A parent frames its parts: it stays only with performers whom none of its parts names, since to
    repeat the others on the festival's first day would invent performances. A parent none of whose
    parts is usable stays as it is.
    """
    named_in_parts: dict[Node, set[str]] = {}
    for child, reading in readings.items():
        if isinstance(reading, RejectedEvent):
            continue
        names = {folded(artist.name) for event in reading for artist in event.artists}
        for parent in families.ancestors(child):
            named_in_parts.setdefault(parent, set()).update(names)
    for parent, named in named_in_parts.items():
        whole = readings.get(parent)
        if isinstance(whole, list):
            own = [_without_artists(event, named) for event in whole]
            readings[parent] = [event for event in own if event.artists]
        elif whole is not None:
            readings[parent] = []


def _without_artists(event: ExtractedEvent, named: set[str]) -> ExtractedEvent:
    own = tuple(artist for artist in event.artists if folded(artist.name) not in named)
    return event.model_copy(update={"artists": own})


class _EventReader:
    """Read one event node, with what it inherits.

    Args:
        graph: The page's nodes.
        families: What the event belongs to.
        node: The event.
    """

    def __init__(self, graph: Graph, families: Families, node: Node) -> None:
        self._graph = graph
        self._node = node
        self._families = families
        self._ancestors = list(families.ancestors(node))

    def read(self) -> _Reading:
        """Read the event once for each of its dates, or say why it is unusable."""
        name = clean_text(self._graph.text(self._node, "name", "headline") or "", MAX_NAME)
        artists = self._artists()
        label = name or _joint_name(artists) or f"an unnamed {self._node.event_type}"
        if name is None and not artists:
            return RejectedEvent(name=label, reason="it has neither a name nor a performer")
        occurrences = self._occurrences()
        if isinstance(occurrences, Unreadable):
            return RejectedEvent(name=label, reason=occurrences.reason[:1_000])
        facts = self._facts()
        return [
            ExtractedEvent(name=label, artists=artists, **_times(occurrence), **facts)
            for occurrence in occurrences
        ]

    def _facts(self) -> dict[str, Any]:
        """Read all that is the same on every date."""
        graph, node = self._graph, self._node
        status = self._status()
        whereabouts = read_whereabouts(graph, self._locations())
        modes = _ONLINE_MODES.intersection(graph.terms(node, "eventAttendanceMode"))
        doors = graph.text(node, "doorTime")
        before = graph.text(node, "previousStartDate")
        former = read_moment(before) if before else None
        return {
            "kind": node.event_type,
            "doors_time": read_clock(doors) if doors else None,
            "previous_start_date": former.date if isinstance(former, Moment) else None,
            "status": status,
            "venue": whereabouts.venue,
            "url": next(iter(graph.addresses(node, "url")), None) or self._own_id(),
            "description": clean_text(graph.text(node, "description") or "", MAX_DESCRIPTION),
            "offers": read_offers(graph, graph.values(node, "offers")),
            "image": next(iter(graph.addresses(node, "image")), None),
            "organizer": clean_text(graph.text(node, "organizer") or "", MAX_NAME),
            "identifier": clean_text(graph.text(node, "identifier") or "", MAX_NAME),
            "part_of": self._part_of(),
            "online": whereabouts.online or bool(modes) or status is EventStatus.MOVED_ONLINE,
        }

    def _artists(self) -> tuple[ExtractedArtist, ...]:
        performers = self._graph.values(self._node, *PERFORMER_PROPERTIES)
        if not performers and self._node in self._families.players:
            performers = [self._families.players[self._node]]
        return read_performers(self._graph, performers)

    def _occurrences(self) -> list[Occurrence] | Unreadable:
        own = read_occurrences(self._graph, self._node)
        if not isinstance(own, Unreadable) or "startDate" in self._node.properties:
            return own
        for parent in self._ancestors:
            inherited = read_occurrences(self._graph, parent)
            if isinstance(inherited, list) and len(inherited) == 1:
                return [_day_of(inherited[0])]
        return own

    def _locations(self) -> list[Any]:
        for node in (self._node, *self._ancestors):
            locations = self._graph.values(node, "location")
            if locations:
                return locations
            if node in self._families.hosts:
                return [self._families.hosts[node]]
        return []

    def _status(self) -> EventStatus:
        for node in (self._node, *self._ancestors):
            written = {
                term.lower().removeprefix("event")
                for term in self._graph.terms(node, "eventStatus")
            }
            found = [status for term, status in _STATUSES.items() if term in written]
            if found:
                return found[0]
        return EventStatus.SCHEDULED

    def _part_of(self) -> str | None:
        for parent in self._ancestors[:1]:
            return clean_text(self._graph.text(parent, "name") or "", MAX_NAME)
        named = (
            value
            for value in self._graph.values(self._node, "superEvent")
            if not (isinstance(value, str) and is_web_address(value))
        )
        written = next((text for value in named if (text := self._graph.written(value))), "")
        return clean_text(written, MAX_NAME)

    def _own_id(self) -> str | None:
        """Take the event's ``@id`` for its address, unless it is a part of a page."""
        identity = self._node.id
        if identity is None or "#" in identity:
            return None
        return web_address(identity, base="")


def _joint_name(artists: Sequence[ExtractedArtist]) -> str:
    return ", ".join(artist.name for artist in artists)[:MAX_NAME].rstrip(" ,")


def _day_of(occurrence: Occurrence) -> Occurrence:
    """Take the day, or days, of a parent: its hour is when the first part begins, not each one."""
    end = Moment(occurrence.end.date) if occurrence.end else None
    return Occurrence(Moment(occurrence.start.date), end)


def _times(occurrence: Occurrence) -> dict[str, Any]:
    start, end = occurrence.start, occurrence.end
    return {
        "start_date": start.date,
        "start_time": start.time,
        "utc_offset": start.offset,
        "end_date": end.date if end else None,
        "end_time": end.time if end and end.time else occurrence.end_time,
    }
