"""One attempt at a task: handler, commit, hand-off, all inside the stage's span."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from functions.errors import InvalidWrite, PayloadError, PermanentError
from functions.runtime.effects import bring_about
from functions.runtime.handlers import load_handler, load_payload
from functions.runtime.payload import decode_payload, list_item_ids, read_item_ids
from telemetry import Delivery, current_run, delivery

if TYPE_CHECKING:
    from functions.pipeline import Stage
    from functions.runtime.deliveries import TaskDelivery
    from functions.runtime.payload import Payload
    from functions.runtime.runtime import Runtime

PERMANENT: Final = (PermanentError, PayloadError, InvalidWrite)
"""What would be the same in every attempt."""


@dataclass(slots=True)
class Attempt:
    """Try one task once.

    Attributes:
        trace_id: The trace of its item, known once the span has begun.
        item_ids: What it is about, each as ``name=id``, known once its body was read.
    """

    runtime: Runtime
    stage: Stage
    task: TaskDelivery
    body: bytes
    trace_id: str = ""
    item_ids: tuple[str, ...] = ()

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
        for name, value in read_item_ids(payload).items():
            current_run().set_attribute(name, value)
        self.item_ids = list_item_ids(payload)
        handler = load_handler(self.stage).__wrapped__
        work = bring_about(
            self.runtime,
            lambda work: handler(payload, work),
            stage=self.stage,
            task_id=self.task.task_id,
            attempt=self.task.attempt,
            trace_id=self.trace_id,
        )
        if work is None:
            current_run().set_outcome("duplicate")  # another delivery of it was quicker
            return
        for metric, amount in work.counts.items():
            current_run().count(metric, amount)
