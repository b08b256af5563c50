"""The unit of work: what a handler decides, before anything of it happens.

A handler reads through it and records writes, tasks and counts on it. The runtime then commits all
of it at once, or none. So a handler has no effects of its own, can be run again at any time, and
tests as a plain function.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from functions.errors import DeclarationError
from functions.pipeline import ENTITIES
from functions.runtime.outbox import OutboxEntry, name_task
from functions.runtime.payload import encode_payload
from functions.runtime.settings import Settings
from functions.runtime.store import Create, Delete, Document, Put, Update
from telemetry import message_context

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from functions.pipeline import Endpoint, Pipeline, Stage
    from functions.runtime.blobs import BlobStore
    from functions.runtime.payload import Payload
    from functions.runtime.store import DocumentStore, Filter, Order, Write

_MAX_DELAY: Final = timedelta(days=30)
"""Cloud Tasks schedules at most 30 days ahead."""


@dataclass(frozen=True, slots=True)
class _Dispatch:
    stage: Stage
    payload: Payload
    task_id: str
    delay: timedelta
    new_trace: bool


@dataclass(slots=True)
class UnitOfWork:
    """Collect what one task reads, writes, sends and counts.

    Attributes:
        task_id: The task being handled; what it sends on is named after it.
        stage: Its stage; or the endpoint that was called.
        settings: What differs from place to place.
        now: The time to record; one per attempt.
        blobs: Where bytes too large for a document go; written at once, since their name is their
            content and an unused one harms nobody.
        failed_task_counts: What is counted of failed tasks once it is committed: the metric, and
            the failed task, whose stage is what it is counted by.
    """

    pipeline: Pipeline
    stage: Stage | Endpoint
    task_id: str
    store: DocumentStore
    blobs: BlobStore
    settings: Settings = field(default_factory=Settings)
    now: datetime = field(default_factory=lambda: datetime.now(UTC))
    writes: list[Write] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    failed_task_counts: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list)
    _dispatches: dict[str, _Dispatch] = field(default_factory=dict)
    _again: list[OutboxEntry] = field(default_factory=list)

    def get(self, collection: str, document_id: str) -> Document | None:
        """Read one document; None where there is none."""
        return self.store.get(collection, document_id)

    def get_all(self, keys: Sequence[tuple[str, str]]) -> list[Document | None]:
        """Read several documents, in the order of ``keys`` (collection, id)."""
        return self.store.get_all(keys)

    def query(
        self,
        collection: str,
        *,
        where: Sequence[Filter] = (),
        order_by: Sequence[Order] = (),
        limit: int | None = None,
        start_after: Document | None = None,
    ) -> list[Document]:
        """Read the documents that match, as ``DocumentStore.query`` does."""
        return self.store.query(
            collection, where=where, order_by=order_by, limit=limit, start_after=start_after
        )

    def create(self, collection: str, document_id: str, data: Mapping[str, Any]) -> None:
        """Record a new document; where it exists by then, the handler runs again."""
        self.writes.append(Create(collection, document_id, dict(data)))

    def put(self, collection: str, document_id: str, data: Mapping[str, Any]) -> None:
        """Record a whole document, whatever is there."""
        self.writes.append(Put(collection, document_id, dict(data)))

    def replace(self, document: Document, data: Mapping[str, Any]) -> None:
        """Record a document's new content; where it changed by then, the handler runs again."""
        self.writes.append(
            Put(document.collection, document.id, dict(data), expect=document.update_time)
        )

    def update(self, document: Document, fields: Mapping[str, Any]) -> None:
        """Record new fields of a document; where it changed by then, the handler runs again."""
        self.writes.append(
            Update(document.collection, document.id, dict(fields), expect=document.update_time)
        )

    def delete(self, collection: str, document_id: str) -> None:
        """Record a document's removal."""
        self.writes.append(Delete(collection, document_id))

    def dispatch(  # noqa: PLR0913 - each a decision of its own, all but two with a default
        self,
        stage: str,
        payload: Payload,
        *,
        key: str = "",
        position: int = 0,
        delay: timedelta = timedelta(0),
        new_trace: bool = False,
    ) -> str:
        """Record a task for a next stage.

        Args:
            stage: One of the ``next`` of this stage's declaration.
            payload: What the task says.
            key: Tells it from the other tasks this one sends to the same stage.
            position: Its place in a fan-out; it waits that many times the stage's stagger.
            delay: How long it waits besides.
            new_trace: Whether an item begins here, with a trace of its own.

        Returns:
            The task's id.

        Raises:
            DeclarationError: The edge is not declared, or the key was used already.
        """
        if stage not in self.stage.next:
            raise DeclarationError(
                f"{self.stage.name} may not send to {stage!r}: functions/pipeline.py lists"
                f" {', '.join(self.stage.next) or 'no next stage'}"
            )
        target = self.pipeline.stage(stage)
        task_id = name_task(self.task_id, stage, key)
        if task_id in self._dispatches:
            raise DeclarationError(
                f"{self.stage.name} sends two tasks to {stage} under the key {key!r}:"
                " give each a key of its own"
            )
        self._dispatches[task_id] = _Dispatch(
            target, payload, task_id, min(delay + position * target.stagger, _MAX_DELAY), new_trace
        )
        return task_id

    def send_again(self, entry: OutboxEntry) -> None:
        """Record a task that is ready to be sent, as the retry of a failed one is.

        It goes wherever its stage is: that edge is the failed task's, not this stage's.
        """
        self._again.append(entry)

    def found(self, entity: str, amount: int = 1) -> None:
        """Count entities that were known already."""
        self.count(f"{_checked(entity)}_found", amount)

    def created(self, entity: str, amount: int = 1) -> None:
        """Count entities that are new."""
        self.count(f"{_checked(entity)}_created", amount)

    def count(self, metric: str, amount: int = 1) -> None:
        """Count for a metric of the catalogue; it is emitted once, after the commit."""
        if amount:
            self.counts[metric] += amount

    def decided(self) -> list[tuple[Stage, Payload]]:
        """Return the tasks recorded so far: where each goes, and what it says."""
        return [(dispatch.stage, dispatch.payload) for dispatch in self._dispatches.values()]

    def pack_outbox(self) -> list[OutboxEntry]:
        """Make the outbox entries, each with a producer's span of its own as creation context.

        Raises:
            PayloadTooLarge: More than Cloud Tasks takes; nothing is sent.
        """
        return [*map(self._pack, self._dispatches.values()), *self._again]

    def _pack(self, dispatch: _Dispatch) -> OutboxEntry:
        ctx = message_context(
            dispatch.stage.queue, message_id=dispatch.task_id, new_trace=dispatch.new_trace
        )
        return OutboxEntry(
            task_id=dispatch.task_id,
            stage=dispatch.stage.name,
            body=encode_payload(dispatch.payload, ctx),
            created_at=datetime.now(UTC),
            not_before=self.now + dispatch.delay if dispatch.delay else None,
        )


def _checked(entity: str) -> str:
    if entity not in ENTITIES:
        raise DeclarationError(f"no entity {entity!r}: there are {', '.join(ENTITIES)}")
    return entity
