"""Filing what was given up, and noting what a retry came to."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from functions.errors import InvalidWrite, PreconditionFailed, RetryableError
from functions.runtime.failed_tasks.documents import (
    FAILED_TASKS,
    GROUPS,
    MOST_ACTIONS,
    MOST_ATTEMPTS,
    Action,
    Status,
    describe_failure,
    fingerprint_of,
    tell_action,
)
from functions.runtime.failed_tasks.names import failed_id_of, is_retry
from functions.runtime.store import Create, Put, Update

if TYPE_CHECKING:
    from datetime import datetime

    from functions.runtime.dead_letters import DeadLetter
    from functions.runtime.store import Document, DocumentStore, Write

_TRIES: Final = 5


def file_failed_task(store: DocumentStore, letter: DeadLetter) -> bool:
    """Write a dead letter to ``failed_tasks``; the same letter twice changes nothing.

    A retry that failed updates the document of the task it was to bring back.

    Returns:
        Whether the letter was new.

    Raises:
        RetryableError: Others keep changing the document.
        StoreError: The store cannot take it.
    """
    for _ in range(_TRIES):
        known = store.get(FAILED_TASKS, failed_id_of(letter.task_id))
        if known is not None and letter.task_id in known.data["filed"]:
            return False
        try:
            _write(store, letter, known)
        except PreconditionFailed:
            continue
        return True
    raise RetryableError(f"the failed task {failed_id_of(letter.task_id)} keeps changing")


def _write(store: DocumentStore, letter: DeadLetter, known: Document | None) -> None:
    try:
        store.commit([_make_write(letter, known, _parse(letter.body)), _make_group(letter)])
    except InvalidWrite:
        # JSON that documents cannot hold, such as a list in a list, is kept as it came.
        store.commit([_make_write(letter, known, letter.body), _make_group(letter)])


def _make_group(letter: DeadLetter) -> Write:
    fields = {
        "pipeline_stage": letter.stage,
        "error_type": letter.error_type,
        "error_message": letter.error_message,
        "last_failed_at": letter.failed_at,
    }
    return Put(GROUPS, fingerprint_of(letter), fields)


def _make_write(letter: DeadLetter, known: Document | None, payload: object) -> Write:
    fields = describe_failure(letter, payload)
    last = {
        "number": letter.attempts,
        "at": letter.failed_at,
        "error_type": letter.error_type,
        "error_message": letter.error_message,
    }
    attempts = [*map(dict, letter.past), last]
    if known is None:
        return Create(
            FAILED_TASKS,
            failed_id_of(letter.task_id),
            fields
            | {
                "edited_payload": None,
                "retry_count": letter.attempts,
                "first_failed_at": letter.failed_at,
                "status": str(Status.FAILED),
                "resolved_at": None,
                "resolved_by": None,
                "current_task_id": letter.task_id,
                "retries": 0,
                "filed": [letter.task_id],
                "attempts": attempts[-MOST_ATTEMPTS:],
                "history": [tell_action(Action.FAILED, letter.failed_at, task_id=letter.task_id)],
            },
        )
    before = known.data
    return Put(
        FAILED_TASKS,
        known.id,
        before
        | fields
        | {
            # What was edited stands beside what the pipeline itself had said.
            "payload": before["payload"],
            "retry_count": before["retry_count"] + letter.attempts,
            "status": str(Status.FAILED),
            "resolved_at": None,
            "resolved_by": None,
            "filed": [*before["filed"], letter.task_id][-MOST_ACTIONS:],
            "attempts": [*before["attempts"], *attempts][-MOST_ATTEMPTS:],
            "history": add_action(
                before, tell_action(Action.FAILED_AGAIN, letter.failed_at, task_id=letter.task_id)
            ),
        },
        expect=known.update_time,
    )


def resolve_retried(store: DocumentStore, task_id: str, at: datetime) -> list[Write]:
    """Return the writes that note that a task succeeded: none, unless it is a retry.

    They belong into the batch of its receipt, so that either both are there or neither.
    """
    if not is_retry(task_id):
        return []
    known = store.get(FAILED_TASKS, failed_id_of(task_id))
    if known is None or known.data["current_task_id"] != task_id:
        return []
    retried = next(
        (each for each in reversed(known.data["history"]) if each["task_id"] == task_id), None
    )
    return [
        Update(
            FAILED_TASKS,
            known.id,
            {
                "status": str(Status.RESOLVED),
                "resolved_at": at,
                "resolved_by": retried["by"] if retried else "",
                "history": add_action(
                    known.data, tell_action(Action.SUCCEEDED, at, task_id=task_id)
                ),
            },
            expect=known.update_time,
        )
    ]


def add_action(failed_task: dict[str, Any], action: dict[str, Any]) -> list[dict[str, Any]]:
    """Return a failed task's history with one more entry; the oldest go."""
    return [*failed_task["history"], action][-MOST_ACTIONS:]


def _parse(body: bytes) -> object:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return body
