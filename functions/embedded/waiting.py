"""Sources that were asked for and that no run has taken up: kept, so that no end loses them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final
from uuid import uuid4

from functions.runtime.store import Create, Delete, Order
from functions.stages.fetching import SourceLocation

if TYPE_CHECKING:
    from collections.abc import Sequence

    from functions.runtime.store import Document, DocumentStore

WAITING: Final = "waiting_sources"

_BATCH: Final = 400
"""Written or read at once; a batch takes 500 writes."""


def ask_for(store: DocumentStore, sources: Sequence[SourceLocation]) -> None:
    """Keep sources until a run takes them up.

    Each asking is a document of its own: one that comes while a run takes up the one before is not
    taken for that.
    """
    now = datetime.now(UTC)
    for first in range(0, len(sources), _BATCH):
        store.commit(
            [
                Create(WAITING, uuid4().hex, {"location": source.location, "asked_at": now})
                for source in sources[first : first + _BATCH]
            ]
        )


def read_waiting(store: DocumentStore) -> list[Document]:
    """Return what waits, the longest first."""
    waiting: list[Document] = []
    order = [Order("asked_at")]
    while page := store.query(
        WAITING, order_by=order, limit=_BATCH, start_after=waiting[-1] if waiting else None
    ):
        waiting += page
    return waiting


def locate(waiting: Sequence[Document]) -> list[SourceLocation]:
    """Return the sources that are asked for, each once."""
    locations = dict.fromkeys(document.data["location"] for document in waiting)
    return [SourceLocation(location, given=location) for location in locations]


def forget(store: DocumentStore, waiting: Sequence[Document]) -> None:
    """Drop what a run has taken up."""
    for first in range(0, len(waiting), _BATCH):
        store.commit([Delete(WAITING, each.id) for each in waiting[first : first + _BATCH]])
