"""Failed tasks as documents: the planning document's schema, and what an operator needs besides."""

from __future__ import annotations

import hashlib
import re
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from telemetry import semconv

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from functions.pipeline import Pipeline
    from functions.runtime.dead_letters import DeadLetter

FAILED_TASKS: Final = "failed_tasks"

GROUPS: Final = "failed_task_groups"
"""One document for each fingerprint, with what one of its failures said. It counts nothing: a
counter that every failure adds to is what a thousand failures at once would wait for."""

MOST_ATTEMPTS: Final = 50
MOST_ACTIONS: Final = 100
"""How much of its past a failed task keeps: the newest of each."""

MOST_NAME: Final = 200
MOST_NOTE: Final = 2_000
"""Characters that are kept of who did something, and of why."""

UNKNOWN: Final = "unknown"
"""The stage of what cannot be read."""

_IDS: Final = re.compile(r"(?<![\w-])[\w-]*\d[\w-]*|\b[0-9a-f]{16,}\b")
"""Words with a digit in them: numbers, ids, names of tasks. Looked for at the beginning of words
only, so that the time rises with the length of a message and not with its square."""

_QUOTED: Final = re.compile(r"'[^']*'|\"[^\"]*\"|https?://\S+")


class Status(StrEnum):
    """Say where a failed task stands."""

    FAILED = "failed"
    RETRYING = "retrying"
    RESOLVED = "resolved"


class Action(StrEnum):
    """Name what happened to a failed task."""

    FAILED = "failed"
    FAILED_AGAIN = "failed again"
    RETRIED = "retried"
    RETRIED_EDITED = "retried with an edited payload"
    SUCCEEDED = "succeeded"
    RESOLVED = "resolved"
    REOPENED = "reopened"


def fingerprint_of(letter: DeadLetter) -> str:
    """Return what failures of one cause have in common, whichever item they are of.

    Numbers, ids, quoted texts and addresses in the message do not count.
    """
    words = _IDS.sub("#", _QUOTED.sub("'…'", letter.error_message.casefold()))
    return hashlib.sha256(f"{letter.stage}\0{letter.error_type}\0{words}".encode()).hexdigest()[:16]


def tell_action(
    action: Action, at: datetime, by: str = "", *, note: str = "", task_id: str = ""
) -> dict[str, Any]:
    """Return an entry of a failed task's history."""
    return {
        "action": str(action),
        "at": at,
        "by": by[:MOST_NAME],
        "note": note[:MOST_NOTE],
        "task_id": task_id,
    }


def label_failed_task(failed_task: Mapping[str, Any], pipeline: Pipeline) -> dict[str, str]:
    """Return the labels by which what happens to a failed task is counted.

    Names that are not declared come from outside, so all of them are one label.
    """
    for stage in pipeline.queued:
        if stage.name == failed_task["pipeline_stage"]:
            name, task_type, service = stage.name, stage.task_type, stage.service
            break
    else:
        name = task_type = service = UNKNOWN
    return {semconv.STAGE: name, semconv.TASK_TYPE: task_type, semconv.SERVICE: service}


def describe_failure(letter: DeadLetter, payload: object) -> dict[str, Any]:
    """Return the fields of a failed task that its latest failure decides."""
    return {
        "function_name": letter.function_name,
        "function_url": letter.function_url,
        "payload": payload,
        "error_message": letter.error_message,
        "last_failed_at": letter.failed_at,
        "pipeline_stage": letter.stage,
        "task_type": letter.task_type,
        "error_type": letter.error_type,
        "fingerprint": fingerprint_of(letter),
        "stack_trace": letter.stack_trace,
        "trace_id": letter.trace_id,
        "queue": letter.queue,
        "service": letter.service,
        "service_version": letter.service_version,
        "item_ids": list(letter.item_ids),
    }
