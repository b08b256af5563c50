"""Dashboards in a real browser, over telemetry of the real SDK."""

from __future__ import annotations

import contextlib
import re
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import logfire
import pytest
import yaml
from playwright.sync_api import expect

from telemetry.configuration import ANY_TOKEN
from telemetry.console.catalogue import Catalogue
from telemetry.console.dashboards import dashboards_section
from telemetry.console.home import home_section
from telemetry.console.source import Source

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playwright.sync_api import Browser, Page

HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(1)><svg onload=alert(1)>\"'`]]>"
WIDTH = {"width": 400, "height": 800}

COUNT = {"kind": "values", "name": "Count", "sql": "SELECT count(*) AS spans FROM records"}
BARS = {
    "kind": "bar",
    "name": "Bars",
    "sql": "SELECT span_name, count(*) AS n FROM records GROUP BY span_name",
}
OVER_TIME = {
    "kind": "time-series",
    "name": "Over time",
    "sql": "SELECT time_bucket($resolution, start_timestamp) AS x, span_name, count(*) AS n"
    " FROM records GROUP BY x, span_name ORDER BY x",
    "metrics": ["n"],
    "group_by": "span_name",
}
ROWS = {
    "kind": "table",
    "name": "Rows",
    "sql": "SELECT span_name, service_name, attributes->>'note' AS note FROM records",
}
BROKEN = {"kind": "bar", "name": "Broken", "sql": "SELECT nothing_such FROM records"}
WORD = {
    "kind": "table",
    "name": "Word",
    "sql": "SELECT count(*) AS n, $word AS word FROM records WHERE span_name = $word",
}
VARIABLES = [{"type": "text", "name": "word", "label": "Span", "default": "plain"}]


def send_span(emulator: str, name: str, service: str = "tests", **attributes: Any) -> None:
    """Send a span as programs do; it is stored when this returns."""
    sender = logfire.configure(
        local=True,
        send_to_logfire=True,
        token=ANY_TOKEN,
        service_name=service,
        console=False,
        advanced=logfire.AdvancedOptions(base_url=emulator),
    )
    sender.info(name, **attributes)
    assert sender.shutdown()


@pytest.fixture(scope="module")
def filled(emulator: str) -> str:
    """Give the URL of an emulator with spans, one of them hostile."""
    send_span(emulator, "plain", note="quiet")
    send_span(emulator, HOSTILE, HOSTILE, note=HOSTILE)
    return emulator


@pytest.fixture
def show(
    filled: str, tmp_path: Path, serve: Callable[..., str], open_page: Callable[..., Page]
) -> Callable[..., Page]:
    """Give what defines a dashboard of panels and opens its page."""

    def show(
        *panels: dict[str, Any], query: str = "", options: dict[str, Any] | None = None, **more: Any
    ) -> Page:
        board = {
            "kind": "Dashboard",
            "slug": "board",
            "name": "Board",
            "groups": [{"title": "Group", "panels": list(panels)}],
            "variables": VARIABLES,
            **more,
        }
        (tmp_path / "board.yaml").write_text(yaml.safe_dump(board, allow_unicode=False))
        catalogue = Catalogue([tmp_path])
        section = dashboards_section(catalogue, Source(filled, ANY_TOKEN))
        url = serve([home_section(catalogue), section])
        return open_page(f"{url}/dashboards/board{query}", **options or {})

    return show


def wait_until_loaded(page: Page) -> None:
    expect(page.locator("[data-panel][data-source]:not([aria-busy=false])")).to_have_count(0)


def panel_of(page: Page, name: str) -> Any:
    return page.get_by_role("article", name=name, exact=True)


def is_drawn(page: Page) -> bool:
    drawn: bool = page.evaluate(
        "document.images.length > 0"
        " && [...document.images].every((each) => each.complete && each.naturalWidth > 0)"
    )
    return drawn


def test_each_panel_shows_its_rows(show: Callable[..., Page]) -> None:
    page = show(COUNT, BARS, OVER_TIME, ROWS)
    wait_until_loaded(page)
    assert is_drawn(page)
    expect(panel_of(page, "Count").get_by_role("definition")).to_have_text(re.compile(r"^\d+$"))
    expect(panel_of(page, "Bars").get_by_role("img")).to_have_attribute(
        "alt", re.compile("Bar chart: Bars.*plain 1")
    )
    expect(panel_of(page, "Rows").get_by_role("cell", name="quiet")).to_be_visible()
    expect(page.get_by_role("status")).to_have_text("4 panels")
    expect(page.locator("[data-updated]")).to_have_text(re.compile(r"updated \d\d:\d\d:\d\d UTC"))


def test_a_broken_panel_says_why_while_others_show_their_rows(show: Callable[..., Page]) -> None:
    page = show(BROKEN, COUNT)
    expect(panel_of(page, "Broken").get_by_role("alert")).to_contain_text("nothing_such")
    expect(panel_of(page, "Count").get_by_role("definition")).to_be_visible()
    expect(page.get_by_role("status")).to_have_text("2 panels, 1 with an error")


def test_a_slow_panel_holds_up_no_other(show: Callable[..., Page]) -> None:
    # Never answered until the page is gone.
    page = show(COUNT, BARS, query="?refresh=1", refresh="1s", options={"service_workers": "block"})
    wait_until_loaded(page)
    page.route("**/panels/Bars?*", lambda _: None)
    before = page.locator("[data-updated]").inner_text()
    expect(panel_of(page, "Bars")).to_have_attribute("aria-busy", "true")
    expect(page.locator("[data-updated]")).not_to_have_text(before)
    expect(panel_of(page, "Count")).to_have_attribute("aria-busy", "false")
    assert is_drawn(page)


def test_the_time_is_chosen_by_one_click_and_by_exact_times(show: Callable[..., Page]) -> None:
    page = show(ROWS, query="?last=7d&var-word=other")
    page.get_by_role("group", name="Last").get_by_role("link", name="24h").click()
    page.wait_for_url("**last=24h*")
    expect(panel_of(page, "Rows").get_by_role("cell", name="quiet")).to_be_visible()
    expect(page.get_by_label("Span")).to_have_value("other")
    page.get_by_label("From (UTC)").fill("2026-01-01T10:00")
    page.get_by_label("To (UTC)").fill("2026-01-01T11:00")
    page.get_by_role("button", name="Show").click()
    page.wait_for_url("**from=2026-01-01T10*")
    expect(panel_of(page, "Rows")).to_contain_text("No data in this time")


def test_a_variable_is_typed_and_stays_in_the_address(show: Callable[..., Page]) -> None:
    page = show(WORD, query="?last=24h")
    row = panel_of(page, "Word").get_by_role("row", name="plain")
    expect(row.get_by_role("cell", name="1", exact=True)).to_be_visible()
    page.get_by_label("Span").fill("nothing's such")
    page.keyboard.press("Enter")
    page.wait_for_url("**var-word=nothing*")
    row = panel_of(page, "Word").get_by_role("row", name="nothing's such")
    expect(row.get_by_role("cell", name="0", exact=True)).to_be_visible()


def test_refreshing_shows_what_is_new_and_keeps_what_is_open(
    show: Callable[..., Page], filled: str
) -> None:
    count = {**COUNT, "sql": "SELECT count(*) AS n FROM records WHERE span_name = 'fresh'"}
    page = show(count, BARS, query="?refresh=1", refresh="1s")
    wait_until_loaded(page)
    number = panel_of(page, "Count").get_by_role("definition")
    before = int(number.inner_text())
    page.get_by_text("SQL of Bars").click()
    send_span(filled, "fresh")
    expect(number).to_have_text(f"{before + 1}")
    details = panel_of(page, "Bars").locator("details[data-keep=sql]")
    expect(details).to_have_attribute("open", "")
    expect(details.locator("summary")).to_be_focused()


@pytest.fixture
def asked() -> list[str]:
    """Hold the addresses of panels that ``wind_up`` saw being asked for."""
    return []


def wind_up(page: Page, asked: list[str]) -> None:
    """Load a page again, on a clock that goes as a test wants."""
    page.clock.install()
    page.reload()
    wait_until_loaded(page)
    page.on("request", lambda each: asked.append(each.url) if "/panels/" in each.url else None)


def test_a_page_is_refreshed_as_often_as_it_says(
    show: Callable[..., Page], asked: list[str]
) -> None:
    page = show(COUNT, query="?refresh=60")
    wind_up(page, asked)
    page.clock.fast_forward("00:50")
    assert [] == asked
    with page.expect_response("**/panels/Count?*"):
        page.clock.fast_forward("00:15")


def test_the_sql_of_a_panel_is_copied(show: Callable[..., Page]) -> None:
    page = show(
        {**WORD, "sql": "SELECT $word AS word\nWHERE 1 < 2"},
        query="?var-word=it%27s",
        options={"permissions": ["clipboard-read", "clipboard-write"]},
    )
    page.get_by_text("SQL of Word").click()
    page.get_by_role("button", name="Copy SQL").click()
    expect(panel_of(page, "Word").get_by_role("status")).to_have_text("Copied")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert "SELECT 'it''s' AS word\nWHERE 1 < 2" == copied


def test_a_page_that_is_not_to_refresh_asks_once(
    show: Callable[..., Page], asked: list[str]
) -> None:
    page = show(COUNT, query="?refresh=0", refresh="1m")
    wind_up(page, asked)
    page.clock.fast_forward("10:00")
    page.evaluate("fetch('/static/icon.svg')")
    assert [] == asked


def test_a_hidden_page_rests_until_it_is_seen(show: Callable[..., Page], asked: list[str]) -> None:
    page = show(COUNT, query="?refresh=60")
    wind_up(page, asked)
    page.evaluate("Object.defineProperty(document, 'hidden', {value: true, configurable: true})")
    page.clock.fast_forward("10:00")
    page.evaluate("fetch('/static/icon.svg')")
    assert [] == asked
    page.evaluate("delete document.hidden")
    with page.expect_response("**/panels/Count?*"):
        page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")


def test_without_scripts_all_panels_are_on_one_page(show: Callable[..., Page]) -> None:
    page = show(COUNT, BARS, BROKEN, options={"java_script_enabled": False})
    page.get_by_role("link", name="all at once").click()
    expect(panel_of(page, "Count").get_by_role("definition")).to_be_visible()
    expect(panel_of(page, "Bars").get_by_role("img")).to_be_visible()
    expect(panel_of(page, "Broken").get_by_role("alert")).to_be_visible()
    page.get_by_role("link", name="15m").click()
    expect(panel_of(page, "Count").get_by_role("definition")).to_be_visible()


def test_everything_is_reached_by_the_keyboard(show: Callable[..., Page]) -> None:
    page = show(BARS, ROWS, query="?last=24h")
    wait_until_loaded(page)
    reached = []
    for _ in range(60):
        page.keyboard.press("Tab")
        words = page.evaluate(
            "(() => { const each = document.activeElement;"
            " if (each === document.body) return '';"
            " return (each.name || each.ariaLabel || each.textContent).trim(); })()"
        )
        if not words:
            break
        reached.append(words)
    wanted = ["Skip to content", "Dashboards", "24h", "from", "to", "var-word", "refresh", "Show"]
    wanted += ["Group", "Numbers of Bars", "SQL of Bars", "Rows of Rows", "SQL of Rows"]
    assert wanted == [each for each in dict.fromkeys(reached) if each in wanted]


def test_headings_are_in_order_and_controls_have_names(show: Callable[..., Page]) -> None:
    words = {"kind": "markdown", "name": "Words", "text": "# One\n\n## Two"}
    page = show(words, BARS, BROKEN, query="?last=24h", description="About")
    wait_until_loaded(page)
    levels = page.evaluate(
        "[...document.querySelectorAll('h1,h2,h3,h4,h5,h6')].map((each) => +each.tagName[1])"
    )
    assert 1 == levels.count(1) == levels[0]
    assert all(below - level <= 1 for level, below in pairwise(levels))
    nameless = page.evaluate(
        "[...document.querySelectorAll('input:not([type=hidden]),select')]"
        ".filter((each) => !each.labels.length).length"
    )
    assert 0 == nameless


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_only_the_theme_in_use_is_drawn(show: Callable[..., Page], scheme: str) -> None:
    page = show(BARS, options={"color_scheme": scheme})
    wait_until_loaded(page)
    used = page.evaluate("document.images[0].currentSrc")
    assert used.endswith(f"?theme={scheme}")
    asked = page.evaluate(
        "performance.getEntriesByType('resource').map((each) => each.name)"
        ".filter((each) => each.includes('/charts/'))"
    )
    assert {used} == set(asked)


def test_a_narrow_window_shows_all_of_it_without_sideways_scrolling(
    show: Callable[..., Page],
) -> None:
    page = show(COUNT, BARS, OVER_TIME, ROWS, BROKEN, options={"viewport": WIDTH})
    wait_until_loaded(page)
    assert WIDTH["width"] == page.evaluate("document.documentElement.scrollWidth")
    assert is_drawn(page)


def test_a_folded_group_is_asked_for_when_it_is_opened(show: Callable[..., Page]) -> None:
    groups = [{"title": "Folded", "open": False, "panels": [COUNT]}]
    page = show(groups=groups)
    expect(page.locator("[data-panel]")).to_have_count(1)
    assert 0 == page.locator("[data-panel][aria-busy]").count()
    page.get_by_text("Folded").click()
    expect(panel_of(page, "Count").get_by_role("definition")).to_be_visible()
    expect(page.get_by_role("status")).to_have_text("1 panel")


@pytest.mark.parametrize("query", ["?last=24h", "?last=24h&all=1"])
def test_nothing_that_strangers_wrote_runs(show: Callable[..., Page], query: str) -> None:
    shown = ({**each, "name": f"{each['name']} {HOSTILE}"} for each in (BARS, OVER_TIME, ROWS))
    error = {**BROKEN, "sql": 'SELECT "<script>alert(1)</script>" FROM records'}
    page = show(
        *shown,
        {**WORD, "description": HOSTILE},
        error,
        query=f"{query}&var-word=%3Cscript%3Ealert%601%60%3C/script%3E%22onfocus=%22alert%601%60",
        name=HOSTILE,
        description=HOSTILE,
    )
    wait_until_loaded(page)
    assert is_drawn(page)
    expect(page.get_by_role("heading", level=1)).to_have_text(HOSTILE)
    rows = panel_of(page, f"Rows {HOSTILE}")
    expect(rows.get_by_role("cell", name="<script>").first).to_be_visible()
    expect(panel_of(page, "Word")).to_contain_text("<script>alert`1`</script>")
    expect(panel_of(page, "Broken").get_by_role("alert")).to_contain_text("<script>")
    page.get_by_label("Span").focus()
    assert 0 == page.locator("[data-content] script, [data-content] img:not(.chart)").count()


def test_a_script_that_came_in_all_the_same_would_not_run(
    show: Callable[..., Page], browser: Browser
) -> None:
    url = show(COUNT).url
    # Not one of the pages that must have no violation.
    with contextlib.closing(browser.new_page()) as page:
        page.goto(url)
        refused = page.evaluate(
            "new Promise((done) => {"
            " document.addEventListener('securitypolicyviolation',"
            " (event) => done(event.effectiveDirective));"
            " const script = document.createElement('script');"
            " script.textContent = 'window.ran = 1'; document.body.append(script); })"
        )
        assert ("script-src-elem", False) == (refused, page.evaluate("'ran' in window"))
