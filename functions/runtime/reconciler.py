"""Find tasks that were sent and never ended.

A task whose process dies under it in every attempt never reaches the code that gives it up: Cloud
Tasks deletes it without a word. What is left is that somebody sent it and that it has no receipt.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from functions.runtime.dead_letters import DeadLetter
from functions.runtime.receipts import RECEIPTS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from functions.runtime.runtime import Runtime


def bury_lost(runtime: Runtime, sent: Mapping[str, str]) -> int:
    """File the tasks that have no receipt among the failed tasks.

    Only for tasks that no queue holds any more.

    Args:
        runtime: Where receipts are.
        sent: The stage of each task, by its id.

    Returns:
        How many were lost.
    """
    receipts = runtime.store.get_all([(RECEIPTS, task_id) for task_id in sent])
    lost = [task_id for task_id, receipt in zip(sent, receipts, strict=True) if receipt is None]
    for task_id in lost:
        stage = runtime.pipeline.stage(sent[task_id])
        runtime.bury(
            DeadLetter(
                task_id=task_id,
                stage=stage.name,
                task_type=stage.task_type,
                function_name=stage.function,
                function_url=runtime.dispatcher.function_url(stage),
                body=b"",
                error_type="TaskLost",
                error_message=(
                    f"the queue gave the task up after {stage.retry.queue_attempts} attempts, none"
                    " of which ended: its worker crashed or ran out of memory or time"
                ),
                attempts=stage.retry.queue_attempts,
                failed_at=datetime.now(UTC),
            )
        )
    return len(lost)
