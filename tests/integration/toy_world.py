"""A runtime of the toy pipeline on a real store, and deliveries to it."""

from __future__ import annotations

import contextlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from toy_pipeline import ListedQueue, toy

from functions.runtime.blobs import FolderBlobs
from functions.runtime.failed_tasks.topics import EmbeddedTopic
from functions.runtime.runtime import Runtime
from functions.runtime.settings import Settings
from functions.runtime.store.sqlite import SqliteStore

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from functions.runtime.deliveries import Answer


@dataclass
class World:
    """Hold a runtime and its parts."""

    runtime: Runtime
    queue: ListedQueue

    def deliver(self, task: str = "t1", retries: int = 0, /, **order: Any) -> Answer:
        """Deliver an order as Cloud Tasks would."""
        return self.deliver_body(json.dumps(order).encode(), task, retries)

    def deliver_body(self, body: bytes, task: str = "t1", retries: int = 0) -> Answer:
        headers = {
            "X-CloudTasks-TaskName": task,
            "X-CloudTasks-QueueName": "toy-queue",
            "X-CloudTasks-TaskRetryCount": str(retries),
        }
        return self.runtime.handle("dpl_obey", headers, body)

    def count(self, collection: str) -> int:
        return self.runtime.store.count(collection)

    def data(self, collection: str, document_id: str) -> dict[str, Any]:
        document = self.runtime.store.get(collection, document_id)
        assert document is not None
        return document.data


@contextlib.contextmanager
def open_world(folder: Path) -> Iterator[World]:
    """Open the runtime whose data is in a folder."""
    store = SqliteStore(folder / "documents.db")
    queue = ListedQueue()
    yield World(
        Runtime(
            pipeline=toy(),
            store=store,
            blobs=FolderBlobs(folder / "blobs"),
            dispatcher=queue,
            topic=EmbeddedTopic(store),
            settings=Settings(data=folder),
        ),
        queue,
    )
    store.close()
