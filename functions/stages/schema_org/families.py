"""Tell which events of a page belong to which festival, series, place or performer."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from functions.stages.schema_org.graph import Node

if TYPE_CHECKING:
    from collections.abc import Iterator

    from functions.stages.schema_org.graph import Graph

MAX_GENERATIONS: Final = 5
"""A set within a night within a festival within a season."""

_PLACES: Final = frozenset(
    {
        *("Place", "EventVenue", "MusicVenue", "PerformingArtsTheater", "StadiumOrArena"),
        *("NightClub", "BarOrPub", "ComedyClub", "MovieTheater", "Museum", "ArtGallery"),
        *("LocalBusiness", "EntertainmentBusiness", "CivicStructure", "FoodEstablishment"),
        *("Restaurant", "CafeOrCoffeeShop", "Brewery", "Winery", "Hotel", "Casino", "Library"),
        *("Church", "PlaceOfWorship", "Park", "LandmarksOrHistoricalBuildings"),
    }
)
"""The kinds of https://schema.org/Place that list their own events."""

_PERFORMERS: Final = frozenset(
    {"Person", "MusicGroup", "PerformingGroup", "DanceGroup", "TheaterGroup"}
)


@dataclass(slots=True)
class Families:
    """Hold who belongs to whom.

    Attributes:
        parents: An event to the event it is part of, by ``subEvent`` or ``superEvent``.
        hosts: An event to the place whose ``event`` it is.
        players: An event to the performer whose ``event`` or ``performerIn`` it is.
    """

    parents: dict[Node, Node] = field(default_factory=dict)
    hosts: dict[Node, Node] = field(default_factory=dict)
    players: dict[Node, Node] = field(default_factory=dict)

    def ancestors(self, event: Node) -> Iterator[Node]:
        """Yield the event's parent, grandparent and so on."""
        for _ in range(MAX_GENERATIONS):
            if event not in self.parents:
                return
            event = self.parents[event]
            yield event


def find_families(graph: Graph) -> Families:
    """Go through a page's nodes once and note who belongs to whom; the first mention counts."""
    families = Families()
    for node in graph.nodes():
        if node.event_type is not None:
            _find_relatives(graph, node, families)
        elif _PLACES.intersection(node.types):
            for child in _events(graph, node, "event"):
                families.hosts.setdefault(child, node)
        elif _PERFORMERS.intersection(node.types):
            for child in _events(graph, node, "event", "performerIn"):
                families.players.setdefault(child, node)
    return families


def _find_relatives(graph: Graph, event: Node, families: Families) -> None:
    for part in graph.nodes_of(event, "subEvent"):
        if not part.types:
            part.event_type = "Event"  # what else would be part of an event
    for child in _events(graph, event, "subEvent"):
        _adopt(families, child, event)
    for parent in _events(graph, event, "superEvent")[:1]:
        _adopt(families, event, parent)


def _events(graph: Graph, node: Node, *names: str) -> list[Node]:
    values: list[Any] = [
        graph.look_up(value) if isinstance(value, str) else value
        for value in graph.values(node, *names)
    ]
    return [
        value for value in values if isinstance(value, Node) and value.event_type and value != node
    ]


def _adopt(families: Families, child: Node, parent: Node) -> None:
    """Note a parent, unless the child has one or would become its own ancestor."""
    if child not in families.parents and child not in families.ancestors(parent):
        families.parents[child] = parent
