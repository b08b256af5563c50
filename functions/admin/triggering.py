"""Sending a task to a stage by hand."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from functions.errors import DocumentExists
from functions.runtime.outbox import OutboxEntry, name_task
from functions.runtime.payload import encode_payload
from telemetry import message_context

if TYPE_CHECKING:
    from functions.pipeline import Stage
    from functions.runtime.payload import Payload
    from functions.runtime.runtime import Runtime


def trigger(runtime: Runtime, stage: Stage, payload: Payload, *, form_id: str) -> str:
    """Send a payload to a stage, in a trace of its own.

    Args:
        runtime: What sends it.
        stage: Where it goes.
        payload: What it says.
        form_id: Tells the form it comes from, so that one that is sent twice makes one task.

    Returns:
        The name of the task.

    Raises:
        PayloadTooLarge: The payload is more than Cloud Tasks takes.
    """
    task_id = name_task(form_id, stage.name, "by hand")
    ctx = message_context(stage.queue, message_id=task_id)
    entry = OutboxEntry(
        task_id=task_id,
        stage=stage.name,
        body=encode_payload(payload, ctx),
        created_at=datetime.now(UTC),
    )
    try:
        runtime.store.commit([entry.to_write()])
    except DocumentExists:
        return task_id
    runtime.send([entry])
    return task_id
