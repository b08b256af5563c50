"""Entity source management: record which source says what of which entity."""

from __future__ import annotations

from typing import TYPE_CHECKING

from functions.errors import PermanentError
from functions.runtime.handlers import stage_handler
from functions.stages.collections import ENTITY_SOURCES, RESOLUTIONS, entity_source_id
from functions.stages.payloads import EntityRef, RecordSources, WriteEntities

if TYPE_CHECKING:
    from functions.runtime.work import UnitOfWork


@stage_handler("entity_source_mgmt")
def record_sources(payload: RecordSources, work: UnitOfWork) -> None:
    """Record what the resolution's source says now, and have its entities written anew.

    Where the page is unchanged, its entities are only seen again: they count as found, and nothing
    is sent on.

    Raises:
        PermanentError: The resolution is gone.
    """
    resolution = work.get(RESOLUTIONS, payload.resolution_id)
    if resolution is None:
        raise PermanentError(f"no resolution {payload.resolution_id!r}: was it deleted?")
    source_id = resolution.data["source_id"]
    mentions = resolution.data["mentions"]
    claims = work.get_all(
        [(ENTITY_SOURCES, entity_source_id(mention["id"], source_id)) for mention in mentions]
    )
    seen_again = payload.unchanged and all(claims)
    for mention, claim in zip(mentions, claims, strict=True):
        if payload.unchanged:
            work.found(mention["kind"])
        if claim is not None and seen_again:
            work.update(claim, {"last_seen_at": work.now})
        elif claim is not None:
            work.update(claim, {"fields": mention["fields"], "last_seen_at": work.now})
        else:
            work.create(
                ENTITY_SOURCES,
                entity_source_id(mention["id"], source_id),
                {
                    "entity_id": mention["id"],
                    "kind": mention["kind"],
                    "source_id": source_id,
                    "url": resolution.data["url"],
                    "precedence": resolution.data["precedence"],
                    "fields": mention["fields"],
                    "first_seen_at": work.now,
                    "last_seen_at": work.now,
                },
            )
    if not seen_again:
        refs = tuple(EntityRef(kind=mention["kind"], id=mention["id"]) for mention in mentions)
        work.dispatch("entity_writers", WriteEntities(entities=refs))
