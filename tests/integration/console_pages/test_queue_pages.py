"""The page of the queues: what Cloud Tasks and the store know of each stage."""

from __future__ import annotations

import contextlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING

import pytest
from lxml import html
from page_browser import Browser

from functions.console import queues_section
from functions.embedded.assembly import assemble_runtime, make_dispatcher
from functions.emulator.process import EmulatorProcess
from functions.pipeline import Pipeline
from functions.runtime.dead_letters import DeadLetter
from functions.runtime.dispatcher import EMULATOR_HOST
from functions.runtime.failed_tasks.filing import file_failed_task
from functions.runtime.outbox import OutboxEntry
from functions.runtime.queues import declare_queues
from functions.runtime.receipts import Outcome, Receipt
from functions.runtime.settings import Settings
from telemetry.console import make_console

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from starlette.applications import Starlette

    from functions.runtime.dispatcher import CloudTasksDispatcher
    from functions.runtime.runtime import Runtime

NOW = datetime(2026, 5, 1, tzinfo=UTC)
LATER = timedelta(days=1)


@dataclass
class Pipe:
    """Hold a pipeline whose queues are a real emulator's, and a browser on its page."""

    runtime: Runtime
    dispatcher: CloudTasksDispatcher
    emulator: EmulatorProcess
    browser: Browser

    def send(self, stage: str, tasks: int) -> None:
        """Put tasks into a stage's queue, to be delivered tomorrow."""
        entries = [self.entry(stage, f"{stage}-{number}") for number in range(tasks)]
        assert [] == self.dispatcher.send(entries).failures

    def entry(self, stage: str, task_id: str) -> OutboxEntry:
        tomorrow = datetime.now(UTC) + LATER
        return OutboxEntry(
            task_id=task_id, stage=stage, body=b"{}", created_at=NOW, not_before=tomorrow
        )

    def letter(self, stage: str, task_id: str) -> DeadLetter:
        return DeadLetter(
            task_id=task_id,
            stage=stage,
            task_type="a",
            function_name="f",
            function_url="http://f",
            body=json.dumps({}).encode(),
            error_type="E",
            error_message="m",
            attempts=1,
            failed_at=NOW,
        )

    def row(self, stage: str) -> dict[str, str]:
        """Return what the page says of a stage, by the columns' names."""
        answer = self.browser.get("/queues")
        assert HTTPStatus.OK == answer.status_code
        page = html.fromstring(answer.text)
        names = [each.text for each in page.xpath("//thead//th")]
        for row in page.xpath("//tbody/tr"):
            cells = [" ".join(" ".join(cell.itertext()).split()) for cell in row]
            if cells[0] == stage:
                return dict(zip(names, cells, strict=True))
        raise AssertionError(f"no row of {stage}")


@pytest.fixture
def pipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Pipe]:
    settings = Settings(profile="embedded", data=tmp_path)
    with EmulatorProcess(tmp_path / "tasks") as emulator:
        monkeypatch.setenv(EMULATOR_HOST, emulator.address)
        dispatcher = make_dispatcher(settings)
        runtime = assemble_runtime(settings, dispatcher)
        declare_queues(dispatcher)

        @contextlib.asynccontextmanager
        async def open_app() -> AsyncIterator[Starlette]:
            yield make_console([queues_section(runtime, dispatcher)])

        yield Pipe(runtime, dispatcher, emulator, Browser(open_app))
        runtime.store.close()


def test_everything_that_has_a_queue_has_a_row_in_the_order_of_the_pipeline(pipe: Pipe) -> None:
    page = html.fromstring(pipe.browser.get("/queues").text)

    assert [stage.name for stage in Pipeline().queued] == page.xpath("//tbody//th/text()")


def test_a_queue_tells_its_tasks_and_its_declaration(pipe: Pipe) -> None:
    pipe.send("sourcing", 3)
    row = pipe.row("sourcing")

    assert ("sourcing-queue", "3") == (row["Queue"], row["Tasks in it"])
    assert ("500/s, 6 at once", "4 attempts, 500 ms to 5 s apart") == (row["Rate"], row["Retries"])
    assert "0" == pipe.row("doc_processing")["Tasks in it"]


def test_more_than_a_page_of_tasks_is_not_counted_further(pipe: Pipe) -> None:
    pipe.send("sourcing", 1_001)

    assert "1,000+" == pipe.row("sourcing")["Tasks in it"]


def test_what_the_store_knows_is_counted_by_stage(pipe: Pipe) -> None:
    store = pipe.runtime.store
    receipts = [
        Receipt(task_id=f"r{number}", stage="sourcing", outcome=how, attempts=1, completed_at=NOW)
        for number, how in enumerate([Outcome.SUCCEEDED, Outcome.SUCCEEDED, Outcome.DEAD_LETTERED])
    ]
    store.commit([each.to_write() for each in receipts])
    store.commit([pipe.entry("sourcing", "o1").to_write(), pipe.letter("sourcing", "d").to_write()])
    file_failed_task(store, pipe.letter("sourcing", "f1"))
    file_failed_task(store, pipe.letter("doc_processing", "f2"))

    row = pipe.row("sourcing")
    columns = (
        "Succeeded", "Dead-lettered", "In the outbox", "Letters unpublished", "Failed tasks",
    )  # fmt: skip
    assert ["2", "1", "1", "1", "1"] == [row[each] for each in columns]
    assert ["0", "0", "0", "0", "1"] == [pipe.row("doc_processing")[each] for each in columns]


def test_queues_out_of_reach_leave_the_rest_of_the_page(pipe: Pipe) -> None:
    pipe.runtime.store.commit([pipe.entry("sourcing", "o1").to_write()])
    pipe.emulator.stop()

    row = pipe.row("sourcing")
    assert ("sourcing-queue out of reach", "-", "1") == (
        row["Queue"],
        row["Tasks in it"],
        row["In the outbox"],
    )
    page = html.fromstring(pipe.browser.get("/queues").text)
    (alert,) = page.xpath("//*[@role='alert']")
    assert "cannot be looked at" in alert.text


def test_the_page_can_be_asked_to_refresh_itself(pipe: Pipe) -> None:
    still = html.fromstring(pipe.browser.get("/queues").text)
    (on,) = still.xpath("//p[@data-refresh]/a[contains(., 'every')]/@href")
    moving = html.fromstring(pipe.browser.get(on).text)

    assert [] == still.xpath("//script")
    assert ["/static/live.js"] == moving.xpath("//script/@src")
    assert moving.xpath("//*[@data-live]//table")
