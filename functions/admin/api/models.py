"""What the API takes and answers, as pydantic models: its description is made of them."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from functions.admin.payload_editing import parse_kept
from functions.admin.queries import PagedQuery, Query
from functions.pipeline import MAX_DISPATCHES_PER_SECOND
from functions.runtime.failed_tasks.bulk import (
    MOST_IDS,
    SLOWEST,
    BulkAction,
    BulkRetry,
    BulkStatus,
)
from functions.runtime.failed_tasks.documents import MOST_NOTE, Status
from functions.runtime.failed_tasks.masking import mask_secrets, mask_text

if TYPE_CHECKING:
    from functions.runtime.store import Document

Id = Annotated[str, Field(min_length=1, max_length=500, pattern=r"^[A-Za-z0-9_-]+$")]
"""Of a failed task, which is that of its task in Cloud Tasks, or of a bulk retry."""

Note = Annotated[str, Field(max_length=MOST_NOTE)]


class _Said(BaseModel):
    """Be what a program sends: nothing is guessed of it, and nothing in it ignored."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Filters(Query):
    """Filter failed tasks; what is misspelt is refused, since it would mean more of them."""

    model_config = ConfigDict(extra="forbid")


class PagedFilters(PagedQuery):
    """Filter failed tasks, and say which page of them is meant."""

    model_config = ConfigDict(extra="forbid")


class FailedTask(BaseModel):
    """Tell of a failed task what a list shows."""

    id: str
    status: Status
    pipeline_stage: str
    task_type: str
    function_name: str
    function_url: str
    error_type: str
    error_message: str
    retry_count: int = Field(description="Attempts, those of its retries too.")
    first_failed_at: datetime
    last_failed_at: datetime
    resolved_at: datetime | None
    resolved_by: str | None
    fingerprint: str = Field(description="What failures of one cause have in common.")
    trace_id: str
    queue: str
    service: str
    service_version: str
    item_ids: list[str]
    current_task_id: str = Field(description="The task that was sent last.")
    retries: int

    @classmethod
    def of(cls, document: Document) -> FailedTask:
        """Tell of a document."""
        return cls(**_select(cls, document))


class Attempt(BaseModel):
    """Tell how an attempt failed."""

    number: int
    at: datetime
    error_type: str
    error_message: str


class Action(BaseModel):
    """Tell what happened to a failed task, and who brought it about."""

    action: str
    at: datetime
    by: str
    note: str
    task_id: str


class FailedTaskDetail(FailedTask):
    """Tell all of a failed task; what looks like a secret is masked."""

    payload: Any = Field(description="As it was delivered; text where it is no JSON.")
    edited_payload: Any = Field(description="What was sent in its place, where it was edited.")
    stack_trace: str
    attempts: list[Attempt]
    history: list[Action]

    @classmethod
    def of(cls, document: Document) -> FailedTaskDetail:
        """Tell of a document."""
        return cls(**_select(cls, document))


def _select(model: type[BaseModel], document: Document) -> dict[str, Any]:
    said = {"id": document.id, **document.data}
    fields: dict[str, Any] = {name: said[name] for name in model.model_fields}
    for name in ("payload", "edited_payload"):
        if name in fields:
            fields[name] = mask_secrets(parse_kept(fields[name]))
    for name in ("error_message", "stack_trace", "function_url"):
        if name in fields:
            fields[name] = mask_text(fields[name])
    for name in ("attempts", "history", "item_ids"):
        if name in fields:
            fields[name] = mask_secrets(fields[name])
    return fields


class FailedTaskPage(BaseModel):
    """Hold failed tasks, the one that failed last first."""

    items: list[FailedTask]
    next: str = Field(description="Where to go on, as `after`; empty where there are no more.")


class Cause(BaseModel):
    """Tell what failures have in common, and how many there are."""

    fingerprint: str
    pipeline_stage: str
    error_type: str
    error_message: str
    count: int


class Counts(BaseModel):
    """Count failed tasks."""

    matching: int
    by_status: dict[str, int]
    by_stage: dict[str, int]
    causes: list[Cause] = Field(description="The latest, the most frequent first.")
    oldest_failed_at: datetime | None = Field(
        description="When the one that waits longest failed last."
    )


class RetryRequest(_Said):
    """Ask for a retry."""

    note: Note = ""
    payload: dict[str, Any] | None = Field(
        None,
        description="In the place of its own. Secrets may be left masked where they were so.",
    )


class ResolveRequest(_Said):
    """Call it resolved."""

    note: Annotated[str, Field(min_length=1, max_length=MOST_NOTE, pattern=r"\S")]


class ReopenRequest(_Said):
    """Call it failed again."""

    note: Note = ""


class BulkRequest(_Said):
    """Ask for many to be retried, or resolved: by filters, or by their ids."""

    action: BulkAction = Field(BulkAction.RETRY, strict=False)
    query: Filters | None = Field(
        None, strict=False, description="Which are meant, of those that are failed now."
    )
    ids: Annotated[list[Id], Field(max_length=MOST_IDS)] = []
    rate: float = Field(
        10.0, ge=SLOWEST, le=MAX_DISPATCHES_PER_SECOND, description="How many a second."
    )
    note: Note = ""


class Bulk(BaseModel):
    """Tell how far a bulk retry has come."""

    id: str
    action: BulkAction
    status: BulkStatus
    rate: float
    by: str
    note: str
    created_at: datetime
    expected: int
    taken: int
    skipped: int = Field(description="Those that were not failed any more.")
    refused: int = Field(description="Those that cannot be sent.")
    ended_at: datetime | None
    ended_by: str

    @classmethod
    def of(cls, document: Document) -> Bulk:
        """Tell of its document."""
        bulk = BulkRetry.from_document(document)
        fields = {name: getattr(bulk, name) for name in cls.model_fields if name != "id"}
        return cls(id=document.id, **fields)


class Problem(BaseModel):
    """Tell what could not be done (https://www.rfc-editor.org/rfc/rfc9457)."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    errors: list[str] = Field([], description="What is wrong with the request, by its place.")
