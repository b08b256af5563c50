"""Entity writers: write down what all sources together say of an entity.

Sources contradict each other. For each field the first source that says anything wins, in this
order: the precedence it was given, then whether the entity's own site speaks, then its id, so that
the outcome does not depend on who was fetched first. Two rules besides: a line-up is what any of
them lists, and a cancellation by one is not undone by the silence of the others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from functions.errors import PermanentError
from functions.runtime.handlers import stage_handler
from functions.runtime.store import Filter
from functions.stages.collections import ENTITY_SOURCES
from functions.stages.events import EventStatus
from functions.stages.payloads import SyncEntities, WriteEntities

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from functions.runtime.store import Document
    from functions.runtime.work import UnitOfWork

_BOOKKEEPING: Final = frozenset({"version", "created_at", "updated_at"})


@stage_handler("entity_writers")
def write_entities(payload: WriteEntities, work: UnitOfWork) -> None:
    """Merge what the sources say of each entity, and have those that changed synchronised."""
    entities = work.get_all([(ref.kind, ref.id) for ref in payload.entities])
    changed = []
    for ref, entity in zip(payload.entities, entities, strict=True):
        if entity is None:
            raise PermanentError(f"no {ref.kind} {ref.id!r}: was it deleted?")
        claims = work.query(ENTITY_SOURCES, where=[Filter("entity_id", "==", ref.id)])
        content = merge_claims(claims)
        version = entity.data["version"]
        if version and content == _content(entity):
            continue
        stamps = {
            "version": version + 1,
            "created_at": entity.data["created_at"],
            "updated_at": work.now,
        }
        work.replace(entity, content | stamps)
        changed.append(ref)
    if changed:
        work.dispatch("sync_data_stores", SyncEntities(entities=tuple(changed)))


def merge_claims(claims: Sequence[Document]) -> dict[str, Any]:
    """Return what an entity is, by all that its sources say of it."""
    spoken = [claim.data["fields"] for claim in sorted(claims, key=_rank)]
    merged = {
        name: next((fields[name] for fields in spoken if fields.get(name) is not None), None)
        for name in dict.fromkeys(name for fields in spoken for name in fields)
    }
    if "artist_ids" in merged:
        listed = (artist for fields in spoken for artist in fields.get("artist_ids") or ())
        merged["artist_ids"] = list(dict.fromkeys(listed))
    if "status" in merged:
        told = [fields["status"] for fields in spoken if fields.get("status")]
        merged["status"] = next((s for s in told if s != EventStatus.SCHEDULED), merged["status"])
    return merged


def _rank(claim: Document) -> tuple[int, bool, str, int]:
    own = _host(claim.data["url"]) == _host(claim.data["fields"].get("url") or "")
    return -claim.data["precedence"], not own, claim.data["source_id"], claim.data["part"]


def _host(url: str) -> str:
    return (urlsplit(url).hostname or "").removeprefix("www.")


def _content(entity: Document) -> Mapping[str, Any]:
    return {name: value for name, value in entity.data.items() if name not in _BOOKKEEPING}
