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
"""Events an extraction holds at most: its document stays far below 1 MiB."""

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
            f"{document.data['url']} lists {len(reasons)} events, none of which can be used: {told}"
        )
    parts = list(split_events(reading.events))
    for number, events in enumerate(parts):
        extraction = {
            "document_id": document.id,
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
    weight = 0
    for event in events:
        own = 2 + len(event.artists)
        if part and (len(part) == PART_EVENTS or weight + own > PART_ENTITIES):
            yield part
            part, weight = [], 0
        part.append(event)
        weight += own
    if part:
        yield part
