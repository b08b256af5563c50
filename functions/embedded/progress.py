"""Follow a run by the receipts of its tasks.

Each receipt names the tasks it sent on, so the run is over exactly when every task that was sent
has a receipt; no queue needs to be asked.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from functions.runtime.receipts import RECEIPTS, Outcome, Receipt
from functions.runtime.store import Filter, Order

if TYPE_CHECKING:
    from collections.abc import Mapping

    from functions.runtime.store import DocumentStore

_PAGE: Final = 500

_OVERLAP: Final = timedelta(seconds=5)
"""A receipt is dated before its commit: one that waited for others turns up behind them."""


@dataclass(slots=True)
class StageProgress:
    """Count a stage's tasks."""

    sent: int = 0
    succeeded: int = 0
    failed: int = 0
    retried: int = 0

    @property
    def ended(self) -> int:
        """Those that are over."""
        return self.succeeded + self.failed


@dataclass(slots=True)
class RunProgress:
    """Add up the receipts of a run.

    Attributes:
        store: Where the receipts are.
        since: When the run began.
        stages: Progress by stage.
        counts: What the tasks counted, by metric.
        trace_ids: The traces of the items, in the order they were first seen.
    """

    store: DocumentStore
    since: datetime
    stages: dict[str, StageProgress]
    counts: Counter[str] = field(default_factory=Counter)
    trace_ids: dict[str, None] = field(default_factory=dict)
    _seen: dict[str, datetime] = field(default_factory=dict)
    _latest: datetime | None = None

    def expect(self, roots: Mapping[str, str]) -> None:
        """Add the tasks that the run itself sent: their stage by id."""
        for stage in roots.values():
            self.stages[stage].sent += 1

    @property
    def pending(self) -> int:
        """How many tasks were sent and are not over."""
        return sum(stage.sent - stage.ended for stage in self.stages.values())

    @property
    def ended(self) -> int:
        """How many tasks are over."""
        return sum(stage.ended for stage in self.stages.values())

    @property
    def failed(self) -> int:
        """How many tasks were given up."""
        return sum(stage.failed for stage in self.stages.values())

    def update(self, *, whole: bool = False) -> int:
        """Read the receipts that came since the last time.

        Args:
            whole: Whether to look through all of them again, for one that came very late.

        Returns:
            How many there were.
        """
        start = self.since if whole or self._latest is None else self._latest - _OVERLAP
        new = 0
        last = None
        while page := self.store.query(
            RECEIPTS,
            where=[Filter("completed_at", ">=", max(start, self.since))],
            order_by=[Order("completed_at")],
            limit=_PAGE,
            start_after=last,
        ):
            for document in page:
                if document.id not in self._seen:
                    self._add(Receipt.from_document(document))
                    new += 1
            last = page[-1]
        return new

    def _add(self, receipt: Receipt) -> None:
        self._seen[receipt.task_id] = receipt.completed_at
        if self._latest is None or receipt.completed_at > self._latest:
            self._latest = receipt.completed_at
        stage = self.stages[receipt.stage]
        if receipt.outcome is Outcome.SUCCEEDED:
            stage.succeeded += 1
        else:
            stage.failed += 1
        stage.retried += receipt.attempts - 1
        self.counts.update(receipt.counts)
        for target in receipt.sent.values():
            self.stages[target].sent += 1
        if receipt.stage == "sourcing" and receipt.trace_id:
            self.trace_ids[receipt.trace_id] = None
