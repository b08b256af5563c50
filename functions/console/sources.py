"""The page of the sources: a form that starts a run, and what became of the runs so far."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse
from starlette.routing import Route

from functions.embedded.run import RUNS
from functions.embedded.waiting import WAITING
from functions.errors import PipelineError, SourceError
from functions.runtime.failed_tasks.documents import FAILED_TASKS
from functions.runtime.store import Filter, Order
from functions.stages.collections import SOURCES
from functions.stages.fetching import expand_sources
from telemetry.console import Section, render
from telemetry.console.forms import read_form

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from starlette.requests import Request
    from starlette.responses import Response

    from functions.runtime.runtime import Runtime
    from functions.runtime.store import Document, DocumentStore

_PATH: Final = "/sources"

_MOST_BYTES: Final = 256 * 1024
_MOST_LINES: Final = 1_000
_MOST_RUNS: Final = 20
_MOST_FAILED: Final = 100

_COMMENT: Final = "#"


@dataclass(frozen=True, slots=True)
class RunRow:
    """Show a run.

    Attributes:
        seconds: How long it took; None while it is under way.
        sources: How many sources no later run has fetched.
    """

    id: str
    started: datetime
    status: str
    seconds: float | None
    sources: int


def sources_section(runtime: Runtime, start: Callable[[list[str]], object]) -> Section:
    """Return the section of the sources.

    Args:
        runtime: Where runs and failed tasks are.
        start: Called with what the lines of the form name, all of them URLs, paths of files or
            folders, or lists; it may raise PipelineError.
    """

    async def show(request: Request) -> Response:
        values = await run_in_threadpool(_read_runs, runtime.store)
        started = request.query_params.get("started", "")
        told = started if started.isascii() and started.isdigit() else ""
        form = {"text": "", "problems": [], "started": told[:6]}
        return render(request, "sources.html", values | form)

    async def submit(request: Request) -> Response:
        text = (await read_form(request, most_bytes=_MOST_BYTES)).get("sources", "")
        lines = read_lines(text)
        problems = await run_in_threadpool(find_problems, lines)
        if not problems:
            try:
                await run_in_threadpool(start, [line for _, line in lines])
            except PipelineError as error:
                problems = [(0, str(error))]
        if not problems:
            return RedirectResponse(f"{_PATH}?started={len(lines)}", status_code=303)
        values = await run_in_threadpool(_read_runs, runtime.store)
        form = {"text": text, "problems": problems, "started": ""}
        return render(request, "sources.html", values | form, status=422)

    return Section(
        title="Sources",
        path=_PATH,
        routes=[
            Route(_PATH, show, methods=["GET"]),
            Route(_PATH, submit, methods=["POST"]),
        ],
        package="functions.console",
    )


def read_lines(text: str) -> list[tuple[int, str]]:
    """Return what each line names, with its number from 1; leave out blank lines and comments."""
    numbered = ((number, line.strip()) for number, line in enumerate(text.splitlines(), 1))
    return [(number, line) for number, line in numbered if line and not line.startswith(_COMMENT)]


def find_problems(lines: Sequence[tuple[int, str]]) -> list[tuple[int, str]]:
    """Return what is wrong with lines, each with its number; 0 for all of them together."""
    if not lines:
        return [(0, "name at least one source")]
    if len(lines) > _MOST_LINES:
        return [
            (0, f"at most {_MOST_LINES:,} lines at once: name a folder or a list, as @list.txt")
        ]
    problems = []
    for number, line in lines:
        try:
            expand_sources([line])
        except SourceError as error:
            problems.append((number, str(error)))
    return problems


def _read_runs(store: DocumentStore) -> dict[str, Any]:
    order = [Order("started_at", descending=True)]
    runs = store.query(RUNS, order_by=order, limit=_MOST_RUNS)
    rows = [_describe(run, store) for run in runs]
    return {
        "title": "Sources",
        "waiting": store.count(WAITING),
        "runs": rows,
        "failed": [_tell(task) for task in _read_failed(store, runs[0])] if runs else [],
        "most_failed": _MOST_FAILED,
    }


def _describe(run: Document, store: DocumentStore) -> RunRow:
    started, finished = run.data["started_at"], run.data.get("finished_at")
    return RunRow(
        id=run.id,
        started=started,
        status=run.data["status"],
        seconds=None if finished is None else (finished - started).total_seconds(),
        sources=store.count(SOURCES, where=[Filter("run_id", "==", run.id)]),
    )


def _read_failed(store: DocumentStore, run: Document) -> list[Document]:
    return store.query(
        FAILED_TASKS,
        where=[Filter("last_failed_at", ">=", run.data["started_at"])],
        order_by=[Order("last_failed_at", descending=True)],
        limit=_MOST_FAILED,
    )


def _tell(task: Document) -> Mapping[str, Any]:
    return {
        "id": task.id,
        "stage": task.data["pipeline_stage"],
        "message": task.data["error_message"],
        "at": task.data["last_failed_at"],
        "trace_id": task.data["trace_id"],
    }
