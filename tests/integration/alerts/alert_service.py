"""The functions, served over HTTP in this process; their tasks wait until a test delivers them."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from alert_world import SECRET, served

from functions.embedded.server import make_app
from functions.errors import DispatchError
from functions.pipeline import Pipeline
from functions.runtime.blobs import FolderBlobs
from functions.runtime.dispatcher import Sending
from functions.runtime.failed_tasks.topics import EmbeddedTopic
from functions.runtime.outbox import OUTBOX, OutboxEntry
from functions.runtime.runtime import Runtime
from functions.runtime.settings import Settings
from functions.runtime.store import Delete
from functions.runtime.store.sqlite import SqliteStore

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from functions.pipeline import Stage
    from functions.runtime.deliveries import Answer


class UnreachableQueue:
    """Be a queue service that is down: what is sent stays in the outbox."""

    def function_url(self, stage: Stage) -> str:
        return f"http://functions.example/{stage.function}"

    def send(self, entries: Sequence[OutboxEntry]) -> Sending:
        return Sending(failures=[DispatchError("the queue is down") for _ in entries])


@dataclass
class Service:
    """Hold the functions, and what they stand on."""

    runtime: Runtime
    url: str

    def documents(self, collection: str) -> list[dict[str, Any]]:
        return [each.data for each in self.runtime.store.query(collection)]

    def deliver(self, *, attempt: int = 1) -> list[Answer]:
        """Deliver what waits in the outbox once, as its queue would."""
        answers = []
        for document in self.runtime.store.query(OUTBOX):
            entry = OutboxEntry.from_document(document)
            stage = self.runtime.pipeline.stage(entry.stage)
            headers = {
                "X-CloudTasks-TaskName": entry.task_id,
                "X-CloudTasks-TaskRetryCount": str(attempt - 1),
            }
            answers.append(self.runtime.handle(stage.function, headers, entry.body))
            if answers[-1].status < 300:
                self.runtime.store.commit([Delete(OUTBOX, entry.task_id)])
        return answers


@contextlib.contextmanager
def alert_service(folder: Path, **settings: Any) -> Iterator[Service]:
    """Serve the functions with some settings."""
    store = SqliteStore(folder / "documents.db")
    runtime = Runtime(
        pipeline=Pipeline(profile="embedded"),
        store=store,
        blobs=FolderBlobs(folder / "blobs"),
        dispatcher=UnreachableQueue(),
        topic=EmbeddedTopic(store),
        settings=Settings(**{"data": folder, "alert_webhook_secret": SECRET} | settings),
    )
    with served(make_app(runtime, threads=8)) as url:
        yield Service(runtime, url)
    store.close()
