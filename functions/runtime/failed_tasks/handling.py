"""``dpl_handle_failed_task``: what is on the dead-letter topic becomes a failed task."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from functions.errors import PayloadError
from functions.runtime.deliveries import Answer
from functions.runtime.failed_tasks.filing import file_failed_task
from functions.runtime.failed_tasks.messages import read_message
from functions.runtime.failed_tasks.names import failed_id_of
from telemetry import semconv
from telemetry.configuration import is_configured

if TYPE_CHECKING:
    from functions.runtime.dead_letters import DeadLetter
    from functions.runtime.endpoints import Call
    from functions.runtime.runtime import Runtime


def handle_failed_task(call: Call, runtime: Runtime) -> Answer:
    """File the letter of a call; Pub/Sub delivers it again unless it is told that it was.

    Raises:
        StoreError: It could not be filed.
    """
    try:
        letter = read_message(call.body)
    except PayloadError as error:
        return Answer(HTTPStatus.BAD_REQUEST, str(error))
    if file_failed_task(runtime.store, letter):
        report(letter)
    return Answer(HTTPStatus.OK, f"filed {letter.task_id}")


def report(letter: DeadLetter) -> None:
    """Tell Logfire of a task that failed for good, once for each."""
    if not is_configured():
        return
    import logfire  # noqa: PLC0415 - most of a cold start; `import telemetry` does without

    said: dict[str, Any] = {
        "function": letter.function_name,
        "task_type": letter.task_type,
        semconv.STAGE: letter.stage,
        semconv.ERROR_TYPE: letter.error_type,
        "error_message": letter.error_message,
        "retry_count": letter.attempts,
        "failed_task_id": failed_id_of(letter.task_id),
    }
    logfire.error("Task failed permanently: {function} {task_type}", **said)
