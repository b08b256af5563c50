"""Proof that a task ended: written once, in the same batch as its effects.

A second delivery finds the receipt and does nothing but hand over what the first one left in the
outbox. Receipts also say how many tasks each task sent on, so a run knows exactly what is missing:
every task sent has a receipt, or is still on its way.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from functions.runtime.store import Create

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from functions.runtime.store import Document

RECEIPTS: Final = "receipts"


class Outcome(StrEnum):
    """Say how a task ended."""

    SUCCEEDED = "succeeded"
    DEAD_LETTERED = "dead_lettered"


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """Record that a task ended.

    Attributes:
        task_id: The task.
        stage: Its stage.
        outcome: How it ended.
        attempts: How many attempts that took.
        completed_at: When.
        trace_id: The trace of its item, 32 hexadecimal digits; empty without telemetry.
        counts: What it counted, by metric.
        sent: The stage of each task it sent on, by the task's id.
    """

    task_id: str
    stage: str
    outcome: Outcome
    attempts: int
    completed_at: datetime
    trace_id: str = ""
    counts: Mapping[str, int] = field(default_factory=dict)
    sent: Mapping[str, str] = field(default_factory=dict)

    def to_write(self) -> Create:
        """Return the write that records it; it fails where a receipt is there already."""
        return Create(
            RECEIPTS,
            self.task_id,
            {
                "stage": self.stage,
                "outcome": str(self.outcome),
                "attempts": self.attempts,
                "completed_at": self.completed_at,
                "trace_id": self.trace_id,
                "counts": dict(self.counts),
                "sent": dict(self.sent),
            },
        )

    @classmethod
    def from_document(cls, document: Document) -> Receipt:
        """Read it back."""
        data = document.data
        return cls(
            task_id=document.id,
            stage=data["stage"],
            outcome=Outcome(data["outcome"]),
            attempts=data["attempts"],
            completed_at=data["completed_at"],
            trace_id=data["trace_id"],
            counts=data["counts"],
            sent=data["sent"],
        )
