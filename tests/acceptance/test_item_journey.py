"""One item of a real run is found by any id it had, and told: on the terminal and as a page."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from commands import event, event_page, mystage
from lxml import html

from functions.embedded.assembly import DOCUMENTS_FILE
from functions.runtime.store.sqlite import SqliteStore
from functions.stages.collections import DOCUMENTS, RESOLUTIONS, SCRAPES, SOURCES
from functions.stages.fetching.sources import source_id
from telemetry.child import ServingProcess
from telemetry.console import make_console
from telemetry.console.source import Source
from telemetry.console.traces import traces_section

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ITEM_STAGES = [
    "sourcing",
    "doc_processing",
    "extraction_adapters",
    "entity_resolution",
    "entity_source_mgmt",
    "entity_writers",
    "sync_data_stores",
]
PAGES = 2
ATTEMPTS = 4
"""What the embedded profile grants a task."""


@dataclass(frozen=True)
class World:
    """Hold what a run left behind, and where its telemetry is."""

    data: Path
    emulator: str
    broken: str
    store: SqliteStore

    def trace(self, wanted: str) -> dict[str, Any]:
        """Return what ``mystage trace --json`` tells."""
        asked = mystage("trace", wanted, "--data", self.data, "--json")
        assert 0 == asked.code, asked.stderr
        return asked.json

    def one_of(self, collection: str) -> str:
        """Return an id of a page that got through."""
        return self.store.query(collection, limit=1)[0].id


class Broken(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_error(HTTPStatus.INTERNAL_SERVER_ERROR)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
        """Say nothing."""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    data, pages = tmp_path_factory.mktemp("run") / "data", tmp_path_factory.mktemp("pages")
    for page in range(PAGES):
        content = event_page(event(page, venue="Blue Lamp", artist=f"Band {page}"))
        (pages / f"{page}.html").write_text(content)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Broken)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    broken = f"http://127.0.0.1:{server.server_port}/calendar"
    with ServingProcess(
        "telemetry.cli.emulate", ["--data", str(data)], name="Logfire emulator"
    ) as emulator:
        ran = mystage("run", pages, broken, "--data", data, "--json")
        assert (1, 1) == (ran.code, ran.json["failed_tasks"]), ran.stderr
        store = SqliteStore(data / DOCUMENTS_FILE)
        yield World(data, emulator.address, broken, store)
        store.close()
    server.shutdown()
    server.server_close()
    thread.join()


def read_page(world: World, address: str, **query: str) -> html.HtmlElement:
    """Return a page of the console."""

    async def read() -> httpx.Response:
        source = Source(world.emulator, "any")
        transport = httpx.ASGITransport(make_console([traces_section(source)]))
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            answer = await client.get(address, params=query or None)
        await source.close()
        return answer

    answer = asyncio.run(read())
    assert HTTPStatus.OK == answer.status_code, answer.text
    return html.fromstring(answer.text)


@pytest.mark.parametrize("collection", [SCRAPES, DOCUMENTS, RESOLUTIONS])
def test_an_item_is_found_by_the_ids_of_its_documents(world: World, collection: str) -> None:
    told = world.trace(world.one_of(collection))

    assert ITEM_STAGES == [each["stage"] for each in told["journey"]]
    assert told["summary"].startswith("Reached sync_data_stores after ")
    assert 1 == len(told["traces"])


def test_an_entity_that_several_items_speak_of_is_in_all_of_their_traces(world: World) -> None:
    venue = world.one_of("venues")
    told = world.trace(f"venues/{venue}")

    assert PAGES == len(told["traces"])
    assert told["traces"] == sorted(told["traces"], key=lambda each: each["started"])[::-1]
    assert told["traces"] == world.trace(venue)["traces"]
    assert told["traces"][0]["trace_id"] == told["trace_id"]


def test_a_source_that_fails_shows_where_its_item_stopped(world: World) -> None:
    told = world.trace(source_id(world.broken))
    (visit,) = told["journey"]
    (task,) = visit["tasks"]

    assert told["summary"].startswith(
        f"Stopped in sourcing: dead-lettered after {ATTEMPTS} attempts: RetryableError: GET"
    )
    assert "500" in told["summary"]
    assert ["retried"] * (ATTEMPTS - 1) + ["dead_lettered"] == [
        attempt["outcome"] for attempt in task["attempts"]
    ]
    assert all(attempt["waited_seconds"] > 0 for attempt in task["attempts"])
    assert world.trace(task["task_id"])["trace_id"] == told["trace_id"]
    assert world.trace(told["trace_id"])["summary"] == told["summary"]


def test_into_a_pipe_the_journey_and_the_tree_are_plain_lines(world: World) -> None:
    asked = mystage("trace", world.one_of(SCRAPES), "--data", world.data)
    lines = asked.stdout.splitlines()

    assert (0, "") == (asked.code, asked.stderr)
    assert lines[1].startswith("Reached sync_data_stores after ")
    assert [stage for stage in ITEM_STAGES if stage in lines] == ITEM_STAGES
    assert any(line.startswith("      ✓ process doc_processing  +") for line in lines)
    assert "\x1b" not in asked.stdout


def test_what_is_not_there_is_told_with_its_exit_code(world: World, tmp_path: Path) -> None:
    missing = mystage("trace", "x' OR 1=1 --", "--data", world.data)
    nobody = mystage("trace", "x", "--data", tmp_path)

    assert (1, "") == (missing.code, missing.stdout)
    assert "is in no trace of that time" in missing.stderr
    assert (64, 69) == (mystage("trace", " ", "--data", world.data).code, nobody.code)


def test_the_page_of_an_item_tells_its_stages_and_draws_its_spans(world: World) -> None:
    page = read_page(world, "/items", id=world.one_of(SCRAPES))

    assert ITEM_STAGES == [
        row.text_content().strip() for row in page.xpath("//table[@class='journey']//tbody//th")
    ]
    assert (
        "Reached sync_data_stores"
        in page.xpath("//p[contains(@class,'summary')]")[0].text_content()
    )
    rows = page.xpath("//table[@class='waterfall']/tbody/tr")
    assert len(ITEM_STAGES) <= len(rows)
    assert len(rows) == len(page.xpath("//td[@class='timeline']/svg/rect"))


def test_the_page_of_a_failing_source_shows_each_attempt_and_its_error(world: World) -> None:
    page = read_page(world, "/items", id=source_id(world.broken))
    rows = page.xpath("//table[@class='journey']//tbody/tr")

    assert ATTEMPTS == len(rows)
    assert all("the server answered 500" in row.text_content() for row in rows)
    assert "dead-lettered" in rows[-1].text_content()
    (trace,) = set(page.xpath("//p[contains(@class,'summary')]//a/@href"))
    assert f"Trace {trace.rpartition('/')[2]}" == read_page(world, trace).xpath("//h1")[0].text


def test_an_id_of_several_traces_is_a_list_to_choose_from(world: World) -> None:
    page = read_page(world, "/items", id=world.one_of("venues"))
    links = page.xpath("//table[@class='matches']//a/@href")

    assert PAGES == len(links)
    assert [] == page.xpath("//table[@class='waterfall']")
    chosen = read_page(world, links[-1])
    assert [links[-1].rpartition("=")[2]] == chosen.xpath("//tr[@aria-current]//code/text()")
    assert chosen.xpath("//table[@class='waterfall']")


def test_every_source_of_the_run_is_found(world: World) -> None:
    sources = world.store.query(SOURCES)

    assert PAGES + 1 == len(sources)
    assert all(world.trace(source.id)["journey"][0]["stage"] == "sourcing" for source in sources)
