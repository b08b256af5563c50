"""The page of the queues: what waits in each, how fast it goes on, and what got stuck beside it."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from starlette.routing import Route

from functions.runtime.dead_letters import DEAD_LETTERS
from functions.runtime.failed_tasks.documents import FAILED_TASKS, Status
from functions.runtime.outbox import OUTBOX
from functions.runtime.receipts import RECEIPTS, Outcome
from functions.runtime.store import Filter, Order
from telemetry.console import Section, render
from telemetry.console.refreshing import read_refresh

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from functions.pipeline import Stage
    from functions.runtime.dispatcher import CloudTasksDispatcher
    from functions.runtime.runtime import Runtime
    from functions.runtime.store import DocumentStore

_PATH: Final = "/queues"

_MOST: Final = 1_000
"""Tasks and documents that are counted: one page of ListTasks
(https://cloud.google.com/tasks/docs/reference/rest/v2/projects.locations.queues.tasks/list)."""

_TIMEOUT: Final = 3.0
"""Seconds for one call: somebody waits for the page."""

_AT_ONCE: Final = 4


@dataclass(frozen=True, slots=True)
class QueueState:
    """Say how a queue is.

    Attributes:
        waiting: Its tasks, as far as they were counted.
        is_more: Whether there are more than that.
        tried: How many of the counted ones were tried before.
        state: As Cloud Tasks calls it: ``RUNNING``, ``PAUSED``, ``DISABLED``.
        problem: Why nothing of this is known; "" where it is.
    """

    waiting: int = 0
    is_more: bool = False
    tried: int = 0
    state: str = ""
    problem: str = ""


@dataclass(frozen=True, slots=True)
class StageRow:
    """Show a stage with its queue, and what there is of it in the store."""

    stage: Stage
    queue: QueueState
    succeeded: int
    dead_lettered: int
    outbox: int
    dead_letters: int
    failed_tasks: int


def queues_section(runtime: Runtime, dispatcher: CloudTasksDispatcher) -> Section:
    """Return the section of the queues.

    Args:
        runtime: Where receipts, outbox and failed tasks are.
        dispatcher: The way to the queues.
    """

    def show(request: Request) -> Response:
        # Not async: everything it asks blocks, so Starlette runs it on a thread.
        rows = read_stages(runtime, dispatcher)
        values = {
            "title": "Queues",
            "rows": rows,
            "most": _MOST,
            "ended": runtime.store.count(RECEIPTS),
            "refresh": read_refresh(request),
            "problems": [row.queue.problem for row in rows if row.queue.problem],
            "failed_tasks_page": runtime.settings.failed_tasks_page,
        }
        return render(request, "queues.html", values)

    return Section(
        title="Queues", path=_PATH, routes=[Route(_PATH, show)], package="functions.console"
    )


def read_stages(runtime: Runtime, dispatcher: CloudTasksDispatcher) -> list[StageRow]:
    """Return all that has a queue, in the order of the pipeline.

    A queue that cannot be looked at says why in its place.
    """
    stages = runtime.pipeline.queued
    with ThreadPoolExecutor(_AT_ONCE) as threads:
        queues = list(threads.map(lambda stage: look_at_queue(dispatcher, stage), stages))
    store = runtime.store
    ended = _tally_ended(store)
    outbox, letters = _tally_waiting(store, OUTBOX), _tally_waiting(store, DEAD_LETTERS)
    return [
        StageRow(
            stage=stage,
            queue=queue,
            succeeded=ended[stage.name, Outcome.SUCCEEDED],
            dead_lettered=ended[stage.name, Outcome.DEAD_LETTERED],
            outbox=outbox[stage.name],
            dead_letters=letters[stage.name],
            failed_tasks=_count_failed(store, stage),
        )
        for stage, queue in zip(stages, queues, strict=True)
    ]


def look_at_queue(dispatcher: CloudTasksDispatcher, stage: Stage) -> QueueState:
    """Return how a stage's queue is."""
    from google.api_core.exceptions import GoogleAPIError  # noqa: PLC0415 - slow to import

    path = dispatcher.queue_path(stage)
    try:
        queue = dispatcher.client.get_queue(name=path, retry=None, timeout=_TIMEOUT)
        pager = dispatcher.client.list_tasks(
            request={"parent": path, "page_size": _MOST}, retry=None, timeout=_TIMEOUT
        )
        page = next(iter(pager.pages))
    except GoogleAPIError as error:
        return QueueState(problem=f"{path} cannot be looked at: {error}")
    return QueueState(
        waiting=len(page.tasks),
        is_more=bool(page.next_page_token),
        tried=sum(task.dispatch_count > 0 for task in page.tasks),
        state=queue.state.name,
    )


def _tally_ended(store: DocumentStore) -> Counter[tuple[str, str]]:
    """Count the latest receipts by stage and outcome.

    All of them would take a second for each hundred thousand.
    """
    order = [Order("completed_at", descending=True)]
    latest = store.query(RECEIPTS, order_by=order, limit=_MOST)
    return Counter((receipt.data["stage"], receipt.data["outcome"]) for receipt in latest)


def _tally_waiting(store: DocumentStore, collection: str) -> Counter[str]:
    return Counter(document.data["stage"] for document in store.query(collection, limit=_MOST))


def _count_failed(store: DocumentStore, stage: Stage) -> int:
    where = [Filter("status", "==", str(Status.FAILED)), Filter("pipeline_stage", "==", stage.name)]
    return store.count(FAILED_TASKS, where=where)
