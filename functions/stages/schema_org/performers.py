"""Read who performs at an event: the many shapes of https://schema.org/performer."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from functions.stages.events import MAX_ARTISTS, MAX_NAME, MAX_SAME_AS, ExtractedArtist
from functions.stages.schema_org.graph import Node
from functions.stages.schema_org.text import clean_text, folded, is_placeholder, is_web_address

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from functions.stages.schema_org.graph import Graph

PERFORMER_PROPERTIES: Final = ("performer", "actor", "byArtist")
"""``performer`` and its superseded plural (which the graph joins with it), the cast of a play, and
the artist of a recording, which is how some name a band."""

MAX_MENTIONS: Final = 2 * MAX_ARTISTS
"""So many values are looked at for one event, names mentioned twice included."""


def read_performers(graph: Graph, performers: Sequence[Any]) -> tuple[ExtractedArtist, ...]:
    """Read performers in the page's order, each name once.

    A name is taken as it is given: ``"A, B & C"`` stays one name here, since bands are called so
    too. Telling one from the other is the resolution's work. Nobody is made up from the event's
    title.

    Args:
        graph: Resolves references.
        performers: The values of the properties in ``PERFORMER_PROPERTIES``.
    """
    artists: dict[str, ExtractedArtist] = {}
    for artist in islice(_mentions(graph, performers), MAX_MENTIONS):
        key = folded(artist.name)
        known = artists.get(key)
        artists[key] = artist if known is None else joined(known, artist)
    return tuple(artists.values())[:MAX_ARTISTS]


def joined(artist: ExtractedArtist, other: ExtractedArtist) -> ExtractedArtist:
    """Join two mentions of one artist: the first one's spelling, both ones' addresses."""
    same_as = tuple(dict.fromkeys((*artist.same_as, *other.same_as)))[:MAX_SAME_AS]
    return artist.model_copy(update={"url": artist.url or other.url, "same_as": same_as})


def _mentions(graph: Graph, performers: Sequence[Any]) -> Iterator[ExtractedArtist]:
    """Yield every mention, in order, looking through roles and lists; each node is read once."""
    waiting = list(reversed(performers[:MAX_MENTIONS]))
    seen: set[Node] = set()
    while waiting and len(seen) < MAX_MENTIONS:
        performer = waiting.pop()
        if isinstance(performer, str):
            performer = graph.look_up(performer) or performer
        if isinstance(performer, str):
            if not is_web_address(performer):
                yield from _read_names([performer])
        elif isinstance(performer, Node) and performer not in seen:
            seen.add(performer)
            if within := _performers_within(graph, performer):
                waiting.extend(reversed(within[:MAX_MENTIONS]))
            else:
                yield from _read_node(graph, performer)


def _performers_within(graph: Graph, node: Node) -> list[Any]:
    """List the performers that a role, a list or a nameless node stands for.

    A role stands between an event and its performer (https://schema.org/Role), a list between an
    event and several of them.
    """
    if "name" in node.properties and not _is_wrapper(node):
        return []
    return graph.values(node, *PERFORMER_PROPERTIES, "itemListElement", "item")


def _read_node(graph: Graph, node: Node) -> Iterator[ExtractedArtist]:
    names = [value for value in graph.values(node, "name") if isinstance(value, str)]
    if len(names) > 1:  # several names share one node: whose addresses it has nobody knows
        yield from _read_names(names)
        return
    for name in _clean_names(names):
        yield ExtractedArtist(
            name=name,
            url=next(iter(graph.addresses(node, "url")), None),
            same_as=tuple(graph.addresses(node, "sameAs"))[:MAX_SAME_AS],
        )


def _is_wrapper(node: Node) -> bool:
    return any(each.endswith(("Role", "List", "ListItem")) for each in node.types)


def _read_names(names: Sequence[str]) -> Iterator[ExtractedArtist]:
    return (ExtractedArtist(name=name) for name in _clean_names(names))


def _clean_names(names: Sequence[str]) -> Iterator[str]:
    for written in names:
        name = clean_text(written, MAX_NAME)
        if name is not None and not is_placeholder(name):
            yield name
