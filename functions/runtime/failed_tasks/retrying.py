"""What operators do about a failed task: retry it, as it was or mended, resolve or reopen it.

Each claims the document first, in the batch that brings the action about, so of two operators who
press the same button one is told that the other was quicker.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from functions.errors import (
    DeclarationError,
    FailedTaskMissing,
    FailedTaskStranded,
    FailedTaskTaken,
    InvalidWrite,
    PayloadError,
    PreconditionFailed,
)
from functions.runtime.failed_tasks.documents import (
    FAILED_TASKS,
    Action,
    Status,
    label_failed_task,
    tell_action,
)
from functions.runtime.failed_tasks.filing import add_action
from functions.runtime.failed_tasks.names import name_retry
from functions.runtime.handlers import load_payload
from functions.runtime.outbox import OutboxEntry
from functions.runtime.payload import MAX_BODY_BYTES, decode_payload
from functions.runtime.store import Update
from functions.runtime.store.limits import value_fault
from telemetry import continued, count, message_context, semconv

if TYPE_CHECKING:
    from collections.abc import Mapping

    from functions.pipeline import Pipeline, Stage
    from functions.runtime.runtime import Runtime
    from functions.runtime.store import Document, Write


@dataclass(frozen=True, slots=True)
class Retry:
    """Hold a retry that is decided: its outbox entry, and the claim that goes with it."""

    entry: OutboxEntry
    claim: Update


def retry(
    runtime: Runtime,
    failed_id: str,
    *,
    by: str,
    note: str = "",
    payload: Mapping[str, Any] | None = None,
) -> str:
    """Send a failed task again, under a fresh name.

    Args:
        runtime: Where it is kept, and sent.
        failed_id: Its id.
        by: Who wants it.
        note: Why.
        payload: In the place of its own; that one is kept.

    Returns:
        The name of the new task.

    Raises:
        FailedTaskMissing: There is none of that id.
        FailedTaskTaken: It is being retried, or resolved; or somebody else was quicker.
        FailedTaskStranded: Its stage is not declared.
        PayloadError: The payload is none of its stage, or too large.
    """
    document = find_failed_task(runtime, failed_id)
    decided = decide_retry(runtime.pipeline, document, by=by, note=note, payload=payload)
    _commit_claim(runtime, failed_id, [decided.claim, decided.entry.to_write()])
    count(semconv.FAILED_TASKS_RETRIED, 1, label_failed_task(document.data, runtime.pipeline))
    runtime.send([decided.entry])
    return decided.entry.task_id


def decide_retry(  # noqa: PLR0913 - all but two have a default
    pipeline: Pipeline,
    document: Document,
    *,
    by: str,
    note: str = "",
    payload: Mapping[str, Any] | None = None,
    not_before: datetime | None = None,
) -> Retry:
    """Return a retry of a failed task, without bringing it about.

    Raises:
        FailedTaskTaken: It is being retried, or resolved.
        FailedTaskStranded: Its stage is not declared.
        PayloadError: The payload is none of its stage, or too large.
    """
    _check_failed(document)
    failed = document.data
    stage = _find_stage(pipeline, document)
    number = failed["retries"] + 1
    task_id = name_retry(document.id, number)
    now = datetime.now(UTC)
    edited = failed["edited_payload"] if payload is None else dict(payload)
    said = _read_payload(failed["payload"] if edited is None else edited)
    body = _make_body(stage, said, failed, task_id)
    if payload is not None:
        decode_payload(body, load_payload(stage))
    action = Action.RETRIED if payload is None else Action.RETRIED_EDITED
    claim = Update(
        FAILED_TASKS,
        document.id,
        {
            "status": str(Status.RETRYING),
            "resolved_at": None,
            "resolved_by": None,
            "current_task_id": task_id,
            "retries": number,
            "edited_payload": _fit_payload(edited),
            "history": add_action(failed, tell_action(action, now, by, note=note, task_id=task_id)),
        },
        expect=document.update_time,
    )
    entry = OutboxEntry(
        task_id=task_id, stage=stage.name, body=body, created_at=now, not_before=not_before
    )
    return Retry(entry, claim)


def resolve(runtime: Runtime, failed_id: str, *, by: str, note: str) -> None:
    """Call a failed task resolved, as when its item was mended by hand.

    Raises:
        FailedTaskMissing: There is none of that id.
        FailedTaskTaken: It is being retried, or resolved; or somebody else was quicker.
    """
    document = find_failed_task(runtime, failed_id)
    _commit_claim(runtime, failed_id, [decide_resolution(document, by=by, note=note)])
    count(semconv.FAILED_TASKS_RESOLVED, 1, label_failed_task(document.data, runtime.pipeline))


def decide_resolution(document: Document, *, by: str, note: str) -> Update:
    """Return the write that calls a failed task resolved.

    Raises:
        FailedTaskTaken: It is being retried, or resolved.
    """
    _check_failed(document)
    now = datetime.now(UTC)
    fields = {
        "status": str(Status.RESOLVED),
        "resolved_at": now,
        "resolved_by": by,
        "history": add_action(document.data, tell_action(Action.RESOLVED, now, by, note=note)),
    }
    return Update(FAILED_TASKS, document.id, fields, expect=document.update_time)


def reopen(runtime: Runtime, failed_id: str, *, by: str, note: str = "") -> None:
    """Call a failed task failed again that was called resolved.

    Raises:
        FailedTaskMissing: There is none of that id.
        FailedTaskTaken: It is not resolved; or somebody else was quicker.
    """
    document = find_failed_task(runtime, failed_id)
    if document.data["status"] != Status.RESOLVED:
        raise FailedTaskTaken(
            f"the failed task {failed_id} is {document.data['status']}: only a resolved one can be"
            " opened again"
        )
    history = add_action(
        document.data, tell_action(Action.REOPENED, datetime.now(UTC), by, note=note)
    )
    fields = {
        "status": str(Status.FAILED),
        "resolved_at": None,
        "resolved_by": None,
        "history": history,
    }
    claim = Update(FAILED_TASKS, failed_id, fields, expect=document.update_time)
    _commit_claim(runtime, failed_id, [claim])


def find_failed_task(runtime: Runtime, failed_id: str) -> Document:
    """Return a failed task.

    Raises:
        FailedTaskMissing: There is none of that id.
    """
    document = runtime.store.get(FAILED_TASKS, failed_id)
    if document is None:
        raise FailedTaskMissing(f"there is no failed task {failed_id!r}")
    return document


def _check_failed(document: Document) -> None:
    if document.data["status"] != Status.FAILED:
        raise FailedTaskTaken(
            f"the failed task {document.id} is {document.data['status']} by now: look at it again"
        )


def _find_stage(pipeline: Pipeline, document: Document) -> Stage:
    try:
        return pipeline.stage(document.data["pipeline_stage"])
    except DeclarationError as error:
        raise FailedTaskStranded(
            f"the failed task {document.id} cannot be retried, since its stage is not declared"
            f" ({document.data['pipeline_stage']!r}): resolve it with a note"
        ) from error


def _commit_claim(runtime: Runtime, failed_id: str, writes: list[Write]) -> None:
    try:
        runtime.store.commit(writes)
    except PreconditionFailed as error:
        raise FailedTaskTaken(
            f"the failed task {failed_id} was changed by somebody else just now: look at it again"
        ) from error
    except InvalidWrite as error:
        raise PayloadError(
            f"the payload cannot be kept beside the original of {failed_id}: {error}"
        ) from error


def _read_payload(kept: object) -> object:
    """Return what a payload says: JSON that a document cannot hold is kept as bytes."""
    if not isinstance(kept, bytes):
        return kept
    try:
        return json.loads(kept)
    except (ValueError, RecursionError):
        return kept


def _fit_payload(edited: object) -> object:
    return edited if value_fault(edited) is None else json.dumps(edited).encode()


def _make_body(stage: Stage, said: object, failed: Mapping[str, Any], task_id: str) -> bytes:
    """Return the body of a retry: what was said, in a context that goes on with the same trace.

    Raises:
        PayloadError: It is no JSON object, or too large.
    """
    if not isinstance(said, dict):
        raise PayloadError(
            f"what {stage.name} was sent is no JSON object: retry it with a payload that is one"
        )
    original = _read_payload(failed["payload"])
    ctx = said.get("ctx") or (original.get("ctx") if isinstance(original, dict) else None)
    with continued(ctx):
        ctx = message_context(stage.queue, message_id=task_id) or ctx
    try:
        body = json.dumps({**said, "ctx": ctx}, ensure_ascii=False).encode()
    except (ValueError, TypeError, RecursionError) as error:
        raise PayloadError(f"the payload cannot be written as JSON: {error}") from error
    if len(body) > MAX_BODY_BYTES:
        raise PayloadError(f"the payload has {len(body):,} bytes, and {MAX_BODY_BYTES:,} is most")
    return body
