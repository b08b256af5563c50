"""Attempts that failed and were not the last: kept until their task ends, for whoever asks why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from functions.runtime.store import Delete, Put

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from functions.runtime.store import DocumentStore, Write

FAILED_ATTEMPTS: Final = "failed_attempts"
"""A task's failed attempts; its id is the task's."""

_KEPT: Final = 50


def note_failure(  # noqa: PLR0913 - facts of the attempt, all by name
    store: DocumentStore,
    task_id: str,
    *,
    number: int,
    at: datetime,
    error_type: str,
    error_message: str,
) -> None:
    """Note that an attempt failed.

    Raises:
        StoreError: It could not be noted.
    """
    noted = {"number": number, "at": at, "error_type": error_type, "error_message": error_message}
    attempts = [*read_failures(store, task_id), noted][-_KEPT:]
    store.commit([Put(FAILED_ATTEMPTS, task_id, {"attempts": attempts})])


def read_failures(store: DocumentStore, task_id: str) -> list[Mapping[str, Any]]:
    """Return a task's failed attempts, in order."""
    document = store.get(FAILED_ATTEMPTS, task_id)
    return [] if document is None else list(document.data["attempts"])


def forget_failures(task_id: str, attempt: int) -> list[Write]:
    """Return the writes that forget a task's failed attempts, once it has ended."""
    return [Delete(FAILED_ATTEMPTS, task_id)] if attempt > 1 else []
