"""Failed tasks in a real browser: tasks fail for real, and are brought back to life."""

from __future__ import annotations

import os
import re
import threading
from contextlib import ExitStack
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from functions.admin import LocalIdentity, failed_tasks_section
from functions.embedded.driver import RunDriver
from functions.embedded.session import embedded_session
from functions.runtime.settings import Settings
from functions.stages.fetching import expand_sources

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from playwright.sync_api import Locator, Page

    from telemetry.console import Section

pytestmark = pytest.mark.timeout(240)

_PATIENCE = 60_000
"""Milliseconds for what passes through the pipeline, attempts and pauses and all."""

_SCREENSHOTS = "MYSTAGE_SCREENSHOTS"
"""The folder that pictures of the pages are kept in; without it, none are."""


CONCERT = """<!doctype html><title>A concert</title><h1>A concert</h1>
<script type="application/ld+json">{"@context": "https://schema.org", "@type": "MusicEvent",
"name": "The Band", "startDate": "2026-06-01T20:00:00+00:00",
"location": {"@type": "Place", "name": "The Club", "address": "1 High Street"},
"performer": {"@type": "MusicGroup", "name": "The Band"}}</script>"""


class Site(ThreadingHTTPServer):
    """Be a site that answers 500 until it is mended."""

    is_mended = False


class Page500(BaseHTTPRequestHandler):
    server: Site

    def do_GET(self) -> None:
        if not self.server.is_mended:
            self.send_error(500)
            return
        body = CONCERT.encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@dataclass
class World:
    """Hold a site, a pipeline that fetches it, and the pages."""

    site: Site
    driver: RunDriver
    console: str
    identity: LocalIdentity

    @property
    def way_in(self) -> str:
        return self.identity.address(self.console)

    def fetch(self, *pages: str) -> None:
        """Have pages of the site fetched."""
        address = f"http://127.0.0.1:{self.site.server_port}"
        self.driver.submit(expand_sources([f"{address}/{each}" for each in pages]))


@pytest.fixture
def world(tmp_path: Path, serve: Callable[[Sequence[Section]], str]) -> Iterator[World]:
    with ExitStack() as stack:
        site = Site(("127.0.0.1", 0), Page500)
        stack.callback(site.server_close)
        thread = threading.Thread(target=site.serve_forever)
        thread.start()
        stack.callback(thread.join)
        stack.callback(site.shutdown)
        settings = Settings(
            profile="embedded", data=tmp_path / "data", fetch_private="named", fetch_timeout=10
        )
        session = stack.enter_context(embedded_session(settings, processes=1))
        driver = RunDriver(session, lambda: None)
        stack.enter_context(driver.running(lambda: None))
        identity = LocalIdentity(home="/failed-tasks")
        console = serve([failed_tasks_section(session.runtime, identity)])
        yield World(site, driver, console, identity)


def take_picture(page: Page, name: str) -> None:
    """Keep a picture of a page, where somebody wants to have it."""
    folder = os.environ.get(_SCREENSHOTS)
    if folder:
        Path(folder).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=f"{folder}/failed-tasks-{name}.png", full_page=True)


def rows(page: Page) -> Locator:
    return page.locator("table.tasks tbody tr")


def find_by_filters(page: Page) -> None:
    """Filter by the form, whose values stand in the address; then take the filters away."""
    page.locator(".filters > summary").click()
    page.get_by_label("Words in message or payload").fill("500")
    page.locator("select[name=stage]").select_option("sourcing")
    page.get_by_role("button", name="Filter").click()
    expect(page).to_have_url(re.compile("stage=sourcing.*text=500"))
    expect(rows(page)).to_have_count(5)
    take_picture(page, "filtered")
    page.locator("select[name=stage]").select_option("doc_processing")
    page.get_by_role("button", name="Filter").click()
    expect(page.get_by_text("Nothing matches.")).to_be_visible()
    page.get_by_role("link", name="Show all that are failed").click()


def test_tasks_fail_are_seen_and_are_brought_back_to_life(
    world: World, open_page: Callable[..., Page]
) -> None:
    page = open_page(world.way_in)
    expect(page).to_have_url(f"{world.console}/failed-tasks")
    expect(page.get_by_text("No failed tasks.")).to_be_visible()
    take_picture(page, "none")

    # They arrive by themselves.
    page.get_by_role("link", name="Refresh every 10 s").click()
    world.fetch("a", "b", "c", "d", "e")
    expect(rows(page)).to_have_count(5, timeout=_PATIENCE)
    take_picture(page, "list")

    # What is selected stays, though others arrive.
    page.get_by_role("checkbox").nth(1).check()
    expect(page.get_by_text("1 selected")).to_be_visible()
    page.get_by_role("checkbox").nth(1).uncheck()

    find_by_filters(page)

    # One is opened, and resolved with a note.
    rows(page).nth(0).get_by_role("link").click()
    expect(page.get_by_role("heading", name="Payload")).to_be_visible()
    expect(page.get_by_text("source_id").first).to_be_visible()
    take_picture(page, "one")
    page.get_by_label("Note").first.fill("the club has closed")
    page.get_by_role("button", name="Resolve").click()
    expect(page.get_by_text("It is resolved.")).to_be_focused()
    expect(page.get_by_role("cell", name="the club has closed")).to_be_visible()

    # The cause is gone: one is retried, and becomes resolved by itself.
    world.site.is_mended = True
    page.get_by_role("link", name="Failed tasks").first.click()
    expect(rows(page)).to_have_count(4)
    rows(page).nth(0).get_by_role("link").click()
    page.get_by_role("button", name="Retry", exact=True).click()
    expect(page.get_by_text("It is sent again.")).to_be_focused()
    page.get_by_role("link", name="Refresh every 10 s").click()
    expect(page.locator(".summary")).to_contain_text("resolved", timeout=_PATIENCE)
    expect(page.get_by_role("rowheader", name="succeeded")).to_be_visible()
    take_picture(page, "resolved")

    # All that match, with their number before.
    page.get_by_role("link", name="Failed tasks").first.click()
    page.get_by_role("link", name="Retry all that match…").click()
    expect(page.get_by_role("heading", name="Retry 3 failed tasks?")).to_be_visible()
    take_picture(page, "question")
    page.get_by_role("button", name="Retry 3").click()
    expect(page).to_have_url(re.compile("/failed-tasks/bulk/[0-9a-f]{32}$"))
    page.get_by_role("link", name="Refresh every 10 s").click()
    expect(page.get_by_text("3 of 3")).to_be_visible(timeout=_PATIENCE)
    take_picture(page, "bulk")
    page.get_by_role("link", name="Failed tasks").first.click()
    page.get_by_role("link", name="Refresh every 10 s").click()
    resolved = page.get_by_role("navigation", name="Statuses").get_by_role("link", name="resolved")
    expect(resolved).to_contain_text("5", timeout=_PATIENCE)


def test_pages_work_narrow_in_the_dark_and_by_keyboard(
    world: World, open_page: Callable[..., Page]
) -> None:
    page = open_page(world.way_in, color_scheme="dark", viewport={"width": 400, "height": 800})
    page.goto(f"{world.console}/failed-tasks?refresh=10")
    world.fetch("a", "b")
    expect(rows(page)).to_have_count(2, timeout=_PATIENCE)
    take_picture(page, "narrow")
    assert 400 >= page.evaluate("document.documentElement.scrollWidth")

    box = rows(page).nth(0).get_by_role("checkbox")
    go_to(page, box)
    page.keyboard.press("Space")
    expect(page.get_by_text("1 selected")).to_be_visible()
    world.fetch("c")
    resolve = page.get_by_role("button", name="Resolve selected")
    resolve.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Resolve 1 failed task?")).to_be_visible()
    note = page.get_by_label("Note")
    go_to(page, note)
    page.keyboard.type("by hand")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Resolve many failed tasks")).to_be_visible()
    take_picture(page, "narrow-bulk")
    page.goto(f"{world.console}/failed-tasks")
    rows(page).nth(0).get_by_role("link").click()
    page.wait_for_url("**/failed-tasks/tasks/**")  # styles and all
    take_picture(page, "narrow-one")
    assert 400 >= page.evaluate("document.documentElement.scrollWidth")


def test_a_stage_is_triggered_by_hand(world: World, open_page: Callable[..., Page]) -> None:
    page = open_page(world.way_in)
    page.get_by_role("link", name="Trigger a stage by hand").click()
    page.get_by_role("link", name="entity_writers").click()
    page.get_by_label("entities").fill('[{"kind": "nonsense", "id": "x"}]')
    page.get_by_role("button", name="Trigger entity_writers").click()
    expect(page.locator("#fault-entities")).to_contain_text("String should match pattern")
    take_picture(page, "trigger")
    page.get_by_role("link", name="scheduling").click()
    page.get_by_role("button", name="Trigger scheduling").click()
    expect(page.get_by_text("Sent to scheduling")).to_be_visible()
    page.get_by_role("link", name="doc_processing").click()
    page.get_by_label("scrape_id").fill("no such scrape")
    page.get_by_role("button", name="Trigger doc_processing").click()
    expect(page.get_by_text("Sent to doc_processing")).to_be_visible()

    # It fails for good, and is where such tasks are.
    page.goto(f"{world.console}/failed-tasks?stage=doc_processing&refresh=10")
    expect(rows(page)).to_have_count(1, timeout=_PATIENCE)


def go_to(page: Page, target: Locator) -> None:
    """Press Tab until something has the focus."""
    for _ in range(60):
        page.keyboard.press("Tab")
        if target.evaluate("each => each === document.activeElement"):
            return
    raise AssertionError("the focus does not get there")


def test_without_the_token_there_is_a_form_for_it(
    world: World, open_page: Callable[..., Any]
) -> None:
    page = open_page(f"{world.console}/failed-tasks?stage=sourcing")
    take_picture(page, "stranger")
    page.get_by_label("Token").fill(world.identity.token)
    page.get_by_role("button", name="Come in").click()

    expect(page.get_by_role("heading", name="Failed tasks", exact=True)).to_be_visible()
