"""The page of the sources: a form that starts a run, and what became of the runs."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING

import pytest
from lxml import html
from page_browser import Browser

from functions.console import sources_section
from functions.embedded.assembly import assemble_runtime, make_dispatcher
from functions.embedded.run import RUNS
from functions.embedded.waiting import ask_for
from functions.errors import EmulatorError
from functions.runtime.dead_letters import DeadLetter
from functions.runtime.failed_tasks.filing import file_failed_task
from functions.runtime.settings import Settings
from functions.runtime.store import Create
from functions.stages.collections import SOURCES
from functions.stages.fetching import SourceLocation
from telemetry.console import make_console

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    import httpx
    from starlette.applications import Starlette

    from functions.runtime.runtime import Runtime

NOW = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)
SCRIPT = "<script>alert(1)</script>"


@dataclass
class Desk:
    """Hold a pipeline's store, a browser on its page, and what the form asked for."""

    runtime: Runtime
    browser: Browser
    asked: list[list[str]] = field(default_factory=list)
    failure: EmulatorError | None = None

    def start(self, lines: list[str]) -> None:
        """Take what the form asks for."""
        if self.failure is not None:
            raise self.failure
        self.asked.append(lines)

    def submit(self, text: str) -> httpx.Response:
        return self.browser.post("/sources", {"sources": text})

    def page(self) -> html.HtmlElement:
        return html.fromstring(self.browser.get("/sources").text)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    settings = Settings(profile="embedded", data=tmp_path / "data")
    runtime = assemble_runtime(settings, make_dispatcher(settings))

    @contextlib.asynccontextmanager
    async def open_app() -> AsyncIterator[Starlette]:
        yield make_console([sources_section(runtime, made.start)])

    made = Desk(runtime, Browser(open_app))
    yield made
    runtime.store.close()


def problems(answer: httpx.Response) -> list[str]:
    return [each.text for each in html.fromstring(answer.text).xpath("//*[@role='alert']//li")]


def test_what_the_lines_name_is_started(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text("<p>x</p>")
    answer = desk.submit(f"\n  https://club.example/ \r\n# not this\r\n{tmp_path}\r\n")

    assert [["https://club.example/", str(tmp_path)]] == desk.asked
    assert (HTTPStatus.SEE_OTHER, "/sources?started=2") == (
        answer.status_code,
        answer.headers["location"],
    )
    page = html.fromstring(desk.browser.get("/sources?started=2").text)
    assert "2 lines are on the way" in page.xpath("//p[@role='status']")[0].text


def test_what_is_wrong_is_told_by_line_and_nothing_is_started(desk: Desk, tmp_path: Path) -> None:
    text = f"https://club.example/\n\n{tmp_path}/missing\nftp://club.example/\n{SCRIPT}"
    answer = desk.submit(text)

    assert (HTTPStatus.UNPROCESSABLE_ENTITY, []) == (answer.status_code, desk.asked)
    assert ["line 3", "line 4", "line 5"] == [each.split(":")[0] for each in problems(answer)]
    page = html.fromstring(answer.text)
    assert text == page.xpath("//textarea")[0].text.lstrip("\n")
    assert [] == page.xpath("//script")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (" \n# only this\n", "name at least one source"),
        ("https://club.example/\n" * 1_001, "at most 1,000 lines"),
    ],
)
def test_too_little_and_too_much_is_told(desk: Desk, text: str, problem: str) -> None:
    (told,) = problems(desk.submit(text))

    assert told.startswith(problem)


def test_a_form_without_end_is_refused(desk: Desk) -> None:
    answer = desk.submit("x" * 300_000)

    assert HTTPStatus.REQUEST_ENTITY_TOO_LARGE == answer.status_code


def test_another_site_cannot_start_anything(desk: Desk) -> None:
    answer = desk.browser.post(
        "/sources",
        {"sources": "https://club.example/"},
        headers={"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"},
    )

    assert (HTTPStatus.FORBIDDEN, []) == (answer.status_code, desk.asked)


def test_a_pipeline_that_cannot_take_it_is_told(desk: Desk) -> None:
    desk.failure = EmulatorError("the workers ended")

    assert ["the workers ended"] == problems(desk.submit("https://club.example/"))


def test_runs_are_listed_the_latest_first_with_its_failed_tasks(desk: Desk) -> None:
    store = desk.runtime.store
    for number, status in enumerate(["finished", "running"]):
        started = NOW + timedelta(hours=number)
        ended = {"finished_at": started + timedelta(seconds=4)} if status == "finished" else {}
        run = {"started_at": started, "status": status, "roots": {}, **ended}
        store.commit([Create(RUNS, f"run{number}", run)])
        file_failed_task(store, letter(f"t{number}", started, f"{SCRIPT} {number}"))
    store.commit([Create(SOURCES, "s1", {"run_id": "run1"})])

    runs, failed = desk.page().xpath("//table")

    assert [
        ["2026-05-01 13:00:00", "running", "-", "1"],
        ["2026-05-01 12:00:00", "finished", "4 s", "0"],
    ] == [[cell.text for cell in row] for row in runs.xpath(".//tbody/tr")]
    assert [f"{SCRIPT} 1"] == [row[2].text for row in failed.xpath(".//tbody/tr")]
    assert [f"/items?id={'1' * 32}"] == failed.xpath(".//a/@href")


def test_what_waits_for_the_next_run_is_counted(desk: Desk) -> None:
    assert [] == desk.page().xpath("//p[contains(., 'for the next run')]")
    locations = [f"https://club.example/{number}" for number in range(1_001)]
    ask_for(desk.runtime.store, [SourceLocation(each, given=each) for each in locations])

    assert desk.page().xpath("//p[starts-with(., '1,001 sources wait for the next run')]")


def letter(task_id: str, at: datetime, message: str) -> DeadLetter:
    return DeadLetter(
        task_id=task_id,
        stage="sourcing",
        task_type="source_page",
        function_name="f",
        function_url="http://f",
        body=b"{}",
        error_type="E",
        error_message=message,
        attempts=1,
        failed_at=at,
        trace_id="1" * 32,
    )
