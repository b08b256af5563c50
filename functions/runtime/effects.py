"""All effects of a delivery, or none: the commit, and the hand-off after it.

What was decided is committed in one batch with the receipt and the outbox; only then are the next
tasks sent. So at any moment a delivery has had all of its effects or none, and whatever was decided
is either sent or still in the outbox.
"""

from __future__ import annotations

import logging
import random
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from functions.errors import PreconditionFailed, RetryableError
from functions.runtime.attempt_log import forget_failures
from functions.runtime.failed_tasks.documents import label_failed_task
from functions.runtime.failed_tasks.filing import Resolution, resolve_retried
from functions.runtime.receipts import Outcome, Receipt
from functions.runtime.sent_tasks import forget_sent
from functions.runtime.work import UnitOfWork
from telemetry import count, semconv

if TYPE_CHECKING:
    from collections.abc import Callable

    from functions.pipeline import Endpoint, Stage
    from functions.runtime.outbox import OutboxEntry
    from functions.runtime.runtime import Runtime

_log = logging.getLogger(__name__)

_CONFLICT_TRIES: Final = 10
"""How often it is decided anew, within one attempt, because a document that was read changed."""

_CONFLICT_PAUSE: Final = 0.004
"""Seconds: the longest pause before the second try, doubled for each further one."""


def bring_about(  # noqa: PLR0913 - facts of the delivery, all by name
    runtime: Runtime,
    decide: Callable[[UnitOfWork], object],
    *,
    stage: Stage | Endpoint,
    task_id: str,
    attempt: int = 1,
    trace_id: str = "",
) -> UnitOfWork | None:
    """Commit what is decided, as often as it takes, and send it on.

    Args:
        runtime: Where documents are kept and tasks are sent.
        decide: Reads through the unit of work and records on it; called again where a document it
            read has changed by the time of the commit.
        stage: Who decides.
        task_id: Names the delivery; a second one of the same name has no effect.
        attempt: Which one this is.
        trace_id: For the receipt.

    Returns:
        What was committed; None where another delivery of the name was quicker.

    Raises:
        RetryableError: Documents kept changing.
        Exception: Whatever ``decide`` or the store raises.
    """
    for tries in range(_CONFLICT_TRIES):
        if tries:
            time.sleep(random.uniform(0, _CONFLICT_PAUSE * 2**tries))  # noqa: S311 - jitter
        work = UnitOfWork(
            pipeline=runtime.pipeline,
            stage=stage,
            task_id=task_id,
            store=runtime.store,
            blobs=runtime.blobs,
            settings=runtime.settings,
        )
        decide(work)
        entries = work.pack_outbox()
        receipt = Receipt(
            task_id=task_id,
            stage=stage.name,
            outcome=Outcome.SUCCEEDED,
            attempts=attempt,
            completed_at=datetime.now(UTC),
            trace_id=trace_id,
            counts=dict(work.counts),
            sent={entry.task_id: entry.stage for entry in entries},
        )
        outbox = [entry.to_write() for entry in entries]
        resolution = resolve_retried(runtime.store, task_id, receipt.completed_at)
        endings = [
            *forget_failures(task_id, attempt),
            forget_sent(task_id),
            *([resolution.write] if resolution else []),
        ]
        try:
            runtime.store.commit([receipt.to_write(), *work.writes, *outbox, *endings])
        except PreconditionFailed:
            if (earlier := runtime.find_receipt(task_id)) is not None:
                runtime.finish(earlier)
                return None
            continue
        _count_failed_tasks(runtime, work, resolution)
        _send(runtime, entries, stage, task_id)
        return work
    raise RetryableError(
        f"documents kept changing under {stage.name}, {_CONFLICT_TRIES} times in a row"
    )


def _count_failed_tasks(runtime: Runtime, work: UnitOfWork, resolution: Resolution | None) -> None:
    for metric, failed_task in work.failed_task_counts:
        count(metric, 1, label_failed_task(failed_task, runtime.pipeline))
    if resolution is not None:
        labels = label_failed_task(resolution.failed_task, runtime.pipeline)
        count(semconv.FAILED_TASKS_RESOLVED, 1, labels)


def _send(
    runtime: Runtime, entries: list[OutboxEntry], stage: Stage | Endpoint, task_id: str
) -> None:
    try:
        runtime.send(entries)
    except Exception:  # noqa: BLE001 - whatever it is, it is the sweeper's now
        # The delivery is done: that its outbox waits for the sweeper is no failure of its own.
        _log.exception("%s: task %s leaves its outbox", stage.name, task_id)
