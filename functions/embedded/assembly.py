"""Put a runtime together from the embedded parts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from functions.pipeline import Pipeline
from functions.runtime.blobs import FolderBlobs
from functions.runtime.dispatcher import CloudTasksDispatcher
from functions.runtime.failed_tasks.topics import EmbeddedTopic
from functions.runtime.runtime import Runtime
from functions.runtime.store.sqlite import SqliteStore

if TYPE_CHECKING:
    from functions.runtime.dispatcher import NoDispatcher
    from functions.runtime.settings import Settings

DOCUMENTS_FILE: Final = "documents.db"
BLOBS_FOLDER: Final = "blobs"
TASKS_FOLDER: Final = "tasks"


def make_dispatcher(settings: Settings) -> CloudTasksDispatcher:
    """Return the way to the queues that the settings and the environment name."""
    return CloudTasksDispatcher(
        Pipeline(profile=settings.profile),
        project=settings.project,
        location=settings.location,
        base_url=settings.base_url,
        queue_prefix=settings.queue_prefix,
    )


def assemble_runtime(
    settings: Settings, dispatcher: CloudTasksDispatcher | NoDispatcher
) -> Runtime:
    """Return a runtime on the documents and blobs of ``settings.data``.

    Raises:
        StoreError: The folder's documents cannot be opened.
    """
    settings.data.mkdir(parents=True, exist_ok=True)
    store = SqliteStore(settings.data / DOCUMENTS_FILE)
    return Runtime(
        pipeline=dispatcher.pipeline,
        store=store,
        blobs=FolderBlobs(settings.data / BLOBS_FOLDER),
        dispatcher=dispatcher,
        topic=EmbeddedTopic(store),
        settings=settings,
    )
