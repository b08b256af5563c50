"""Where documents live: the names of the collections and the ids within them."""

from __future__ import annotations

import hashlib
from typing import Final

SOURCES: Final = "sources"
"""What is fetched, when next, and what was last seen there."""

SCRAPES: Final = "scrapes"
"""One fetch that brought something new."""

DOCUMENTS: Final = "documents"
"""A scrape, read; its id is the scrape's."""

EXTRACTIONS: Final = "extractions"
"""Some of the events of a document."""

RESOLUTIONS: Final = "resolutions"
"""The entities an extraction speaks of; its id is the extraction's."""

SLOTS: Final = "performance_slots"
"""All performances of one place and day, so that the same one is recognised."""

ENTITY_SOURCES: Final = "entity_sources"
"""What one source says of one entity."""

SYNCED: Final = "synced_entities"
"""Which version of an entity is in which data store; its id is the entity's."""


def hash_id(*parts: str) -> str:
    """Make an id that the same parts always have, with no character a store would refuse."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]


def extraction_id(document_id: str, part: int) -> str:
    """Name a part of a document's extraction, counted from 0."""
    return f"{document_id}-{part}"


def entity_source_id(entity_id: str, source_id: str, part: int) -> str:
    """Name what one source says of one entity, in one part of its page.

    The parts of a long page are worked on at the same time; each writes down its own.
    """
    return f"{entity_id}.{source_id}.{part}"
