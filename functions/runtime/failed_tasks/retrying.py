"""What operators do about a failed task: retry it, as it was or mended; call it resolved; reopen it.

Each claims the document first, in the batch that brings the action about, so of two operators who
press the same button one is told that the other was quicker.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from functions.errors import (
    FailedTaskMissing,
    FailedTaskTaken,
    PayloadError,
    PreconditionFailed,
)
from functions.runtime.failed_tasks.documents import FAILED_TASKS, Action, Status, tell_action
from functions.runtime.failed_tasks.filing import add_action
from functions.runtime.failed_tasks.names import name_retry
from functions.runtime.handlers import load_payload
from functions.runtime.outbox import OutboxEntry
from functions.runtime.payload import MAX_BODY_BYTES, decode_payload
from functions.runtime.store import Update
from telemetry import continued, count, message_context, semconv

if TYPE_CHECKING:
    from collections.abc import Mapping

    from functions.pipeline import Stage
    from functions.runtime.runtime import Runtime
    from functions.runtime.store import Document, Write


@dataclass(frozen=True, slots=True)
class Retry:
    """Hold a retry that is decided: its outbox entry, and the claim that goes with it."""

    entry: OutboxEntry
    claim: Write

    @property
    def writes(self) -> list[Write]:
        """What has to be committed at once."""
        return [self.claim, self.entry.to_write()]


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
        PayloadError: The payload is none of its stage.
    """
    document = find_failed_task(runtime, failed_id)
    decided = decide_retry(runtime, document, by=by, note=note, payload=payload)
    commit_claim(runtime, failed_id, decided.writes)
    runtime.send([decided.entry])
    count(semconv.FAILED_TASKS_RETRIED, 1, describe(runtime.pipeline.stage(decided.entry.stage)))
    return decided.entry.task_id


def decide_retry(
    runtime: Runtime,
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
        PayloadError: The payload is none of its stage.
    """
    failed = document.data
    if failed["status"] != Status.FAILED:
        raise FailedTaskTaken(f"the failed task {document.id} is {failed['status']} by now")
    stage = runtime.pipeline.stage(failed["pipeline_stage"])
    number = failed["retries"] + 1
    task_id = name_retry(document.id, number)
    now = datetime.now(UTC)
    edited = payload if payload is not None else failed["edited_payload"]
    said = failed["payload"] if edited is None else edited
    body = _make_body(stage, said, task_id, checked=payload is not None)
    action = Action.RETRIED if payload is None else Action.RETRIED_EDITED
    claim = Update(
        FAILED_TASKS,
        document.id,
        {
            "status": str(Status.RETRYING),
            "current_task_id": task_id,
            "retries": number,
            "edited_payload": None if edited is None else dict(edited),
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
    if document.data["status"] != Status.FAILED:
        raise FailedTaskTaken(f"the failed task {failed_id} is {document.data['status']} by now")
    now = datetime.now(UTC)
    fields = {
        "status": str(Status.RESOLVED),
        "resolved_at": now,
        "resolved_by": by,
        "history": add_action(document.data, tell_action(Action.RESOLVED, now, by, note=note)),
    }
    commit_claim(
        runtime, failed_id, [Update(FAILED_TASKS, failed_id, fields, expect=document.update_time)]
    )
    stage = runtime.pipeline.stage(document.data["pipeline_stage"])
    count(semconv.FAILED_TASKS_RESOLVED, 1, describe(stage))


def find_failed_task(runtime: Runtime, failed_id: str) -> Document:
    """Return a failed task.

    Raises:
        FailedTaskMissing: There is none of that id.
    """
    document = runtime.store.get(FAILED_TASKS, failed_id)
    if document is None:
        raise FailedTaskMissing(f"there is no failed task {failed_id!r}")
    return document


def commit_claim(runtime: Runtime, failed_id: str, writes: list[Write]) -> None:
    """Commit what claims a failed task.

    Raises:
        FailedTaskTaken: Somebody else was quicker.
    """
    try:
        runtime.store.commit(writes)
    except PreconditionFailed as error:
        raise FailedTaskTaken(
            f"the failed task {failed_id} was changed by somebody else just now: look at it again"
        ) from error


def describe(stage: Stage) -> dict[str, str]:
    """Return the labels by which what happens to failed tasks is counted."""
    return {
        semconv.STAGE: stage.name,
        semconv.TASK_TYPE: stage.task_type,
        semconv.SERVICE: stage.service,
    }


def _make_body(stage: Stage, said: object, task_id: str, *, checked: bool) -> bytes:
    """Return the body of a retry: what was said, in a context that goes on with the same trace.

    Raises:
        PayloadError: It is no JSON object, none of its stage, or too large.
    """
    if not isinstance(said, dict):
        raise PayloadError(
            f"what {stage.name} was sent is no JSON object: retry it with a payload that is one"
        )
    with continued(said.get("ctx")):
        ctx = message_context(stage.queue, message_id=task_id)
    body = json.dumps({**said, "ctx": ctx}, ensure_ascii=False).encode()
    if len(body) > MAX_BODY_BYTES:
        raise PayloadError(f"the payload has {len(body):,} bytes, and {MAX_BODY_BYTES:,} is most")
    if checked:
        decode_payload(body, load_payload(stage))
    return body
