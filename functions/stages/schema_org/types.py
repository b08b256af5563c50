"""Which schema.org types are events, and which of a block's types are schema.org's at all."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

EVENT_TYPES: Final = (
    "Event",
    "BroadcastEvent",
    "BusinessEvent",
    "ChildrensEvent",
    "ComedyEvent",
    "ConferenceEvent",
    "CourseInstance",
    "DanceEvent",
    "DeliveryEvent",
    "EducationEvent",
    "EventSeries",
    "ExhibitionEvent",
    "Festival",
    "FoodEvent",
    "Hackathon",
    "LiteraryEvent",
    "MusicEvent",
    "OnDemandEvent",
    "PerformingArtsEvent",
    "PublicationEvent",
    "SaleEvent",
    "ScreeningEvent",
    "SocialEvent",
    "SportsEvent",
    "TheaterEvent",
    "VisualArtsEvent",
)
"""https://schema.org/Event and every more specific type of schema.org 30.0.

Without ``UserInteraction`` and its kinds (``UserComments``, ``UserLikes``, …): they are called
events, were superseded by ``InteractionCounter``, and count what readers did with a page.
"""

_CANONICAL: Final = {name.lower(): name for name in EVENT_TYPES}

VOCABULARY_PREFIX: Final = re.compile(
    r"(?:https?://(?:www\.)?schema\.org/|schema:)(?:#|/)*", re.IGNORECASE
)
"""The ways a page writes schema.org in front of a term."""

_PLAIN_TERM: Final = re.compile(r"[A-Za-z][A-Za-z0-9]*")


@lru_cache(maxsize=4_096)
def local_name(term: str) -> str | None:
    """Take schema.org's prefix off a type or property.

    Returns:
        The bare term, such as ``MusicEvent``; None where it belongs to another vocabulary.
    """
    bare = VOCABULARY_PREFIX.sub("", term.strip(), count=1)
    return bare if _PLAIN_TERM.fullmatch(bare) else None


def event_type(types: tuple[str, ...]) -> str | None:
    """Tell which kind of event something with these types is.

    Args:
        types: Types as the page writes them, with or without schema.org's prefix, in any case.

    Returns:
        The most specific one in schema.org's spelling (the first one that is not plain
        ``Event``), or None where none is an event.
    """
    kinds = [
        kind
        for each in types
        if (name := local_name(each)) and (kind := _CANONICAL.get(name.lower()))
    ]
    return next((kind for kind in kinds if kind != "Event"), kinds[0] if kinds else None)


def written_types(item: dict[str, Any]) -> tuple[str, ...]:
    """List a JSON-LD object's types; schema.org's context makes ``type`` an alias of ``@type``."""
    written = item.get("@type", item.get("type"))
    if isinstance(written, str):
        return tuple(written.split())
    if isinstance(written, list):
        return tuple(each for each in written if isinstance(each, str))
    return ()


def holds_event(item: object) -> bool:
    """Tell whether a JSON value contains a schema.org event at any depth."""
    return any(event_type(written_types(each)) for each in _objects(item))


def _objects(item: object) -> Iterator[dict[str, Any]]:
    """Yield every JSON object within a value, without recursion: the depth is the page's choice."""
    waiting = [item]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            yield value
            waiting.extend(value.values())
        elif isinstance(value, list):
            waiting.extend(value)
