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

    from functions.runtime.store import Document, DocumentStore

_PAGE: Final = 500

_OVERLAP: Final = timedelta(seconds=1)
"""A receipt is dated before its commit, so one that waited for others turns up behind them. One
that waited for longer is looked up by name."""


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
    """Add up the receipts of a run: of the tasks it sent itself, and of those they sent on.

    Attributes:
        store: Where the receipts are.
        since: When the run began.
        stages: Progress by stage.
        counts: What the tasks counted, by metric.
        trace_ids: The traces of the items, in the order they were first seen.
        missing: The stage of each task that was sent and is not over, by its id.
    """

    store: DocumentStore
    since: datetime
    stages: dict[str, StageProgress]
    counts: Counter[str] = field(default_factory=Counter)
    trace_ids: dict[str, None] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)
    _ended: set[str] = field(default_factory=set)
    _early: dict[str, Receipt] = field(default_factory=dict)
    _latest: datetime | None = None

    def expect(self, tasks: Mapping[str, str]) -> None:
        """Add tasks that were sent: their stage by id."""
        ahead: list[Mapping[str, str]] = [tasks]
        while ahead:
            for task_id, stage in ahead.pop().items():
                if task_id in self._ended or task_id in self.missing:
                    continue
                self.stages.setdefault(stage, StageProgress()).sent += 1
                self.missing[task_id] = stage
                if (receipt := self._early.pop(task_id, None)) is not None:
                    ahead.append(self._end(receipt))

    @property
    def ended(self) -> int:
        """How many tasks are over."""
        return len(self._ended)

    @property
    def failed(self) -> int:
        """How many tasks were given up."""
        return sum(stage.failed for stage in self.stages.values())

    def update(self) -> int:
        """Read the receipts that came since the last time.

        Returns:
            How many of the run's tasks are over since then.
        """
        before = self.ended
        start = self.since if self._latest is None else self._latest - _OVERLAP
        last = None
        while page := self.store.query(
            RECEIPTS,
            where=[Filter("completed_at", ">=", max(start, self.since))],
            order_by=[Order("completed_at")],
            limit=_PAGE,
            start_after=last,
        ):
            for document in page:
                self._add(document)
            last = page[-1]
        return self.ended - before

    def look_up_missing(self) -> int:
        """Ask for the receipts of the missing tasks by name, whatever their dates.

        Returns:
            How many of them are over.
        """
        before = self.ended
        names = list(self.missing)
        for first in range(0, len(names), _PAGE):
            keys = [(RECEIPTS, name) for name in names[first : first + _PAGE]]
            for document in filter(None, self.store.get_all(keys)):
                self._add(document)
        return self.ended - before

    def _add(self, document: Document) -> None:
        if document.id in self._ended or document.id in self._early:
            return
        receipt = Receipt.from_document(document)
        if self._latest is None or receipt.completed_at > self._latest:
            self._latest = receipt.completed_at
        if receipt.task_id in self.missing:
            self.expect(self._end(receipt))
        else:
            # Read before the receipt of the task that sent it; or no task of this run at all.
            self._early[receipt.task_id] = receipt

    def _end(self, receipt: Receipt) -> Mapping[str, str]:
        del self.missing[receipt.task_id]
        self._ended.add(receipt.task_id)
        stage = self.stages[receipt.stage]
        if receipt.outcome is Outcome.SUCCEEDED:
            stage.succeeded += 1
        else:
            stage.failed += 1
        stage.retried += receipt.attempts - 1
        self.counts.update(receipt.counts)
        if receipt.stage == "sourcing" and receipt.trace_id:
            self.trace_ids[receipt.trace_id] = None
        return receipt.sent
