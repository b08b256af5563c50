"""Entity source management: record which source says what of which entity."""

from __future__ import annotations

from typing import TYPE_CHECKING

from functions.errors import PermanentError
from functions.runtime.handlers import stage_handler
from functions.stages.collections import (
    ENTITY_SOURCES,
    RESOLUTIONS,
    SYNCED,
    entity_source_id,
    hash_id,
)
from functions.stages.payloads import EntityRef, RecordSources, SyncEntities, WriteEntities

if TYPE_CHECKING:
    from functions.runtime.settings import Settings
    from functions.runtime.store import Document
    from functions.runtime.work import UnitOfWork


@stage_handler("entity_source_mgmt")
def record_sources(payload: RecordSources, work: UnitOfWork) -> None:
    """Record what the resolution's source says now, and have its entities written anew.

    Where the page is unchanged, its entities are only seen again: they count as found. Those that
    did not get to the data store in force, whatever the reason, are sent there once more.

    Raises:
        PermanentError: The resolution is gone.
    """
    resolution = work.get(RESOLUTIONS, payload.resolution_id)
    if resolution is None:
        raise PermanentError(f"no resolution {payload.resolution_id!r}: was it deleted?")
    mentions = resolution.data["mentions"]
    refs = tuple(EntityRef(kind=mention["kind"], id=mention["id"]) for mention in mentions)
    if not payload.unchanged:
        _record_claims(resolution, work)
        work.dispatch("entity_writers", WriteEntities(entities=refs))
        return
    for mention in mentions:
        work.found(mention["kind"])
    if not _see_again(resolution, work):
        _record_claims(resolution, work)
        work.dispatch("entity_writers", WriteEntities(entities=refs))
        return
    entities = work.get_all([(ref.kind, ref.id) for ref in refs])
    synced = work.get_all([(SYNCED, ref.id) for ref in refs])
    unwritten = [r for r, e in zip(refs, entities, strict=True) if not (e and e.data["version"])]
    behind = [
        ref
        for ref, entity, row in zip(refs, entities, synced, strict=True)
        if entity and entity.data["version"] and not is_synced(entity, row, work.settings)
    ]
    if unwritten:
        work.dispatch("entity_writers", WriteEntities(entities=tuple(unwritten)))
    if behind:
        work.dispatch("sync_data_stores", SyncEntities(entities=tuple(behind)))


def is_synced(entity: Document, row: Document | None, settings: Settings) -> bool:
    """Tell whether the data store in force has an entity as it is now."""
    return row is not None and (row.data["version"], row.data["store"]) == (
        entity.data["version"],
        hash_id(settings.database_url),
    )


def _claim_ids(resolution: Document) -> list[str]:
    source_id, part = resolution.data["source_id"], resolution.data["part"]
    mentions = resolution.data["mentions"]
    return [entity_source_id(mention["id"], source_id, part) for mention in mentions]


def _see_again(resolution: Document, work: UnitOfWork) -> bool:
    claims = work.get_all([(ENTITY_SOURCES, claim_id) for claim_id in _claim_ids(resolution)])
    if not all(claims):
        return False
    for claim in claims:
        if claim is not None:
            work.update(claim, {"last_seen_at": work.now})
    return True


def _record_claims(resolution: Document, work: UnitOfWork) -> None:
    claim_ids = _claim_ids(resolution)
    claims = work.get_all([(ENTITY_SOURCES, claim_id) for claim_id in claim_ids])
    mentions = resolution.data["mentions"]
    for claim_id, claim, mention in zip(claim_ids, claims, mentions, strict=True):
        if claim is not None:
            work.update(claim, {"fields": mention["fields"], "last_seen_at": work.now})
            continue
        work.create(
            ENTITY_SOURCES,
            claim_id,
            {
                "entity_id": mention["id"],
                "kind": mention["kind"],
                "source_id": resolution.data["source_id"],
                "part": resolution.data["part"],
                "url": resolution.data["url"],
                "precedence": resolution.data["precedence"],
                "fields": mention["fields"],
                "first_seen_at": work.now,
                "last_seen_at": work.now,
            },
        )
