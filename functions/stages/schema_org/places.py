"""Read where an event takes place: the many shapes of https://schema.org/location."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from functions.stages.events import MAX_ADDRESS_PART, MAX_NAME, ExtractedVenue
from functions.stages.schema_org.graph import Node
from functions.stages.schema_org.text import clean_text, folded, is_placeholder, is_web_address

if TYPE_CHECKING:
    from collections.abc import Sequence

    from functions.stages.schema_org.graph import Graph

VIRTUAL: Final = "VirtualLocation"
MAX_PLACES: Final = 50
"""So many listed locations are looked at."""

MAX_LINES: Final = 5
"""So many lines of a street are joined."""

MAX_NESTING: Final = 4
"""A room in a hall in a building in a park."""

MAX_ENCLOSING: Final = 2
"""A place lies in one other; two, where the page says so in two ways."""

_ADDRESS: Final = "PostalAddress"
_AREAS: Final = {
    "City": "city",
    "State": "region",
    "AdministrativeArea": "region",
    "Country": "country",
}
"""Places that are a part of an address, not a venue."""

_ONLINE: Final = frozenset({"online", "onlineevent", "virtual", "livestream", "zoom"})
"""What people write for a place where there is none (folded)."""

_ENCLOSING: Final = ("containedInPlace", "location")
_NUMBER: Final = re.compile(r"\s*([+-]?[0-9]{1,3}(?:[.,][0-9]{1,20})?)\s*\N{DEGREE SIGN}?\s*")
_PAIR: Final = re.compile(
    r"\s*(?:geo:)?\s*([+-]?[0-9]{1,3}(?:\.[0-9]+)?)\s*[,;]\s*([+-]?[0-9]{1,3}(?:\.[0-9]+)?).*",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """Say where an event takes place.

    Attributes:
        venue: The first place that says where it is; None where there is none.
        online: Whether one of the locations is virtual.
    """

    venue: ExtractedVenue | None = None
    online: bool = False


@dataclass(frozen=True, slots=True)
class _Place:
    """Gather a venue's fields before they are known to suffice."""

    name: str | None = None
    room: str | None = None
    street: str | None = None
    city: str | None = None
    region: str | None = None
    postal_code: str | None = None
    country: str | None = None
    latitude: float | None = None
    longitude: float | None = None
    url: str | None = None

    @property
    def is_located(self) -> bool:
        """Whether it says where on Earth it is, by address or coordinates."""
        return bool(self.street or self.city or self.postal_code or self.latitude is not None)

    def filled_from(self, other: _Place) -> _Place:
        """Take from another description what this one lacks."""
        return replace(
            self,
            **{
                name: getattr(other, name)
                for name in self.__slots__
                if getattr(self, name) is None and getattr(other, name) is not None
            },
        )


def read_whereabouts(graph: Graph, locations: Sequence[Any]) -> Whereabouts:
    """Read an event's locations.

    Of several places the first one that has a name is the venue; an address listed beside a place
    without one belongs to it. A place within a place is a room of it, unless the inner one has an
    address of its own.

    Args:
        graph: Resolves references.
        locations: The values of ``location``: places, addresses, strings, virtual locations.
    """
    places: list[_Place] = []
    online = False
    for location in locations[:MAX_PLACES]:
        if _is_virtual(location):
            online = True
            continue
        place = _read_location(graph, location)
        if place.name or place.is_located:
            places.append(place)
    if not places:
        return Whereabouts(online=online)
    chosen = next((place for place in places if place.name), places[0])
    for other in places:
        if not other.name and not chosen.is_located:
            chosen = chosen.filled_from(other)
    return Whereabouts(_venue(chosen), online)


def _is_virtual(location: object) -> bool:
    if isinstance(location, Node):
        return VIRTUAL in location.types
    if not isinstance(location, str):
        return False
    return location.strip().rsplit("/", 1)[-1] == VIRTUAL or folded(location[:MAX_NAME]) in _ONLINE


def _read_location(graph: Graph, location: object) -> _Place:
    if isinstance(location, str):
        found = graph.look_up(location)
        if found is None:
            return _Place() if is_web_address(location) else _Place(name=_name(location))
        location = found
    if not isinstance(location, Node):
        return _Place()
    return _read_place(graph, location, nesting=0)


def _read_place(graph: Graph, node: Node, *, nesting: int) -> _Place:
    if _ADDRESS in node.types:
        address = _read_address(graph, [node])
        return replace(address, name=None) if nesting else address
    area = next((_AREAS[each] for each in node.types if each in _AREAS), None)
    if area is not None:
        named: dict[str, Any] = {area: _name(graph.text(node, "name"))}
        return _Place(**named).filled_from(_read_address(graph, graph.values(node, "address")))
    place = _Place(
        name=_name(graph.text(node, "name", "legalName")),
        url=next(iter(graph.addresses(node, "url", "sameAs")), None),
    )
    place = place.filled_from(_read_address(graph, graph.values(node, "address")))
    if not place.is_located:  # some write the address' fields straight into the place
        place = place.filled_from(replace(_read_address(graph, [node]), name=None))
    latitude, longitude = _coordinates(graph, node)
    place = replace(place, latitude=latitude, longitude=longitude)
    if nesting >= MAX_NESTING:
        return place
    for outer in graph.nodes_of(node, *_ENCLOSING)[:MAX_ENCLOSING]:
        enclosing = _read_place(graph, outer, nesting=nesting + 1)
        place = _within(place, enclosing)
    return place


def _within(inner: _Place, outer: _Place) -> _Place:
    """Join a place with the one around it."""
    is_room = (
        inner.name is not None
        and outer.name is not None
        and not inner.is_located
        and folded(inner.name) != folded(outer.name)
    )
    if is_room:
        return replace(outer, room=inner.name)
    return inner.filled_from(replace(outer, url=None) if inner.name else outer)


def _read_address(graph: Graph, addresses: Sequence[Any]) -> _Place:
    """Read the first address that says something: a PostalAddress or a string."""
    for address in addresses[:MAX_PLACES]:
        place = _Place()
        if isinstance(address, str):
            known = graph.look_up(address)
            if known is None:
                place = _Place(street=clean_text(address, MAX_ADDRESS_PART))
            else:
                address = known  # noqa: PLW2901 - a reference stands for what it names
        if isinstance(address, Node):
            place = _Place(
                name=_name(graph.text(address, "name")),
                street=_part(graph, address, "streetAddress"),
                city=_part(graph, address, "addressLocality"),
                region=_part(graph, address, "addressRegion"),
                postal_code=_part(graph, address, "postalCode"),
                country=_part(graph, address, "addressCountry"),
            )
        if place.is_located or place.country:
            return place
    return _Place()


def _part(graph: Graph, address: Node, name: str) -> str | None:
    """Read one line of an address; a street given as several lines is joined."""
    lines = [
        cleaned
        for value in graph.values(address, name)[:MAX_LINES]
        if (written := graph.written(value)) and (cleaned := clean_text(written, MAX_ADDRESS_PART))
    ]
    if not lines:
        return None
    if name != "streetAddress":
        return lines[0]
    return ", ".join(dict.fromkeys(lines))[:MAX_ADDRESS_PART].rstrip(" ,")


def _name(written: str | None) -> str | None:
    name = clean_text(written, MAX_NAME) if written else None
    return None if name is None or is_placeholder(name) else name


def _coordinates(graph: Graph, place: Node) -> tuple[float | None, float | None]:
    """Read degrees north and east; (None, None) where they are absent or cannot be.

    Zero north, zero east is in the Gulf of Guinea: it is what a form sends when nobody filled it
    in.
    """
    for holder in (*graph.values(place, "geo")[:MAX_PLACES], place):
        if isinstance(holder, str) and (pair := _PAIR.fullmatch(holder[:100])):
            latitude, longitude = float(pair[1]), float(pair[2])
        elif isinstance(holder, Node):
            degrees = [_degrees(graph.text(holder, name)) for name in ("latitude", "longitude")]
            if degrees[0] is None or degrees[1] is None:
                continue
            latitude, longitude = degrees[0], degrees[1]
        else:
            continue
        if abs(latitude) <= 90 and abs(longitude) <= 180 and (latitude or longitude):  # noqa: PLR2004 - the poles, the antimeridian
            return latitude, longitude
    return None, None


def _degrees(written: str | None) -> float | None:
    if written is None or (found := _NUMBER.fullmatch(written[:40])) is None:
        return None
    degrees = float(found[1].replace(",", "."))
    return degrees if math.isfinite(degrees) else None


def _venue(place: _Place) -> ExtractedVenue | None:
    if not (place.name or place.is_located):
        return None
    return ExtractedVenue(**{name: getattr(place, name) for name in place.__slots__})
