"""What the API can do: the one table that its routes and its description are made of."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from functions.admin.api.models import (
    Bulk,
    BulkRequest,
    Cause,
    Counts,
    FailedTask,
    FailedTaskDetail,
    FailedTaskPage,
    Filters,
    PagedFilters,
    ReopenRequest,
    ResolveRequest,
    RetryRequest,
)
from functions.admin.audit import log_action
from functions.admin.identity import Role
from functions.admin.payload_editing import find_sent, read_object
from functions.admin.queries import PagedQuery, write_place
from functions.errors import BulkRetryRefused
from functions.runtime.failed_tasks.bulk import BulkAction, cancel_bulk, find_bulk, start_bulk
from functions.runtime.failed_tasks.documents import Status
from functions.runtime.failed_tasks.masking import mask_text
from functions.runtime.failed_tasks.retrying import find_failed_task, reopen, resolve, retry
from functions.runtime.failed_tasks.search import (
    count_by,
    count_matches,
    find_oldest,
    group_failures,
    search,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pydantic import BaseModel

    from functions.admin.desk import Desk
    from functions.admin.identity import Visitor

_CAUSES: Final = 50


@dataclass(frozen=True, slots=True)
class Call:
    """Hold what is asked of an operation.

    Attributes:
        desk: What it stands on.
        visitor: Who asks.
        path: The parameters in the path.
        query: Those behind it, as the operation's model.
        body: The body, as the operation's model.
    """

    desk: Desk
    visitor: Visitor
    path: Mapping[str, str]
    query: Any = None
    body: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """Describe an operation.

    Attributes:
        name: What programs call it.
        method: Of HTTP.
        path: Below ``/api``, parameters in braces.
        summary: One line of what it does.
        run: Does it; it may block, and raise what ``refusals.py`` knows.
        answer: The model of what it answers.
        query: The model of the parameters behind the path.
        body: The model of the body.
        status: What it answers with.
    """

    name: str
    method: str
    path: str
    summary: str
    run: Callable[[Call], BaseModel]
    answer: type[BaseModel]
    query: type[BaseModel] | None = None
    body: type[BaseModel] | None = None
    status: int = 200

    @property
    def needs(self) -> Role:
        """The role that may ask for it."""
        return Role.VIEWER if self.method == "GET" else Role.OPERATOR


def _list(call: Call) -> FailedTaskPage:
    query: PagedQuery = call.query
    page = search(
        call.desk.runtime.store, query.to_criteria(), limit=query.limit, after=query.place
    )
    return FailedTaskPage(
        items=[FailedTask.of(each) for each in page.documents], next=write_place(page.seen)
    )


def _count(call: Call) -> Counts:
    store, criteria = call.desk.runtime.store, call.query.to_criteria()
    causes = group_failures(store, criteria, limit=_CAUSES)
    by_status, by_stage = replace(criteria, status=""), replace(criteria, pipeline_stage="")
    return Counts(
        matching=count_matches(store, criteria),
        by_status=count_by(store, by_status, "status", tuple(map(str, Status))),
        by_stage=count_by(store, by_stage, "pipeline_stage", call.desk.stages),
        causes=[
            Cause(
                fingerprint=each.fingerprint,
                pipeline_stage=each.stage,
                error_type=each.error_type,
                error_message=mask_text(each.message),
                count=each.count,
            )
            for each in causes
        ],
        oldest_failed_at=find_oldest(store),
    )


def _show(call: Call) -> FailedTaskDetail:
    return FailedTaskDetail.of(find_failed_task(call.desk.runtime, call.path["failed_id"]))


def _retry(call: Call) -> FailedTaskDetail:
    runtime, failed_id, body = call.desk.runtime, call.path["failed_id"], call.body
    payload = body.payload
    if payload is not None:
        payload = read_object(payload, find_sent(find_failed_task(runtime, failed_id).data))
    task_id = retry(runtime, failed_id, by=call.visitor.name, note=body.note, payload=payload)
    log_action(call.visitor, "retried", failed_id, note=body.note, task_id=task_id)
    return _show(call)


def _resolve(call: Call) -> FailedTaskDetail:
    failed_id, note = call.path["failed_id"], call.body.note
    resolve(call.desk.runtime, failed_id, by=call.visitor.name, note=note)
    log_action(call.visitor, "resolved", failed_id, note=note)
    return _show(call)


def _reopen(call: Call) -> FailedTaskDetail:
    failed_id, note = call.path["failed_id"], call.body.note
    reopen(call.desk.runtime, failed_id, by=call.visitor.name, note=note)
    log_action(call.visitor, "reopened", failed_id, note=note)
    return _show(call)


def _start_bulk(call: Call) -> Bulk:
    body: BulkRequest = call.body
    if body.action is BulkAction.RESOLVE and not body.note.strip():
        raise BulkRetryRefused("say in a note how they were resolved")
    bulk_id = start_bulk(
        call.desk.runtime,
        action=body.action,
        criteria=None if body.query is None else body.query.to_criteria(),
        ids=body.ids,
        rate=body.rate,
        by=call.visitor.name,
        note=body.note,
    )
    log_action(call.visitor, f"began to {body.action} many", bulk_id, note=body.note)
    return Bulk.of(find_bulk(call.desk.runtime.store, bulk_id))


def _show_bulk(call: Call) -> Bulk:
    return Bulk.of(find_bulk(call.desk.runtime.store, call.path["bulk_id"]))


def _cancel_bulk(call: Call) -> Bulk:
    bulk_id = call.path["bulk_id"]
    cancel_bulk(call.desk.runtime.store, bulk_id, by=call.visitor.name)
    log_action(call.visitor, "cancelled", bulk_id)
    return _show_bulk(call)


OPERATIONS: Final = (
    Operation(
        name="list_failed_tasks",
        method="GET",
        path="/failed-tasks",
        summary="List failed tasks, the one that failed last first",
        run=_list,
        query=PagedFilters,
        answer=FailedTaskPage,
    ),
    Operation(
        name="count_failed_tasks",
        method="GET",
        path="/failed-task-counts",
        summary="Count failed tasks by status, stage and cause",
        run=_count,
        query=Filters,
        answer=Counts,
    ),
    Operation(
        name="get_failed_task",
        method="GET",
        path="/failed-tasks/{failed_id}",
        summary="Tell all of a failed task",
        run=_show,
        answer=FailedTaskDetail,
    ),
    Operation(
        name="retry_failed_task",
        method="POST",
        path="/failed-tasks/{failed_id}/retry",
        summary="Send a failed task again, as it was or with another payload",
        run=_retry,
        body=RetryRequest,
        answer=FailedTaskDetail,
    ),
    Operation(
        name="resolve_failed_task",
        method="POST",
        path="/failed-tasks/{failed_id}/resolve",
        summary="Call a failed task resolved",
        run=_resolve,
        body=ResolveRequest,
        answer=FailedTaskDetail,
    ),
    Operation(
        name="reopen_failed_task",
        method="POST",
        path="/failed-tasks/{failed_id}/reopen",
        summary="Call a resolved task failed again",
        run=_reopen,
        body=ReopenRequest,
        answer=FailedTaskDetail,
    ),
    Operation(
        name="start_bulk_retry",
        method="POST",
        path="/bulk-retries",
        summary="Begin to retry, or resolve, many failed tasks",
        run=_start_bulk,
        body=BulkRequest,
        answer=Bulk,
        status=202,
    ),
    Operation(
        name="get_bulk_retry",
        method="GET",
        path="/bulk-retries/{bulk_id}",
        summary="Tell how far a bulk retry has come",
        run=_show_bulk,
        answer=Bulk,
    ),
    Operation(
        name="cancel_bulk_retry",
        method="POST",
        path="/bulk-retries/{bulk_id}/cancel",
        summary="Have a bulk retry take no more failed tasks",
        run=_cancel_bulk,
        answer=Bulk,
    ),
)
