"""``dpl_retry_failed_tasks``: one page of a bulk retry, and the task for the next."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from functions.errors import FailedTaskStranded, FailedTaskTaken, PayloadError, PermanentError
from functions.runtime.failed_tasks.bulk import (
    BULK_RETRIES,
    STAGE,
    BulkAction,
    BulkRetry,
    BulkStatus,
    select_changes,
)
from functions.runtime.failed_tasks.documents import FAILED_TASKS
from functions.runtime.failed_tasks.retrying import decide_resolution, decide_retry
from functions.runtime.handlers import stage_handler
from functions.runtime.store.limits import check_fields
from telemetry import semconv

if TYPE_CHECKING:
    from functions.runtime.failed_tasks.payloads import RetryFailedTasks
    from functions.runtime.store import Document
    from functions.runtime.work import UnitOfWork

_PAGE_BYTES: Final = 4_000_000
"""Of the claims and bodies in one batch, which takes 10 MiB: the last may have two more."""


@stage_handler(STAGE)
def work_off(payload: RetryFailedTasks, work: UnitOfWork) -> None:
    """Claim the failed tasks that come next, send them spaced out, and go on behind them.

    A claim that somebody else was quicker with fails the batch, and the page is decided anew
    without it.
    """
    document = work.get(BULK_RETRIES, payload.bulk_id)
    if document is None:
        raise PermanentError(f"no bulk retry {payload.bulk_id!r}: was it deleted?")
    bulk = BulkRetry.from_document(document)
    if bulk.status is not BulkStatus.RUNNING:
        return
    page, through = bulk.find_page(work.store)
    after = _Page(bulk, work).take(page, through)
    work.update(document, select_changes(document, after))
    if after.status is BulkStatus.RUNNING:
        pause = timedelta(seconds=(after.taken - bulk.taken) / bulk.rate)
        work.dispatch(STAGE, payload, delay=pause)


class _Page:
    """Decide what is done to each failed task of a page."""

    def __init__(self, bulk: BulkRetry, work: UnitOfWork) -> None:
        self._bulk = bulk
        self._work = work
        self._size = 0
        self._taken = self._skipped = self._refused = 0

    def take(self, page: list[Document], through: BulkRetry) -> BulkRetry:
        """Take as many as fit into a batch, and return how far it has come."""
        for number, document in enumerate(page):
            if self._size > _PAGE_BYTES:
                through = self._stop_before(page, number)
                break
            try:
                self._take(document)
            except FailedTaskTaken:
                self._skipped += 1
            except (FailedTaskStranded, PayloadError):
                self._refused += 1
            else:
                self._taken += 1
        return replace(
            through,
            taken=through.taken + self._taken,
            skipped=through.skipped + self._skipped,
            refused=through.refused + self._refused,
        )

    def _stop_before(self, page: list[Document], number: int) -> BulkRetry:
        """Return where it stands when the rest of a page has to wait for the next batch."""
        bulk = self._bulk
        if not bulk.ids:
            return bulk.moved_behind(page[number - 1])
        place = bulk.ids.index(page[number].id)
        gone = place - bulk.position - number
        return replace(bulk, position=place, skipped=bulk.skipped + gone)

    def _take(self, document: Document) -> None:
        bulk, work = self._bulk, self._work
        if bulk.action is BulkAction.RESOLVE:
            work.writes.append(decide_resolution(document, by=bulk.by, note=bulk.note))
            work.failed_task_counts.append((semconv.FAILED_TASKS_RESOLVED, document.data))
            return
        pause = timedelta(seconds=self._taken / bulk.rate)
        retry = decide_retry(
            work.pipeline,
            document,
            by=bulk.by,
            note=bulk.note,
            not_before=work.now + pause if pause else None,
        )
        work.writes.append(retry.claim)
        work.send_again(retry.entry)
        work.failed_task_counts.append((semconv.FAILED_TASKS_RETRIED, document.data))
        fields = check_fields(FAILED_TASKS, document.id, retry.claim.fields)
        self._size += len(retry.entry.body) + fields
