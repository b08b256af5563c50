"""Tasks that were given up, on their way to ``failed_tasks``.

Cloud Tasks deletes an exhausted task without a trace, so the runtime publishes it before that: the
letter is committed together with the task's receipt, then published, then removed. A crash in
between only means that it is published again.
"""

from __future__ import annotations

import json
import traceback
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol

from functions.errors import InvalidWrite
from functions.runtime.store import Put

if TYPE_CHECKING:
    from datetime import datetime

    from functions.runtime.store import Document, DocumentStore

DEAD_LETTERS: Final = "dead_letters"
"""Letters that are not published yet."""

FAILED_TASKS: Final = "failed_tasks"

_MAX_BODY: Final = 1_000_000
"""Bytes of a body that are kept; no task of ours is larger, and a document holds 1 MiB."""

_MAX_MESSAGE: Final = 4_000
"""Characters of an error's message that are kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """Say which task was given up, and why."""

    task_id: str
    stage: str
    task_type: str
    function_name: str
    function_url: str
    body: bytes
    error_type: str
    error_message: str
    attempts: int
    failed_at: datetime
    trace_id: str = ""

    def to_write(self) -> Put:
        """Return the write that keeps it until it is published."""
        return Put(DEAD_LETTERS, self.task_id, self._fields() | {"body": self.body[:_MAX_BODY]})

    @classmethod
    def from_document(cls, document: Document) -> DeadLetter:
        """Read it back."""
        return cls(task_id=document.id, **document.data)

    def _fields(self) -> dict[str, Any]:
        return {
            "stage": self.stage,
            "task_type": self.task_type,
            "function_name": self.function_name,
            "function_url": self.function_url,
            "error_type": self.error_type,
            "error_message": self.error_message,
            "attempts": self.attempts,
            "failed_at": self.failed_at,
            "trace_id": self.trace_id,
        }


class DeadLetterTopic(Protocol):
    """Take dead letters to whoever files them."""

    def publish(self, letter: DeadLetter) -> None:
        """Publish one letter; raises where it could not, and then it is published again later."""
        ...


class EmbeddedTopic:
    """Deliver dead letters within the process: publishing one files it."""

    def __init__(self, store: DocumentStore) -> None:
        self._store = store

    def publish(self, letter: DeadLetter) -> None:
        """File the letter among the failed tasks."""
        file_failed_task(self._store, letter)


def file_failed_task(store: DocumentStore, letter: DeadLetter) -> None:
    """Write a dead letter to ``failed_tasks``; the same letter twice is one document.

    The fields are those of the planning document's schema, and what an operator needs besides.
    """
    failed_task = {
        "function_name": letter.function_name,
        "function_url": letter.function_url,
        "error_message": letter.error_message,
        "error_type": letter.error_type,
        "retry_count": letter.attempts,
        "first_failed_at": letter.failed_at,
        "last_failed_at": letter.failed_at,
        "pipeline_stage": letter.stage,
        "task_type": letter.task_type,
        "trace_id": letter.trace_id,
        "status": "failed",
        "resolved_at": None,
        "resolved_by": None,
    }
    try:
        store.commit(
            [Put(FAILED_TASKS, letter.task_id, failed_task | {"payload": _parse(letter.body)})]
        )
    except InvalidWrite:
        # JSON that documents cannot hold, such as a list in a list, is kept as it came.
        store.commit([Put(FAILED_TASKS, letter.task_id, failed_task | {"payload": letter.body})])


def _parse(body: bytes) -> object:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return body


def describe_error(error: BaseException) -> str:
    """Return an error's message for people: its text, or its last line where it has none."""
    text = str(error) or traceback.format_exception_only(error)[-1].strip()
    return text if len(text) <= _MAX_MESSAGE else text[: _MAX_MESSAGE - 1] + "…"
