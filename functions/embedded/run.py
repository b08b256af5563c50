"""Take sources through the whole pipeline, until nothing is on its way any more."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

from functions.embedded.progress import RunProgress, StageProgress
from functions.errors import DispatchError
from functions.pipeline import ENTITIES
from functions.runtime.dead_letters import DEAD_LETTERS
from functions.runtime.failed_tasks.documents import FAILED_TASKS
from functions.runtime.outbox import OUTBOX, OutboxEntry, name_task
from functions.runtime.payload import encode_payload
from functions.runtime.reconciler import bury_lost, reconcile
from functions.runtime.store import Create, Filter, Order, Put, Update
from functions.runtime.sweeper import sweep
from functions.stages.collections import SOURCES
from functions.stages.payloads import ScheduleSources
from telemetry import message_context

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from functions.embedded.session import Session
    from functions.runtime.runtime import Runtime
    from functions.runtime.store import Document, Write
    from functions.stages.fetching import SourceLocation

RUNS: Final = "runs"

_POLL: Final = 0.05
"""Seconds between two looks at the receipts."""

_SWEEP_EVERY: Final = 1.0
_SWEEP_OLDER_THAN: Final = timedelta(seconds=5)

_STALL: Final = 3.0
"""Seconds without a receipt after which the queues are asked whether they hold anything."""

_BATCH: Final = 400
"""Sources written at once; a batch takes 500 writes."""

_LISTED: Final = 1000
"""Failed tasks a summary lists at most."""


@dataclass(frozen=True, slots=True)
class FailedTask:
    """Tell of a task that was given up."""

    stage: str
    message: str


@dataclass(frozen=True, slots=True)
class Summary:
    """Say what a run did.

    Attributes:
        resumed: Whether it took up a run that had been cut off.
    """

    sources: int
    stages: dict[str, StageProgress]
    entities: dict[str, dict[str, int]]
    failed_tasks: tuple[FailedTask, ...]
    failed: int
    seconds: float
    trace_ids: tuple[str, ...]
    resumed: bool

    def to_json(self) -> dict[str, Any]:
        """Return what ``mystage run --json`` prints."""
        return {
            "sources": self.sources,
            "stages": {
                name: {
                    "succeeded": stage.succeeded,
                    "failed": stage.failed,
                    "retried": stage.retried,
                }
                for name, stage in self.stages.items()
            },
            "entities": self.entities,
            "failed_tasks": self.failed,
            "seconds": round(self.seconds, 3),
            "trace_ids": list(self.trace_ids),
        }


@dataclass(slots=True)
class Run:
    """Drive one run.

    Attributes:
        session: The embedded pipeline it runs on.
        document: The run's record, which outlives a crash.
        resumed: Whether it had been cut off.
    """

    session: Session
    document: Document
    resumed: bool
    roots: dict[str, str] = field(default_factory=dict)

    @property
    def runtime(self) -> Runtime:
        """What the run's tasks stand on."""
        return self.session.runtime

    @classmethod
    def begin(cls, session: Session) -> Run:
        """Take up the run that was cut off, or begin a new one."""
        store = session.runtime.store
        if document := find_open_run(session.runtime):
            return cls(session, document, resumed=True, roots=dict(document.data["roots"]))
        run_id = uuid4().hex
        content = {"started_at": datetime.now(UTC), "status": "running", "roots": {}}
        store.commit([Create(RUNS, run_id, content)])
        document = store.get(RUNS, run_id)
        if document is None:
            raise RuntimeError(f"the run {run_id} was written and is not there")
        return cls(session, document, resumed=False)

    def add(self, sources: Sequence[SourceLocation]) -> None:
        """Make sources due, those that this run has not had yet, and start the scheduling."""
        now = datetime.now(UTC)
        for first in range(0, len(sources), _BATCH):
            some = sources[first : first + _BATCH]
            known = self.runtime.store.get_all([(SOURCES, source.source_id) for source in some])
            writes = [
                write
                for source, document in zip(some, known, strict=True)
                if (write := self._make_due(source, document, now)) is not None
            ]
            self.runtime.store.commit(writes)
        self._start_scheduling(now)

    @property
    def has_sources(self) -> bool:
        """Whether all sources of the run were written down; the scheduling is started only then."""
        return bool(self.roots)

    def _make_due(
        self, source: SourceLocation, known: Document | None, now: datetime
    ) -> Write | None:
        due = {"next_due_at": now, "run_id": self.document.id}
        if known is None:
            content = {"location": source.location, "precedence": 0, "interval_seconds": None}
            return Put(SOURCES, source.source_id, content | due)
        if known.data.get("run_id") == self.document.id:
            return None
        return Update(SOURCES, source.source_id, due)

    def _start_scheduling(self, now: datetime) -> None:
        stage = self.runtime.pipeline.stage("scheduling")
        task_id = name_task(self.document.id, stage.name, uuid4().hex)
        ctx = message_context(stage.queue, message_id=task_id, new_trace=True)
        body = encode_payload(ScheduleSources(), ctx)
        entry = OutboxEntry(task_id=task_id, stage=stage.name, body=body, created_at=now)
        self.roots[task_id] = stage.name
        self.runtime.store.commit(
            [Update(RUNS, self.document.id, {"roots": self.roots}), entry.to_write()]
        )
        self.runtime.send([entry])

    def drain(
        self,
        on_progress: Callable[[RunProgress], None],
        *,
        stopped: Callable[[], bool] = lambda: False,
    ) -> RunProgress:
        """Wait until every task is over; send again what was left behind meanwhile.

        Args:
            on_progress: Called whenever something has ended.
            stopped: Asked whether to leave off before all of them are.

        Raises:
            EmulatorError: A part of the session has ended.
        """
        progress = RunProgress(
            self.runtime.store,
            self.document.data["started_at"],
            {stage.name: StageProgress() for stage in self.runtime.pipeline.stages},
        )
        progress.expect(self.roots)
        if self.resumed:
            sweep(self.runtime, older_than=timedelta(0))
        moved = swept = time.monotonic()
        while True:
            if progress.update():
                moved = time.monotonic()
                on_progress(progress)
            if not progress.missing or stopped():
                return progress
            self.session.check()
            if time.monotonic() - swept > _SWEEP_EVERY:
                swept = time.monotonic()
                sweep(self.runtime, older_than=_SWEEP_OLDER_THAN)
            if time.monotonic() - moved > _STALL:
                moved = time.monotonic()
                self._resolve_stall(progress)
            time.sleep(_POLL)

    def _resolve_stall(self, progress: RunProgress) -> None:
        if progress.look_up_missing():
            return
        store = self.runtime.store
        try:
            is_held = self.session.holds_tasks()
            if not (is_held or store.count(OUTBOX) or store.count(DEAD_LETTERS)):
                reconcile(self.runtime, older_than=timedelta(0))
                progress.look_up_missing()
                # Those that nobody noted as sent, if there are any.
                bury_lost(self.runtime, progress.missing)
        except DispatchError:
            return  # too busy to answer, perhaps; it is asked again

    def finish(self, progress: RunProgress) -> Summary:
        """Record that the run is over, and say what it did."""
        store = self.runtime.store
        now = datetime.now(UTC)
        store.commit([Update(RUNS, self.document.id, {"status": "finished", "finished_at": now})])
        failed = store.query(
            FAILED_TASKS,
            where=[Filter("last_failed_at", ">=", progress.since)],
            order_by=[Order("last_failed_at")],
            limit=_LISTED,
        )
        return Summary(
            sources=store.count(SOURCES, where=[Filter("run_id", "==", self.document.id)]),
            stages=progress.stages,
            entities={
                entity: {
                    "found": progress.counts[f"{entity}_found"],
                    "created": progress.counts[f"{entity}_created"],
                }
                for entity in ENTITIES
            },
            failed_tasks=tuple(
                FailedTask(task.data["pipeline_stage"], task.data["error_message"])
                for task in failed
            ),
            failed=progress.failed,
            seconds=(now - progress.since).total_seconds(),
            trace_ids=tuple(progress.trace_ids),
            resumed=self.resumed,
        )


def find_open_run(runtime: Runtime) -> Document | None:
    """Return the run that was cut off, if there is one."""
    found = runtime.store.query(RUNS, where=[Filter("status", "==", "running")], limit=1)
    return found[0] if found else None
