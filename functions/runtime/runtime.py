"""Answer the deliveries of tasks, and bring to an end what a crash left open."""

from __future__ import annotations

import logging
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING

from functions.errors import InvalidWrite, PreconditionFailed, RetryableError, StoreError
from functions.runtime.attempt_log import forget_failures, note_failure, read_failures
from functions.runtime.attempts import PERMANENT, Attempt
from functions.runtime.dead_letters import (
    DEAD_LETTERS,
    DeadLetter,
    describe_error,
    trace_error,
)
from functions.runtime.deliveries import Answer, TaskDelivery
from functions.runtime.dispatcher import split_batches
from functions.runtime.outbox import OUTBOX, OutboxEntry
from functions.runtime.receipts import RECEIPTS, Outcome, Receipt
from functions.runtime.sent_tasks import SentTask, forget_sent
from functions.runtime.store import Delete
from telemetry import count, semconv
from telemetry.configuration import service_version

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from functions.pipeline import Pipeline
    from functions.runtime.blobs import BlobStore
    from functions.runtime.dead_letters import DeadLetterTopic
    from functions.runtime.dispatcher import Dispatcher
    from functions.runtime.settings import Settings
    from functions.runtime.store import DocumentStore

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Runtime:
    """Hold what every stage runs on.

    Attributes:
        pipeline: The declaration, as it applies here.
        store: Documents, receipts, outbox.
        blobs: Bytes too large for a document.
        dispatcher: Takes tasks to their queues.
        topic: Takes dead letters to where they are filed.
        settings: What differs from place to place.
    """

    pipeline: Pipeline
    store: DocumentStore
    blobs: BlobStore
    dispatcher: Dispatcher
    topic: DeadLetterTopic
    settings: Settings

    def handle(self, function: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Handle one delivery of a task.

        Args:
            function: The function it was delivered to.
            headers: The HTTP request's.
            body: The HTTP request's.

        Returns:
            What to answer; 2xx means that the task is over, one way or the other.

        Raises:
            DeclarationError: The function is not declared.
        """
        stage = self.pipeline.serving(function)
        attempt = Attempt(self, stage, TaskDelivery.from_headers(headers), body)
        try:
            return self._handle(attempt)
        except Exception as error:  # noqa: BLE001 - the queue has to be told, whatever it is
            # The store or the topic is out of reach. Nothing is lost: the queue delivers again.
            _log.exception("%s: task %s is left to the queue", stage.name, attempt.task.task_id)
            return Answer(HTTPStatus.SERVICE_UNAVAILABLE, describe_error(error))

    def _handle(self, attempt: Attempt) -> Answer:
        if (receipt := self.find_receipt(attempt.task.task_id)) is not None:
            self.finish(receipt)
            return Answer(HTTPStatus.OK, f"{receipt.outcome} before")
        try:
            attempt.run()
        except Exception as error:  # noqa: BLE001 - a handler may fail in any way
            if not attempt.is_final(error):
                self._note(error, attempt)
                return _ask_again(error)
            letter = self._write_letter(error, attempt)
            self.bury(letter)
            return Answer(HTTPStatus.OK, f"{Outcome.DEAD_LETTERED}: {letter.error_message}")
        return Answer(HTTPStatus.OK, Outcome.SUCCEEDED)

    def find_receipt(self, task_id: str) -> Receipt | None:
        """Return a task's receipt, if it ended."""
        document = self.store.get(RECEIPTS, task_id)
        return None if document is None else Receipt.from_document(document)

    def finish(self, receipt: Receipt) -> None:
        """Hand over what a task that ended left behind."""
        if receipt.outcome is Outcome.DEAD_LETTERED:
            document = self.store.get(DEAD_LETTERS, receipt.task_id)
            if document is not None:
                self.publish(DeadLetter.from_document(document))
            return
        documents = self.store.get_all([(OUTBOX, task_id) for task_id in receipt.sent])
        self.send([OutboxEntry.from_document(document) for document in documents if document])

    def send(self, entries: Sequence[OutboxEntry]) -> int:
        """Send outbox entries and remove those that were; the sweeper tries the others again.

        Returns:
            How many were sent.
        """
        if not entries:
            return 0
        sending = self.dispatcher.send(entries)
        for failure in sending.failures:
            _log.warning("left in the outbox for the sweeper: %s", failure)
        sent = set(sending.sent)
        now = datetime.now(UTC)
        for batch in split_batches(entry for entry in entries if entry.task_id in sent):
            kept = [SentTask.of(entry, now).to_write() for entry in batch]
            self.store.commit([*(Delete(OUTBOX, entry.task_id) for entry in batch), *kept])
        self._count_sent(entries, sent)
        return len(sent)

    def _count_sent(self, entries: Sequence[OutboxEntry], sent: set[str]) -> None:
        by_stage = Counter(entry.stage for entry in entries if entry.task_id in sent)
        for name, amount in by_stage.items():
            stage = self.pipeline.stage(name)
            labels = {
                semconv.STAGE: stage.name,
                semconv.TASK_TYPE: stage.task_type,
                semconv.SERVICE: stage.service,
                semconv.MESSAGING_DESTINATION_NAME: stage.queue,
            }
            count(semconv.TASKS_DISPATCHED, amount, labels)

    def publish(self, letter: DeadLetter) -> None:
        """Publish a dead letter, then remove it from those that wait."""
        self.topic.publish(letter)
        self.store.commit([Delete(DEAD_LETTERS, letter.task_id)])

    def bury(self, letter: DeadLetter) -> None:
        """Record that a task was given up, and publish its dead letter.

        A receipt that is there by then stands: the task ended otherwise.
        """
        receipt = Receipt(
            task_id=letter.task_id,
            stage=letter.stage,
            outcome=Outcome.DEAD_LETTERED,
            attempts=letter.attempts,
            completed_at=letter.failed_at,
            trace_id=letter.trace_id,
        )
        endings = [*forget_failures(letter.task_id, letter.attempts), forget_sent(letter.task_id)]
        try:
            try:
                self.store.commit([receipt.to_write(), letter.to_write(), *endings])
            except InvalidWrite:
                letter = letter.shortened()
                self.store.commit([receipt.to_write(), letter.to_write(), *endings])
        except PreconditionFailed:
            return
        self.publish(letter)

    def _note(self, error: Exception, attempt: Attempt) -> None:
        try:
            note_failure(
                self.store,
                attempt.task.task_id,
                number=attempt.task.attempt,
                at=datetime.now(UTC),
                error_type=type(error).__name__,
                error_message=describe_error(error),
            )
        except StoreError:
            # The task is tried again all the same; only its history is shorter.
            _log.exception("%s: a failed attempt is not noted", attempt.stage.name)

    def _write_letter(self, error: Exception, attempt: Attempt) -> DeadLetter:
        stage = attempt.stage
        return DeadLetter(
            task_id=attempt.task.task_id,
            stage=stage.name,
            task_type=stage.task_type,
            function_name=stage.function,
            function_url=self.dispatcher.function_url(stage),
            body=attempt.body,
            error_type=type(error).__name__,
            error_message=describe_error(error) + _tell_attempts(error, attempt),
            attempts=attempt.task.attempt,
            failed_at=datetime.now(UTC),
            trace_id=attempt.trace_id,
            stack_trace=trace_error(error),
            queue=attempt.task.queue or stage.queue,
            service=stage.service,
            service_version=service_version(),
            item_ids=attempt.item_ids,
            past=read_failures(self.store, attempt.task.task_id),
        )


def _tell_attempts(error: Exception, attempt: Attempt) -> str:
    if isinstance(error, PERMANENT):
        return ""
    number = attempt.task.attempt
    return f" (given up after {number} attempt{'s' if number > 1 else ''})"


def _ask_again(error: Exception) -> Answer:
    after = error.after if isinstance(error, RetryableError) else None
    status = HTTPStatus.INTERNAL_SERVER_ERROR if after is None else HTTPStatus.SERVICE_UNAVAILABLE
    return Answer(status, describe_error(error), retry_after=after)
