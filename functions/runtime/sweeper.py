"""Send what a crash, or a queue that was out of reach, left behind."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from functions.runtime.dead_letters import DEAD_LETTERS, DeadLetter
from functions.runtime.outbox import OUTBOX, OutboxEntry
from functions.runtime.store import Filter, Order

if TYPE_CHECKING:
    from functions.runtime.runtime import Runtime
    from functions.runtime.store import Document

PATIENCE: Final = timedelta(seconds=60)
"""How old an entry must be before it counts as left behind: far longer than sending takes."""

_PAGE: Final = 100


def sweep(runtime: Runtime, *, older_than: timedelta = PATIENCE) -> int:
    """Send every task and publish every dead letter that has waited too long.

    Tasks that were sent after all keep their name, so none is created twice.

    Args:
        runtime: What to sweep.
        older_than: The age from which an entry counts as left behind.

    Returns:
        How many went out.
    """
    until = datetime.now(UTC) - older_than
    return _sweep_outbox(runtime, until) + _sweep_letters(runtime, until)


def _sweep_outbox(runtime: Runtime, until: datetime) -> int:
    swept = 0
    last: Document | None = None
    while page := runtime.store.query(
        OUTBOX,
        where=[Filter("created_at", "<=", until)],
        order_by=[Order("created_at")],
        limit=_PAGE,
        start_after=last,
    ):
        swept += runtime.send([OutboxEntry.from_document(document) for document in page])
        last = page[-1]
    return swept


def _sweep_letters(runtime: Runtime, until: datetime) -> int:
    swept = 0
    last: Document | None = None
    while page := runtime.store.query(
        DEAD_LETTERS,
        where=[Filter("failed_at", "<=", until)],
        order_by=[Order("failed_at")],
        limit=_PAGE,
        start_after=last,
    ):
        for document in page:
            runtime.publish(DeadLetter.from_document(document))
            swept += 1
        last = page[-1]
    return swept
