"""One attempt at a task: handler, commit, hand-off, all inside the stage's span.

What a handler decides is committed in one batch with the task's receipt and the outbox; only then
are the next tasks sent. So at any moment a task has had all of its effects or none, and whatever
was decided is either sent or still in the outbox.
"""

from __future__ import annotations

import logging
import random
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from functions.errors import (
    InvalidWrite,
    PayloadError,
    PermanentError,
    PreconditionFailed,
    RetryableError,
)
from functions.runtime.handlers import load_handler, load_payload
from functions.runtime.payload import decode_payload
from functions.runtime.receipts import Outcome, Receipt
from functions.runtime.work import UnitOfWork
from telemetry import Delivery, current_run, delivery

if TYPE_CHECKING:
    from functions.pipeline import Stage
    from functions.runtime.deliveries import TaskDelivery
    from functions.runtime.outbox import OutboxEntry
    from functions.runtime.payload import Payload
    from functions.runtime.runtime import Runtime

_log = logging.getLogger(__name__)

PERMANENT: Final = (PermanentError, PayloadError, InvalidWrite)
"""What would be the same in every attempt."""

_CONFLICT_TRIES: Final = 10
"""How often a handler runs anew, within one attempt, because a document it read has changed."""

_CONFLICT_PAUSE: Final = 0.004
"""Seconds: the longest pause before the second try, doubled for each further one."""


@dataclass(slots=True)
class Attempt:
    """Try one task once.

    Attributes:
        trace_id: The trace of its item, known once the span has begun.
    """

    runtime: Runtime
    stage: Stage
    task: TaskDelivery
    body: bytes
    trace_id: str = ""

    def run(self) -> None:
        """Run the handler, commit what it decided, and send it on.

        Raises:
            PayloadError: The body is not what the stage declares.
            RetryableError: The handler asks for it, or documents kept changing under it.
            Exception: Whatever the handler or the store raises.
        """
        handler = load_handler(self.stage)
        payload: Payload | PayloadError
        try:
            payload = decode_payload(self.body, load_payload(self.stage))
        except PayloadError as error:
            payload = error
        facts = Delivery(
            ctx=getattr(payload, "ctx", None),
            queue=self.task.queue or self.stage.queue,
            task_id=self.task.task_id,
            attempt=self.task.attempt,
            max_attempts=self.stage.retry.max_attempts,
            function=self.stage.function,
            body_size=len(self.body),
        )
        with delivery(facts):
            handler.around(self._run)(payload)

    def is_final(self, error: Exception) -> bool:
        """Tell whether the task is given up after this error."""
        return isinstance(error, PERMANENT) or self.task.attempt >= self.stage.retry.max_attempts

    def _run(self, payload: Payload | PayloadError) -> None:
        self.trace_id = current_run().trace_id
        try:
            self._work(payload)
        except Exception as error:
            current_run().set_outcome("dead_lettered" if self.is_final(error) else "retried")
            raise

    def _work(self, payload: Payload | PayloadError) -> None:
        if isinstance(payload, PayloadError):
            raise payload
        for tries in range(_CONFLICT_TRIES):
            if tries:
                time.sleep(random.uniform(0, _CONFLICT_PAUSE * 2**tries))  # noqa: S311 - jitter
            if self._commit(payload):
                return
        raise RetryableError(
            f"documents kept changing under {self.stage.name}, {_CONFLICT_TRIES} times in a row"
        )

    def _commit(self, payload: Payload) -> bool:
        runtime = self.runtime
        work = UnitOfWork(
            pipeline=runtime.pipeline,
            stage=self.stage,
            task_id=self.task.task_id,
            store=runtime.store,
            blobs=runtime.blobs,
            settings=runtime.settings,
        )
        load_handler(self.stage).__wrapped__(payload, work)
        entries = work.pack_outbox()
        receipt = Receipt(
            task_id=self.task.task_id,
            stage=self.stage.name,
            outcome=Outcome.SUCCEEDED,
            attempts=self.task.attempt,
            completed_at=datetime.now(UTC),
            trace_id=self.trace_id,
            counts=dict(work.counts),
            sent={entry.task_id: entry.stage for entry in entries},
        )
        outbox = [entry.to_write() for entry in entries]
        try:
            runtime.store.commit([receipt.to_write(), *work.writes, *outbox])
        except PreconditionFailed:
            earlier = runtime.find_receipt(self.task.task_id)
            if earlier is None:
                return False
            current_run().set_outcome("duplicate")  # another delivery of it was quicker
            runtime.finish(earlier)
            return True
        for metric, amount in work.counts.items():
            current_run().count(metric, amount)
        self._send(entries)
        return True

    def _send(self, entries: list[OutboxEntry]) -> None:
        try:
            self.runtime.send(entries)
        except Exception:  # noqa: BLE001 - whatever it is, it is the sweeper's now
            # The task is done: that its outbox waits for the sweeper is no failure of its own.
            _log.exception("%s: task %s leaves its outbox", self.stage.name, self.task.task_id)
