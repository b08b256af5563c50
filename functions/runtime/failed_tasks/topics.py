"""The dead-letter topic of an embedded pipeline."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from functions.runtime.failed_tasks.filing import file_failed_task
from functions.runtime.failed_tasks.handling import report
from functions.runtime.failed_tasks.messages import read_message, to_message

if TYPE_CHECKING:
    from functions.runtime.dead_letters import DeadLetter
    from functions.runtime.store import DocumentStore


class EmbeddedTopic:
    """Deliver dead letters within the process, written and read as they are in the cloud."""

    def __init__(self, store: DocumentStore) -> None:
        self._store = store

    def publish(self, letter: DeadLetter) -> None:
        """File the letter among the failed tasks."""
        pushed = read_message(json.dumps({"message": to_message(letter)}).encode())
        if file_failed_task(self._store, pushed):
            report(pushed)
