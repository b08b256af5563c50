"""Scheduling: send the sources that are due to sourcing."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from functions.runtime.handlers import stage_handler
from functions.runtime.store import Filter, Order
from functions.stages.collections import SOURCES
from functions.stages.payloads import ScheduleSources, SourcePage

if TYPE_CHECKING:
    from datetime import datetime

    from functions.runtime.store import Document
    from functions.runtime.work import UnitOfWork

PAGE: Final = 200
"""Sources a task: two writes each, and a batch takes 500."""


@stage_handler("scheduling")
def schedule_sources(payload: ScheduleSources, work: UnitOfWork) -> None:  # noqa: ARG001 - says only "now"
    """Dispatch the sources that are due, spaced out, and set when each is due next.

    Every source begins a trace of its own: an item's way can be followed from here.
    """
    due = work.query(
        SOURCES,
        where=[Filter("next_due_at", "<=", work.now)],
        order_by=[Order("next_due_at")],
        limit=PAGE,
    )
    for position, source in enumerate(due):
        work.dispatch(
            "sourcing",
            SourcePage(source_id=source.id),
            key=source.id,
            position=position,
            new_trace=True,
        )
        work.update(source, {"next_due_at": next_due(source, work.now)})
    if len(due) == PAGE:
        pause = PAGE * work.pipeline.stage("sourcing").stagger
        work.dispatch("scheduling", ScheduleSources(), key="more", delay=pause)


def next_due(source: Document, now: datetime) -> datetime | None:
    """Return when a source is due next; None for one that is only fetched on demand."""
    seconds = source.data.get("interval_seconds")
    return None if seconds is None else now + timedelta(seconds=seconds)
