"""Extraction adapters: find the events that a page states as structured data."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from functions.errors import PermanentError
from functions.runtime.handlers import stage_handler
from functions.stages.collections import DOCUMENTS, EXTRACTIONS, extraction_id
from functions.stages.payloads import ExtractEvents, ResolveEntities
from functions.stages.schema_org import read_events

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from functions.runtime.work import UnitOfWork
    from functions.stages.events import ExtractedEvent

PART_EVENTS: Final = 50
"""Events an extraction holds at most."""

PART_BYTES: Final = 400_000
"""Bytes of JSON an extraction holds at most: its document and its resolution's stay below 1 MiB."""

PART_ENTITIES: Final = 200
"""Entities an extraction speaks of at most: their writes fit into one batch of 500."""

_TOLD: Final = 5
"""Reasons an error message lists before it only counts."""


@stage_handler("extraction_adapters")
def extract_events(payload: ExtractEvents, work: UnitOfWork) -> None:
    """Read the events from the document's blocks and send them on, some at a time.

    Raises:
        PermanentError: The document is gone, or not one of its events can be used; the message
            says why for each.
    """
    document = work.get(DOCUMENTS, payload.document_id)
    if document is None:
        raise PermanentError(f"no document {payload.document_id!r}: was it deleted?")
    content = json.loads(work.blobs.get(document.data["content"]))
    reading = read_events(content["blocks"], page_url=document.data["canonical_url"])
    reasons = [f"{rejected.name or 'unnamed'}: {rejected.reason}" for rejected in reading.rejected]
    if not reading.events:
        told = "; ".join(reasons[:_TOLD]) + ("; …" if len(reasons) > _TOLD else "")
        raise PermanentError(
            f"{document.data['url']}: none of the events it lists ({len(reasons)}) can be used:"
            f" {told}"
        )
    parts = list(split_events(reading.events))
    for number, events in enumerate(parts):
        extraction = {
            "document_id": document.id,
            "part": number,
            "source_id": document.data["source_id"],
            "precedence": document.data["precedence"],
            "url": document.data["url"],
            "events": [event.model_dump(mode="json") for event in events],
            "extracted_at": work.now,
        }
        name = extraction_id(document.id, number)
        work.put(EXTRACTIONS, name, extraction)
        work.dispatch("entity_resolution", ResolveEntities(extraction_id=name), key=name)
    work.update(document, {"extractions": len(parts), "rejected": reasons[:PART_EVENTS]})
    work.count("extractions_created", len(parts))


def split_events(events: Sequence[ExtractedEvent]) -> Iterator[list[ExtractedEvent]]:
    """Split events into parts that one batch of writes can carry through."""
    part: list[ExtractedEvent] = []
    entities = size = 0
    for event in events:
        own_entities, own_size = 2 + len(event.artists), len(event.model_dump_json())
        is_full = (
            len(part) == PART_EVENTS
            or entities + own_entities > PART_ENTITIES
            or size + own_size > PART_BYTES
        )
        if part and is_full:
            yield part
            part, entities, size = [], 0, 0
        part.append(event)
        entities += own_entities
        size += own_size
    if part:
        yield part
