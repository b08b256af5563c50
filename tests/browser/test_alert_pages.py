"""The pages of alerts and of Slack in a real browser."""

from __future__ import annotations

import secrets
from contextlib import closing
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from telemetry.console.alerts import alerts_section
from telemetry.console.emulator import Emulator
from telemetry.console.inbox import inbox_section
from telemetry.slack.inbox import Inbox

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from playwright.sync_api import Locator, Page

    from telemetry.console import Section

HOSTILE = (
    "</title><script>alert(1)</script><img src=x onerror=alert(2)><svg onload=alert(3)>"
    "<style>*{color:red}</style><a href='javascript:alert(4)'>x</a><b style='color:red'>"
)


@pytest.fixture
def api(emulator: str) -> Iterator[httpx.Client]:
    headers = {"Authorization": "Bearer any"}
    with httpx.Client(base_url=emulator, headers=headers, timeout=60) as client:
        yield client


@pytest.fixture
def console(
    emulator: str, tmp_path: Path, serve: Callable[[Sequence[Section]], str]
) -> Iterator[str]:
    """Serve the pages, and give their URL."""
    with closing(Inbox(tmp_path / "slack.db")) as inbox:
        yield serve([alerts_section(Emulator(emulator, "any")), inbox_section(inbox)])


def make_alert(api: httpx.Client, **changes: Any) -> str:
    """Make an alert that fires when it is run, which is only by hand."""
    [project] = api.get("/api/v1/projects/").json()
    body = {
        "name": f"alert {secrets.token_hex(8)}",
        "query": "SELECT 1 AS n",
        "time_window": "PT1H",
        "frequency": "PT24H",
        **changes,
    }
    answer = api.post(f"/api/v1/projects/{project['id']}/alerts/", json=body)
    return str(answer.raise_for_status().json()["id"])


def run(api: httpx.Client, alert: str) -> None:
    api.post(f"/emulator/v1/alerts/{alert}/run/").raise_for_status()


def go_to(page: Page, target: Locator) -> None:
    """Press Tab until something has the focus."""
    for _ in range(60):
        page.keyboard.press("Tab")
        if target.evaluate("each => each === document.activeElement"):
            return
    raise AssertionError("the focus does not get there")


def test_hostile_alerts_and_messages_do_nothing(
    api: httpx.Client, console: str, open_page: Callable[..., Page]
) -> None:
    text = HOSTILE.replace("'", "''")
    alert = make_alert(api, name=HOSTILE, description=HOSTILE, query=f"SELECT '{text}' AS trace_id")
    run(api, alert)
    httpx.post(f"{console}/slack/services/T/B/x", json={"text": HOSTILE}).raise_for_status()

    for path in ("/alerts?refresh=10", f"/alerts/{alert}?refresh=10", "/slack?refresh=10"):
        page = open_page(console + path)
        page.wait_for_load_state("networkidle")
        assert page.get_by_text("<script>alert(1)</script>").count()
        # What the page itself may not notice: an address that a click would run.
        assert 0 == page.locator("a[href^='javascript:']").count()


def test_an_alert_is_snoozed_and_woken_by_keyboard(
    api: httpx.Client, console: str, open_page: Callable[..., Page]
) -> None:
    alert = make_alert(api)
    run(api, alert)
    page = open_page(f"{console}/alerts")

    go_to(page, page.locator(f"a[href='/alerts/{alert}']"))
    page.keyboard.press("Enter")
    page.wait_for_url(f"{console}/alerts/{alert}")
    go_to(page, page.get_by_role("button", name="4 hours"))
    page.keyboard.press("Enter")
    page.wait_for_url("**done=snoozed*")

    assert "snoozed" == api.get(f"/emulator/v1/alerts/{alert}/").json()["state"]
    assert page.locator(".summary").get_by_text("Snoozed until").is_visible()
    # What was done is where the keyboard goes on from.
    assert "told" == page.evaluate("document.activeElement.id")

    go_to(page, page.get_by_role("button", name="Unsnooze"))
    page.keyboard.press("Enter")
    page.wait_for_url("**done=woken*")

    assert "firing" == api.get(f"/emulator/v1/alerts/{alert}/").json()["state"]


def test_a_page_that_refreshes_shows_what_is_new_and_disturbs_nobody(
    api: httpx.Client, console: str, open_page: Callable[..., Page]
) -> None:
    alert = make_alert(api)
    run(api, alert)
    page = open_page(f"{console}/slack")
    page.clock.install()
    page.goto(f"{console}/alerts/{alert}?refresh=10")
    runs = page.locator(".runs > tbody > tr")
    page.locator(".runs details summary").click()  # closes what is open at first
    page.locator("h1").click()
    page.get_by_role("button", name="Run now").focus()
    api.put(
        f"/emulator/v1/alerts/{alert}/snooze/", json={"until": "2100-01-01T00:00:00Z"}
    ).raise_for_status()
    run(api, alert)
    assert 1 == runs.count()

    page.clock.run_for(11_000)
    runs.nth(1).wait_for()

    assert [True, False] == page.locator(".runs details").evaluate_all(
        "all => all.map((each) => each.open)"
    )
    assert page.locator(".summary").get_by_text("Snoozed until").is_visible()
    focused = page.evaluate("document.activeElement.textContent")
    assert ("Run now", 0) == (focused, page.get_by_role("button", name="Unsnooze").count())

    page.get_by_role("link", name="Stop refreshing").focus()
    page.clock.run_for(11_000)
    page.get_by_role("button", name="Unsnooze").wait_for()


def test_a_page_that_refreshes_says_when_the_emulator_is_gone(
    console: str, open_page: Callable[..., Page]
) -> None:
    page = open_page(f"{console}/slack")
    page.clock.install()
    page.goto(f"{console}/alerts?refresh=10")
    page.route("**/alerts**", lambda route: route.abort())

    page.clock.run_for(11_000)

    page.get_by_text("The console does not answer").wait_for()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_fit_a_narrow_screen_in_either_scheme(
    api: httpx.Client, console: str, open_page: Callable[..., Page], scheme: str
) -> None:
    url = f"{console}/slack/services/T/B/{'x' * 60}"
    config = {"type": "webhook", "format": "slack-blockkit", "url": url}
    channel = api.post(
        "/api/v1/channels/", json={"label": f"hook {scheme}", "config": config}
    ).json()["id"]
    alert = make_alert(
        api,
        name=f"{scheme} {'W' * 120}",
        query="SELECT " + ", ".join(f"repeat('x', 60) AS c{n}" for n in range(9)),
        channel_assignments=[{"channel_id": channel}],
    )
    run(api, alert)

    for path in ("/alerts", f"/alerts/{alert}", "/slack"):
        page = open_page(
            console + path, viewport={"width": 400, "height": 800}, color_scheme=scheme
        )
        assert 400 == page.evaluate("document.documentElement.scrollWidth")
