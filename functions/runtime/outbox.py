"""Tasks that are decided but not yet handed to the queue.

An entry is committed in the same batch as the documents that led to it, then sent, then deleted.
Whatever a crash leaves behind is sent again by the sweeper, under the same name.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from functions.runtime.store import Create

if TYPE_CHECKING:
    from datetime import datetime

    from functions.runtime.store import Document

OUTBOX: Final = "outbox"


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxEntry:
    """Hold one task between the decision and the hand-over.

    Attributes:
        task_id: Its name in Cloud Tasks and the id of its receipt.
        stage: Where it goes; queue and URL are derived from it when it is sent.
        body: The JSON payload, with the trace context.
        created_at: When it was decided.
        not_before: When it may be delivered, for staggered and delayed tasks.
    """

    task_id: str
    stage: str
    body: bytes
    created_at: datetime
    not_before: datetime | None = None

    @property
    def ctx(self) -> object:
        """The context of the span that created it, as its body has it."""
        return json.loads(self.body).get("ctx")

    def to_write(self) -> Create:
        """Return the write that records it."""
        return Create(
            OUTBOX,
            self.task_id,
            {
                "stage": self.stage,
                "body": self.body.decode(),
                "created_at": self.created_at,
                "not_before": self.not_before,
            },
        )

    @classmethod
    def from_document(cls, document: Document) -> OutboxEntry:
        """Read it back."""
        data = document.data
        return cls(
            task_id=document.id,
            stage=data["stage"],
            body=data["body"].encode(),
            created_at=data["created_at"],
            not_before=data["not_before"],
        )


def name_task(parent: str, stage: str, key: str) -> str:
    """Name a task after what caused it, so that sending it twice creates it once.

    Hashed, since sequential prefixes cost Cloud Tasks latency
    (https://cloud.google.com/tasks/docs/reference/rest/v2/projects.locations.queues.tasks).

    Args:
        parent: The task that dispatches it.
        stage: Where it goes.
        key: Tells it from its siblings of the same stage.
    """
    return hashlib.sha256(f"{parent}\0{stage}\0{key}".encode()).hexdigest()[:40]
