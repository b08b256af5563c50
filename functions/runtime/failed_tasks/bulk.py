"""Retrying, or resolving, many failed tasks: what is asked for, and how far it has come.

A bulk retry is a document, and a chain of tasks that work it off page by page. Each page is one
batch: the claims, the retries' outbox entries, how far it has come, and the task for the next page.
So it goes on where it stood, whatever is killed, and takes no failed task twice.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

from functions.errors import (
    BulkRetryRefused,
    FailedTaskMissing,
    FailedTaskTaken,
    PreconditionFailed,
)
from functions.pipeline import MAX_DISPATCHES_PER_SECOND
from functions.runtime.failed_tasks.documents import (
    FAILED_TASKS,
    MOST_NAME,
    MOST_NOTE,
    Status,
)
from functions.runtime.failed_tasks.payloads import RetryFailedTasks
from functions.runtime.failed_tasks.search import Criteria, count_matches, search
from functions.runtime.outbox import OutboxEntry, name_task
from functions.runtime.payload import encode_payload
from functions.runtime.store import Create, Document, Update
from telemetry import message_context

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from functions.runtime.runtime import Runtime
    from functions.runtime.store import DocumentStore

BULK_RETRIES: Final = "bulk_retries"

STAGE: Final = "retry_failed_tasks"
"""The operation that works them off."""

PAGE: Final = 100
"""Failed tasks a batch: up to three writes each, and a batch takes 500."""

MOST_IDS: Final = 10_000
"""Ids that one document holds: for more there are criteria."""

SLOWEST: Final = 0.01
"""Retries a second: a page then takes three hours, far below the 30 days that Cloud Tasks plans."""


class BulkAction(StrEnum):
    """Say what is done to each failed task."""

    RETRY = "retry"
    RESOLVE = "resolve"


class BulkStatus(StrEnum):
    """Say where a bulk retry stands."""

    RUNNING = "running"
    DONE = "done"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkRetry:
    """Say which failed tasks are to be retried, and how far that has come.

    Attributes:
        action: Whether they are retried or resolved.
        criteria: Which are meant, of those that had failed when it was created.
        ids: Which are meant, where they were chosen one by one.
        rate: How many a second.
        by: Who wants it.
        note: Why.
        created_at: When.
        expected: How many there were then.
        status: Where it stands.
        ended_at: When it was done, or cancelled.
        ended_by: Who cancelled it.
        taken: How many were retried, or resolved.
        skipped: How many were not failed any more.
        refused: How many cannot be retried: they have no stage, or no payload.
        seen_at: When the failed task failed last behind which it goes on.
        seen_id: The id of that one.
        position: How many of the ids it is through with.
    """

    action: BulkAction
    criteria: Criteria = field(default_factory=Criteria)
    ids: tuple[str, ...] = ()
    rate: float
    by: str
    note: str
    created_at: datetime
    expected: int
    status: BulkStatus = BulkStatus.RUNNING
    ended_at: datetime | None = None
    ended_by: str = ""
    taken: int = 0
    skipped: int = 0
    refused: int = 0
    seen_at: datetime | None = None
    seen_id: str = ""
    position: int = 0

    def to_data(self) -> dict[str, Any]:
        """Return the content of its document."""
        return asdict(self) | {
            "action": str(self.action),
            "status": str(self.status),
            "ids": list(self.ids),
        }

    @classmethod
    def from_document(cls, document: Document) -> BulkRetry:
        """Read it back."""
        data = document.data
        return cls(
            **data
            | {
                "action": BulkAction(data["action"]),
                "status": BulkStatus(data["status"]),
                "criteria": Criteria(**data["criteria"]),
                "ids": tuple(data["ids"]),
            }
        )

    def find_page(self, store: DocumentStore) -> tuple[list[Document], BulkRetry]:
        """Return the failed tasks that come next, and it itself once it is through with them.

        Those that failed after it was created are none of them: it would never end otherwise.
        """
        if self.ids:
            return self._find_chosen(store)
        meant = replace(
            self.criteria,
            status=str(Status.FAILED),
            until=min(filter(None, (self.criteria.until, self.created_at))),
        )
        after = None
        if self.seen_at is not None:
            data = {"last_failed_at": self.seen_at}
            after = Document(FAILED_TASKS, self.seen_id, data, self.seen_at, self.seen_at)
        page = search(store, meant, limit=PAGE, after=after)
        if page.seen is None:
            return page.documents, self.ended(BulkStatus.DONE)
        return page.documents, self.moved_behind(page.seen)

    def _find_chosen(self, store: DocumentStore) -> tuple[list[Document], BulkRetry]:
        ids = self.ids[self.position : self.position + PAGE]
        found = store.get_all([(FAILED_TASKS, each) for each in ids])
        documents = [
            each for each in found if each and each.data["last_failed_at"] < self.created_at
        ]
        through = replace(
            self,
            position=self.position + len(ids),
            skipped=self.skipped + len(ids) - len(documents),
        )
        return documents, through if through.position < len(self.ids) else through.ended(
            BulkStatus.DONE
        )

    def moved_behind(self, document: Document) -> BulkRetry:
        """Return it once it is through with a failed task and all before."""
        return replace(self, seen_at=document.data["last_failed_at"], seen_id=document.id)

    def ended(self, status: BulkStatus, by: str = "") -> BulkRetry:
        """Return it done, or cancelled."""
        return replace(self, status=status, ended_at=datetime.now(UTC), ended_by=by)


def start_bulk(  # noqa: PLR0913 - each a decision of its own, by name
    runtime: Runtime,
    *,
    action: BulkAction = BulkAction.RETRY,
    criteria: Criteria | None = None,
    ids: Sequence[str] = (),
    rate: float = 10.0,
    by: str,
    note: str = "",
) -> str:
    """Begin to retry, or resolve, many failed tasks.

    Args:
        runtime: Where they are kept, and sent.
        action: What is done to each.
        criteria: Which are meant, whatever status they name: those that are failed now.
        ids: Which are meant, in the place of criteria.
        rate: How many a second.
        by: Who wants it.
        note: Why.

    Returns:
        The id of the bulk retry.

    Raises:
        BulkRetryRefused: The rate cannot be, or there are too many ids, or neither they nor
            criteria.
    """
    if not SLOWEST <= rate <= MAX_DISPATCHES_PER_SECOND:
        raise BulkRetryRefused(
            f"{rate:g} failed tasks a second: say {SLOWEST:g} to {MAX_DISPATCHES_PER_SECOND}"
        )
    if (criteria is None) != bool(ids):
        raise BulkRetryRefused("say which failed tasks are meant: by criteria, or by their ids")
    if len(ids) > MOST_IDS:
        raise BulkRetryRefused(
            f"{len(ids):,} ids, and {MOST_IDS:,} are most: say by criteria which are meant"
        )
    now = datetime.now(UTC)
    chosen = tuple(dict.fromkeys(ids))
    meant = replace(criteria or Criteria(), status=str(Status.FAILED))
    bulk = BulkRetry(
        action=action,
        criteria=meant,
        ids=chosen,
        rate=rate,
        by=by[:MOST_NAME],
        note=note[:MOST_NOTE],
        created_at=now,
        expected=len(chosen) or count_matches(runtime.store, meant),
    )
    bulk_id = uuid4().hex
    stage = runtime.pipeline.stage(STAGE)
    task_id = name_task(bulk_id, stage.name, "")
    ctx = message_context(stage.queue, message_id=task_id)
    body = encode_payload(RetryFailedTasks(bulk_id=bulk_id), ctx)
    entry = OutboxEntry(task_id=task_id, stage=stage.name, body=body, created_at=now)
    runtime.store.commit([Create(BULK_RETRIES, bulk_id, bulk.to_data()), entry.to_write()])
    runtime.send([entry])
    return bulk_id


def find_bulk(store: DocumentStore, bulk_id: str) -> Document:
    """Return the document of a bulk retry.

    Raises:
        FailedTaskMissing: There is none of that id.
    """
    document = store.get(BULK_RETRIES, bulk_id)
    if document is None:
        raise FailedTaskMissing(f"there is no bulk retry {bulk_id!r}")
    return document


def cancel_bulk(store: DocumentStore, bulk_id: str, *, by: str) -> None:
    """Have a bulk retry take no more failed tasks; what it has sent is under way.

    Raises:
        FailedTaskMissing: There is none of that id.
        FailedTaskTaken: It has ended; or it keeps changing.
    """
    for _ in range(_TRIES):
        document = find_bulk(store, bulk_id)
        bulk = BulkRetry.from_document(document)
        if bulk.status is not BulkStatus.RUNNING:
            raise FailedTaskTaken(f"the bulk retry {bulk_id} is {bulk.status} by now")
        fields = select_changes(document, bulk.ended(BulkStatus.CANCELLED, by[:MOST_NAME]))
        try:
            store.commit([Update(BULK_RETRIES, bulk_id, fields, expect=document.update_time)])
        except PreconditionFailed:
            continue
        return
    raise FailedTaskTaken(f"the bulk retry {bulk_id} keeps changing: try again")


_TRIES: Final = 20


def select_changes(document: Document, bulk: BulkRetry) -> Mapping[str, Any]:
    """Return the fields in which a bulk retry differs from its document."""
    return {
        name: value for name, value in bulk.to_data().items() if value != document.data.get(name)
    }
