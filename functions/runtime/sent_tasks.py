"""What was sent and has not ended: kept until its receipt, for the case that it never comes.

An outbox entry becomes a sent task once the queue has it; the batch of the receipt removes it. A
worker may be quicker than the commit of its sender. Then the sent task is left, and the reconciler
finds the receipt beside it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from functions.runtime.store import Delete, Put

if TYPE_CHECKING:
    from datetime import datetime

    from functions.runtime.outbox import OutboxEntry
    from functions.runtime.store import Document

SENT_TASKS: Final = "sent_tasks"


@dataclass(frozen=True, slots=True, kw_only=True)
class SentTask:
    """Remember one task that a queue was given.

    Attributes:
        task_id: Its name.
        stage: Where it goes.
        body: What it says.
        sent_at: When the queue had it.
        look_at: From when on somebody may ask what became of it: a delayed task is no lost one.
    """

    task_id: str
    stage: str
    body: bytes
    sent_at: datetime
    look_at: datetime

    @classmethod
    def of(cls, entry: OutboxEntry, sent_at: datetime) -> SentTask:
        """Return what an outbox entry becomes."""
        return cls(
            task_id=entry.task_id,
            stage=entry.stage,
            body=entry.body,
            sent_at=sent_at,
            look_at=max(sent_at, entry.not_before or sent_at),
        )

    def to_write(self) -> Put:
        """Return the write that records it."""
        return Put(
            SENT_TASKS,
            self.task_id,
            {
                "stage": self.stage,
                "body": self.body.decode(),
                "sent_at": self.sent_at,
                "look_at": self.look_at,
            },
        )

    @classmethod
    def from_document(cls, document: Document) -> SentTask:
        """Read it back."""
        data = document.data
        return cls(
            task_id=document.id,
            stage=data["stage"],
            body=data["body"].encode(),
            sent_at=data["sent_at"],
            look_at=data["look_at"],
        )


def forget_sent(task_id: str) -> Delete:
    """Return the write that forgets a task, now that it has ended."""
    return Delete(SENT_TASKS, task_id)
