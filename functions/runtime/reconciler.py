"""Find tasks that were sent and never ended.

A task whose process dies under it in every attempt never reaches the code that gives it up: Cloud
Tasks deletes it without a word. What is left is that it was sent, that it has no receipt, and that
its queue does not have it any more.
"""

from __future__ import annotations

import json
import logging
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from functions.errors import DeclarationError, PayloadError, PreconditionFailed
from functions.runtime.attempt_log import read_failures
from functions.runtime.dead_letters import DeadLetter
from functions.runtime.deliveries import Answer
from functions.runtime.failed_tasks.search import find_oldest
from functions.runtime.handlers import load_payload
from functions.runtime.payload import decode_payload, list_item_ids
from functions.runtime.receipts import RECEIPTS
from functions.runtime.sent_tasks import SENT_TASKS, SentTask, forget_sent
from functions.runtime.store import Filter, Order, Update
from functions.runtime.sweeper import sweep
from telemetry import continued, extract, inject, record, semconv

if TYPE_CHECKING:
    from collections.abc import Mapping

    from functions.pipeline import Stage
    from functions.runtime.endpoints import Call
    from functions.runtime.runtime import Runtime
    from functions.runtime.store import Document, DocumentStore

_log = logging.getLogger(__name__)

PATIENCE: Final = timedelta(minutes=10)
"""How long ago a task was sent before its queue is asked: most have ended by then."""

_PAGE: Final = 100
_MOST: Final = 2_000
"""Tasks that are looked at in one call: a backlog is asked about in turns, the longest unasked
first."""


def reconcile_tasks(call: Call, runtime: Runtime) -> Answer:  # noqa: ARG001 - a scheduler says nothing
    """Bring to an end what crashes left open: unsent, unpublished or lost; for a scheduler.

    Raises:
        DispatchError: The queue service is out of reach.
        StoreError: So is the store.
    """
    swept, lost = sweep(runtime), reconcile(runtime)
    record_oldest(runtime.store)
    return Answer(HTTPStatus.OK, f"sent {swept} that were left behind, filed {lost} that were lost")


def reconcile(runtime: Runtime, *, older_than: timedelta = PATIENCE) -> int:
    """File the tasks that their queues lost, with what they said.

    Args:
        runtime: What to reconcile.
        older_than: How long ago a task was sent, or was to be delivered, or was last asked about.

    Returns:
        How many were lost.

    Raises:
        DispatchError: A queue cannot be asked.
    """
    until = datetime.now(UTC) - older_than
    lost = 0
    last: Document | None = None
    for _ in range(0, _MOST, _PAGE):
        page = runtime.store.query(
            SENT_TASKS,
            where=[Filter("look_at", "<=", until)],
            order_by=[Order("look_at")],
            limit=_PAGE,
            start_after=last,
        )
        lost += _reconcile_page(runtime, page)
        if len(page) < _PAGE:
            break
        last = page[-1]
    return lost


def _reconcile_page(runtime: Runtime, page: list[Document]) -> int:
    receipts = runtime.store.get_all([(RECEIPTS, document.id) for document in page])
    ended = [forget_sent(each.id) for each, ended in zip(page, receipts, strict=True) if ended]
    if ended:
        runtime.store.commit(ended)
    lost = {}
    for document, receipt in zip(page, receipts, strict=True):
        if receipt is None:
            if _is_gone(runtime, document):
                lost[document.id] = document.data["stage"]
            else:
                _ask_later(runtime.store, document)
    return bury_lost(runtime, lost)


def _is_gone(runtime: Runtime, document: Document) -> bool:
    try:
        stage = runtime.pipeline.stage(document.data["stage"])
    except DeclarationError:
        _log.warning("nobody can tell what became of %s: %s", document.id, document.data["stage"])
        return False
    return not runtime.dispatcher.holds(stage, document.id)


def _ask_later(store: DocumentStore, document: Document) -> None:
    with suppress(PreconditionFailed):  # it has ended meanwhile
        later = {"look_at": datetime.now(UTC)}
        store.commit([Update(SENT_TASKS, document.id, later, expect=document.update_time)])


def bury_lost(runtime: Runtime, sent: Mapping[str, str]) -> int:
    """File the tasks that have no receipt among the failed tasks.

    Only for tasks that no queue holds any more. Their receipts are read now: a queue lets go of a
    task after its receipt is there.

    Args:
        runtime: Where receipts are.
        sent: The stage of each task, by its id.

    Returns:
        How many were lost.
    """
    receipts = runtime.store.get_all([(RECEIPTS, task_id) for task_id in sent])
    lost = [task_id for task_id, receipt in zip(sent, receipts, strict=True) if receipt is None]
    for task_id in lost:
        kept = runtime.store.get(SENT_TASKS, task_id)
        body = SentTask.from_document(kept).body if kept else b""
        runtime.bury(_write_letter(runtime, task_id, runtime.pipeline.stage(sent[task_id]), body))
    return len(lost)


def _write_letter(runtime: Runtime, task_id: str, stage: Stage, body: bytes) -> DeadLetter:
    return DeadLetter(
        task_id=task_id,
        stage=stage.name,
        task_type=stage.task_type,
        function_name=stage.function,
        function_url=runtime.dispatcher.function_url(stage),
        body=body,
        error_type="TaskLost",
        error_message=(
            f"the queue gave the task up after {stage.retry.queue_attempts} attempts, none"
            " of which ended: its worker crashed or ran out of memory or time"
        ),
        attempts=stage.retry.queue_attempts,
        failed_at=datetime.now(UTC),
        trace_id=_find_trace_id(body),
        queue=stage.queue,
        service=stage.service,
        item_ids=_find_item_ids(stage, body),
        past=read_failures(runtime.store, task_id),
    )


def _find_trace_id(body: bytes) -> str:
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        return ""
    ctx = said.get("ctx") if isinstance(said, dict) else None
    if extract(ctx) is None:
        return ""
    with continued(ctx):
        # https://www.w3.org/TR/trace-context/#traceparent-header
        return inject()["traceparent"].split("-")[1]


def _find_item_ids(stage: Stage, body: bytes) -> tuple[str, ...]:
    try:
        return list_item_ids(decode_payload(body, load_payload(stage)))
    except PayloadError:
        return ()


def record_oldest(store: DocumentStore) -> None:
    """Record how long the failed task has waited that waits longest."""
    since = find_oldest(store)
    age = timedelta(0) if since is None else datetime.now(UTC) - since
    record(semconv.FAILED_TASKS_OLDEST_AGE, max(0.0, age.total_seconds()))
