"""Names of tasks that are tried again: they say which failed task they belong to."""

from __future__ import annotations

import re
from typing import Final

_RETRY: Final = re.compile(r"(?P<failed>.+)-retry-(?P<number>[0-9]{1,6})")
"""Only what Cloud Tasks takes in a name: letters, digits, hyphens and underscores
(https://cloud.google.com/tasks/docs/reference/rest/v2/projects.locations.queues.tasks)."""


def name_retry(failed_id: str, number: int) -> str:
    """Name a retry of a failed task, the first being 1; a name is never used twice."""
    return f"{failed_id}-retry-{number}"


def failed_id_of(task_id: str) -> str:
    """Return the id of the failed task that a task's failure belongs to: its own, or a retry's."""
    match = _RETRY.fullmatch(task_id)
    return match["failed"] if match else task_id


def retry_number_of(task_id: str) -> int:
    """Return which retry of its failed task a task is; 0 for a task that is none."""
    match = _RETRY.fullmatch(task_id)
    return int(match["number"]) if match else 0


def is_retry(task_id: str) -> bool:
    """Tell whether a task is a retry."""
    return _RETRY.fullmatch(task_id) is not None
