"""Filing what was given up, and noting what a retry came to."""

from __future__ import annotations

import json
from dataclasses import dataclass
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
from functions.runtime.failed_tasks.names import failed_id_of, is_retry, retry_number_of
from functions.runtime.failed_tasks.shortening import shortened
from functions.runtime.store import Create, Put, Update

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from functions.runtime.dead_letters import DeadLetter
    from functions.runtime.store import Document, DocumentStore, Write

_TRIES: Final = 20
"""How often a letter is filed anew because others changed the document meanwhile."""


@dataclass(frozen=True, slots=True)
class Resolution:
    """Hold what a retry that succeeded does to its failed task.

    Attributes:
        failed_task: The failed task before.
        write: Calls it resolved.
    """

    failed_task: Mapping[str, Any]
    write: Write


def file_failed_task(store: DocumentStore, letter: DeadLetter) -> bool:
    """Write a dead letter to ``failed_tasks``; the same letter twice changes nothing.

    A retry that failed updates the document of the task it was to bring back. What is too large for
    a document is shortened: the payload last.

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
    group = Put(
        GROUPS,
        fingerprint_of(letter),
        {
            "pipeline_stage": letter.stage,
            "error_type": letter.error_type,
            "error_message": letter.error_message,
            "last_failed_at": letter.failed_at,
        },
    )
    refusal: InvalidWrite | None = None
    for data in _describe_ever_shorter(letter, known):
        write: Write = (
            Create(FAILED_TASKS, failed_id_of(letter.task_id), data)
            if known is None
            else Put(FAILED_TASKS, known.id, data, expect=known.update_time)
        )
        try:
            store.commit([write, group])
        except InvalidWrite as error:
            refusal = error
        else:
            return
    if refusal is not None:
        raise refusal


def _describe_ever_shorter(letter: DeadLetter, known: Document | None) -> Iterator[dict[str, Any]]:
    """Give a failed task's fields, each time with less; the first that fits is meant.

    JSON that documents cannot hold, such as a list in a list, is kept as it came.
    """
    parsed = _parse(letter.body)
    for payload in (parsed, letter.body) if parsed is not letter.body else (letter.body,):
        data = _describe(letter, known, payload)
        yield data
        yield shortened(data)
    yield shortened(data, with_payload=True)


def _describe(letter: DeadLetter, known: Document | None, payload: object) -> dict[str, Any]:
    fields = describe_failure(letter, payload)
    last = {
        "number": letter.attempts,
        "at": letter.failed_at,
        "error_type": letter.error_type,
        "error_message": letter.error_message,
    }
    attempts = [*map(dict, letter.past), last]
    if known is None:
        return fields | {
            "edited_payload": None,
            "retry_count": letter.attempts,
            "first_failed_at": letter.failed_at,
            "status": str(Status.FAILED),
            "resolved_at": None,
            "resolved_by": None,
            "current_task_id": letter.task_id,
            "retries": retry_number_of(letter.task_id),
            "filed": [letter.task_id],
            "attempts": attempts[-MOST_ATTEMPTS:],
            "history": [tell_action(Action.FAILED, letter.failed_at, task_id=letter.task_id)],
        }
    before = known.data
    standing = {"status": str(Status.FAILED), "resolved_at": None, "resolved_by": None}
    if letter.task_id != before["current_task_id"]:
        # A letter that was on its way for long: a later retry decides how the task stands.
        standing = {name: before[name] for name in standing}
    return (
        before
        | fields
        | standing
        | {
            # What was edited stands beside what the pipeline itself had said.
            "payload": before["payload"],
            "retry_count": before["retry_count"] + letter.attempts,
            "first_failed_at": min(before["first_failed_at"], letter.failed_at),
            "last_failed_at": max(before["last_failed_at"], letter.failed_at),
            "filed": [*before["filed"], letter.task_id][-MOST_ACTIONS:],
            "attempts": [*before["attempts"], *attempts][-MOST_ATTEMPTS:],
            "history": add_action(
                before, tell_action(Action.FAILED_AGAIN, letter.failed_at, task_id=letter.task_id)
            ),
        }
    )


def resolve_retried(store: DocumentStore, task_id: str, at: datetime) -> Resolution | None:
    """Return what a task that succeeded resolves: nothing, unless it is a retry.

    The write belongs into the batch of its receipt, so that either both are there or neither.
    """
    if not is_retry(task_id):
        return None
    known = store.get(FAILED_TASKS, failed_id_of(task_id))
    if known is None or known.data["current_task_id"] != task_id:
        return None
    wanted = [each["by"] for each in known.data["history"] if each["task_id"] == task_id]
    fields = {
        "status": str(Status.RESOLVED),
        "resolved_at": at,
        "resolved_by": wanted[-1] if wanted else "",
        "history": add_action(known.data, tell_action(Action.SUCCEEDED, at, task_id=task_id)),
    }
    return Resolution(known.data, Update(FAILED_TASKS, known.id, fields, expect=known.update_time))


def add_action(failed_task: Mapping[str, Any], action: dict[str, Any]) -> list[dict[str, Any]]:
    """Return a failed task's history with one more entry; the oldest go."""
    return [*failed_task["history"], action][-MOST_ACTIONS:]


def _parse(body: bytes) -> object:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return body
