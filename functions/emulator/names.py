"""Resource names of Cloud Tasks: locations, queues and tasks.

The patterns are those of the ``name`` fields of ``google.cloud.tasks_v2.types.Queue`` and ``Task``.
The messages of the refusals are the service's own.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass

from functions.errors import CallRefused

_PROJECT = r"[A-Za-z0-9.:-]{1,100}"
_LOCATION = r"[A-Za-z0-9-]{1,100}"
_QUEUE = r"[A-Za-z0-9-]{1,100}"
_LOCATION_NAME = re.compile(rf"projects/{_PROJECT}/locations/{_LOCATION}")
_QUEUE_NAME = re.compile(rf"(projects/{_PROJECT}/locations/{_LOCATION})/queues/({_QUEUE})")
_TASK_ID = re.compile(r"[A-Za-z0-9_-]{1,500}")

_QUEUE_FORM = "projects/<PROJECT_ID>/locations/<LOCATION_ID>/queues/<QUEUE_ID>"


@dataclass(frozen=True, slots=True)
class QueueName:
    """Hold a queue's full name, its location and its bare id."""

    full: str
    location: str
    queue_id: str

    def task(self, task_id: str) -> str:
        """Return the full name of one of the queue's tasks."""
        return f"{self.full}/tasks/{task_id}"


def parse_location(name: str) -> str:
    """Return the name of a location as it came.

    Raises:
        CallRefused: INVALID_ARGUMENT: this is not ``projects/P/locations/L``.
    """
    if _LOCATION_NAME.fullmatch(name) is None:
        raise CallRefused(
            "INVALID_ARGUMENT",
            "Invalid resource field value in the request: a parent must be formatted "
            '"projects/<PROJECT_ID>/locations/<LOCATION_ID>".',
        )
    return name


def parse_queue(name: str) -> QueueName:
    """Return the parts of a queue's full name.

    Raises:
        CallRefused: INVALID_ARGUMENT: this is not ``projects/P/locations/L/queues/Q``.
    """
    match = _QUEUE_NAME.fullmatch(name)
    if match is None:
        raise CallRefused("INVALID_ARGUMENT", f'Queue name must be formatted: "{_QUEUE_FORM}".')
    return QueueName(full=name, location=match[1], queue_id=match[2])


def parse_task(name: str) -> tuple[QueueName, str]:
    """Return the queue and the bare id of a task's full name.

    Raises:
        CallRefused: INVALID_ARGUMENT: this is not ``projects/P/locations/L/queues/Q/tasks/T``.
    """
    queue, separator, task_id = name.rpartition("/tasks/")
    match = _QUEUE_NAME.fullmatch(queue)
    if not separator or match is None:
        raise CallRefused(
            "INVALID_ARGUMENT", f'Task name must be formatted: "{_QUEUE_FORM}/tasks/<TASK_ID>".'
        )
    if _TASK_ID.fullmatch(task_id) is None:
        raise CallRefused(
            "INVALID_ARGUMENT",
            f'Task ID "{task_id[:100]}" can contain only letters ([A-Za-z]), numbers ([0-9]), '
            "hyphens (-), or underscores (_). Task ID must between 1 and 500 characters.",
        )
    return QueueName(full=queue, location=match[1], queue_id=match[2]), task_id


def new_task_id() -> str:
    """Return an id for a task that came without a name: digits, as the service's are."""
    return str(int.from_bytes(os.urandom(8)) >> 1)
