"""What Cloud Tasks says about a task when it delivers it, and what it is told in return."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from uuid import uuid4

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import timedelta
    from http import HTTPStatus

QUEUE_HEADER: Final = "x-cloudtasks-queuename"
TASK_HEADER: Final = "x-cloudtasks-taskname"
RETRY_HEADER: Final = "x-cloudtasks-taskretrycount"
"""Dispatches before this one. ``TaskExecutionCount`` leaves out 5xx, so it counts no attempts
(https://cloud.google.com/tasks/docs/creating-http-target-tasks#handler)."""

_COUNT: Final = re.compile(r"[0-9]{1,9}")


@dataclass(frozen=True, slots=True)
class TaskDelivery:
    """Name one delivery of one task.

    Attributes:
        task_id: The task's name; a fresh one for a call that no queue made, such as a cron job's.
        queue: The queue; empty for such a call.
        attempt: 1 for the first.
    """

    task_id: str
    queue: str
    attempt: int

    @classmethod
    def from_headers(cls, headers: Mapping[str, str]) -> TaskDelivery:
        """Read the headers, whatever the case of their names."""
        lower = {name.lower(): value for name, value in headers.items()}
        retries = lower.get(RETRY_HEADER, "")
        return cls(
            task_id=lower.get(TASK_HEADER) or f"call-{uuid4().hex}",
            queue=lower.get(QUEUE_HEADER, ""),
            attempt=int(retries) + 1 if _COUNT.fullmatch(retries) else 1,
        )


@dataclass(frozen=True, slots=True)
class Answer:
    """Tell Cloud Tasks what became of a delivery.

    Only 2xx ends a task. ``retry_after`` is considered by Cloud Tasks for 429 and 503
    (https://cloud.google.com/tasks/docs/reference/rpc/google.cloud.tasks.v2#httprequest).
    """

    status: HTTPStatus
    message: str
    retry_after: timedelta | None = None

    @property
    def headers(self) -> dict[str, str]:
        """The HTTP headers that go with it."""
        if self.retry_after is None:
            return {}
        return {"Retry-After": str(max(1, round(self.retry_after.total_seconds())))}
