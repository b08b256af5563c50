"""Tasks that were given up, on their way to ``failed_tasks``.

Cloud Tasks deletes an exhausted task without a trace, so the runtime publishes it before that: the
letter is committed together with the task's receipt, then published, then removed. A crash in
between only means that it is published again.
"""

from __future__ import annotations

import traceback
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any, Final, Protocol

from functions.runtime.payload import MAX_BODY_BYTES
from functions.runtime.store import Put

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from functions.runtime.store import Document

DEAD_LETTERS: Final = "dead_letters"
"""Letters that are not published yet."""

_MAX_MESSAGE: Final = 4_000
"""Characters of an error's message that are kept."""

_MAX_TRACE: Final = 20_000
"""Characters of a stack trace that are kept: its end, where the error was raised."""

_SHORT_TRACE: Final = 3_000
_SHORT_MESSAGE: Final = 150
_SHORT_PAST: Final = 5
_SHORT_IDS: Final = 10
_SHORT_ID: Final = 150
"""What is kept beside a body that fills a document almost by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """Say which task was given up, and why.

    Attributes:
        task_id: The task.
        stage: Its stage.
        task_type: What its tasks are.
        function_name: The function that was to handle it.
        function_url: Where that answers.
        body: As it was delivered.
        error_type: The class of the last error.
        error_message: What that said.
        attempts: How many there were.
        failed_at: When it was given up.
        trace_id: The trace of its item; "" where that is not known.
        stack_trace: Of the last error; "" where nobody saw one.
        queue: The queue it came from.
        service: The deployable service.
        service_version: Which version of it was at work.
        item_ids: What it was about, each as ``name=id``.
        past: The attempts before: ``number``, ``at``, ``error_type`` and ``error_message`` of each.
    """

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
    stack_trace: str = ""
    queue: str = ""
    service: str = ""
    service_version: str = ""
    item_ids: Sequence[str] = ()
    past: Sequence[Mapping[str, Any]] = field(default=())

    def to_write(self) -> Put:
        """Return the write that keeps it until it is published."""
        return Put(DEAD_LETTERS, self.task_id, self.to_fields())

    def to_fields(self) -> dict[str, Any]:
        """Return all of it but the task's id, as a document holds it."""
        content = {
            each.name: getattr(self, each.name) for each in fields(self) if each.name != "task_id"
        }
        return content | {
            "body": self.body[:MAX_BODY_BYTES],
            "item_ids": list(self.item_ids),
            "past": [dict(each) for each in self.past],
        }

    def shortened(self) -> DeadLetter:
        """Return it with less beside its body, so that a document holds it in any case."""
        past = [
            dict(each) | {"error_message": each["error_message"][:_SHORT_MESSAGE]}
            for each in self.past[-_SHORT_PAST:]
        ]
        return replace(
            self,
            past=past,
            stack_trace=self.stack_trace[-_SHORT_TRACE:],
            item_ids=[each[:_SHORT_ID] for each in self.item_ids[:_SHORT_IDS]],
        )

    @classmethod
    def from_document(cls, document: Document) -> DeadLetter:
        """Read it back."""
        return cls(task_id=document.id, **document.data)


class DeadLetterTopic(Protocol):
    """Take dead letters to whoever files them."""

    def publish(self, letter: DeadLetter) -> None:
        """Publish one letter; raises where it could not, and then it is published again later."""
        ...


def describe_error(error: BaseException) -> str:
    """Return an error's message for people: its text, or its last line where it has none."""
    text = str(error) or traceback.format_exception_only(error)[-1].strip()
    return text if len(text) <= _MAX_MESSAGE else text[: _MAX_MESSAGE - 1] + "…"


def trace_error(error: BaseException) -> str:
    """Return an error's stack trace, its end where it is long."""
    text = "".join(traceback.format_exception(error)).strip()
    return text if len(text) <= _MAX_TRACE else f"…{text[1 - _MAX_TRACE :]}"
