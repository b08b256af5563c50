"""The list of alerts, over a running emulator."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

import pytest
from alert_console import browsing, serve
from alert_desk import BROKEN, NOTHING, TWO_ROWS, AlertDesk, started
from lxml import html
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route

from telemetry.console.alert_sentences import MARKS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import httpx

UNKNOWN = "5b1e2f43-6a5c-4b57-8e5e-1f1e6ad0a6c5"
LATER = "2100-01-01T00:00:00Z"
NAMES = {
    "firing": "it fires",
    "error": "it fails",
    "no data": "it was never run",
    "snoozed": "it sleeps",
    "ok": "all is well",
    "inactive": "it is off",
}


@pytest.fixture(scope="module")
def six() -> Iterator[AlertDesk]:
    """Give alerts of which each is in another state, on an emulator of their own."""
    with started("--no-alerts") as address:
        desk = AlertDesk(address)
        channel = desk.channel("http://127.0.0.1:9/", label="pager")
        snoozed = desk.alert(name=NAMES["snoozed"])
        desk.call("PUT", f"/emulator/v1/alerts/{snoozed}/snooze/", {"until": LATER})
        desk.alert(name=NAMES["inactive"], active=False)
        desk.alert(name=NAMES["no data"])
        for state, query in (("ok", NOTHING), ("error", BROKEN), ("firing", TWO_ROWS)):
            desk.run(desk.alert(channel, name=NAMES[state], query=query))
        yield desk
        desk.close()


@pytest.fixture
def browser(six: AlertDesk, tmp_path: Path) -> Iterator[httpx.Client]:
    with browsing(six.url, tmp_path) as client:
        yield client


def names_on(page: html.HtmlElement) -> list[str]:
    return [each.text_content() for each in page.xpath("//table/tbody/tr/th")]


def test_what_wants_to_be_looked_at_comes_first(browser: httpx.Client) -> None:
    page = html.fromstring(browser.get("/alerts").text)

    assert list(NAMES.values()) == names_on(page)
    states = [each.text_content().split(maxsplit=1)[1] for each in page.xpath("//tbody//td[1]")]
    assert list(NAMES) == [state.partition("until")[0].strip() for state in states]


def test_tiles_count_the_states_and_lead_to_them(browser: httpx.Client) -> None:
    page = html.fromstring(browser.get("/alerts").text)
    tiles = page.xpath("//ul[@class='tiles']//a")

    assert [str(len(MARKS)), *["1"] * len(MARKS)] == [
        tile.xpath("strong")[0].text for tile in tiles
    ]
    assert list(NAMES.values()) == [
        name
        for tile in tiles[1:]
        for name in names_on(html.fromstring(browser.get(tile.get("href")).text))
    ]


def test_a_row_tells_when_it_ran_and_what_of_whom(browser: httpx.Client, six: AlertDesk) -> None:
    page = html.fromstring(browser.get("/alerts", params={"state": "firing"}).text)

    [row] = page.xpath("//tbody/tr")
    [identifier] = [each.rpartition("/")[2] for each in row.xpath("th/a/@href")]
    last_run = six.standing(identifier)["last_run"][:19].replace("T", " ")
    assert [last_run, "-", "2", "pager"] == [
        each.text_content().strip() for each in row.xpath("td")[1:]
    ]
    assert ["page"] == page.xpath("//ul[@class='tiles']//a[contains(., 'firing')]/@aria-current")


def test_there_is_no_other_state(browser: httpx.Client) -> None:
    answer = browser.get("/alerts", params={"state": "on fire"})

    assert HTTPStatus.NOT_FOUND == answer.status_code
    assert "firing, error, no data, snoozed, ok, inactive" in answer.text


def test_a_page_without_alerts_says_how_to_have_some(tmp_path: Path) -> None:
    with started() as address, browsing(address, tmp_path) as browser:
        assert "No alerts are applied" in browser.get("/alerts").text


def test_alerts_that_run_by_themselves_tell_when(tmp_path: Path) -> None:
    with started() as address, browsing(address, tmp_path) as browser:
        desk = AlertDesk(address)
        next_run = desk.standing(desk.alert())["next_run"]
        desk.close()

        [row] = html.fromstring(browser.get("/alerts").text).xpath("//tbody/tr")

    assert next_run[:19].replace("T", " ") == row.xpath("td")[2].text


def test_an_emulator_that_is_gone_is_named(tmp_path: Path) -> None:
    with started() as address:
        pass
    with browsing(address, tmp_path) as browser:
        for answer in (
            browser.get("/alerts"),
            browser.get(f"/alerts/{UNKNOWN}"),
            browser.post(f"/alerts/{UNKNOWN}/run"),
        ):
            page = html.fromstring(answer.text)
            assert HTTPStatus.SERVICE_UNAVAILABLE == answer.status_code
            assert "The alerts are out of reach" == page.xpath("//h1")[0].text
            told = page.xpath("//p[@role='alert']")[0].text
            assert f"The Logfire emulator at {address} does not answer" in told


def test_a_server_that_is_no_emulator_is_named(tmp_path: Path) -> None:
    app = Starlette(routes=[Route("/{path:path}", lambda _: JSONResponse([{"id": 5}]))])
    with serve(app) as address, browsing(address, tmp_path) as browser:
        answer = browser.get("/alerts")

    assert HTTPStatus.SERVICE_UNAVAILABLE == answer.status_code
    assert "answers otherwise than this release of the Logfire emulator" in answer.text


def test_a_refused_token_is_told(tmp_path: Path) -> None:
    with (
        started("--token", "right") as address,
        browsing(address, tmp_path, token="wrong") as browser,
    ):
        answer = browser.get("/alerts")

    assert HTTPStatus.UNAUTHORIZED == answer.status_code
    assert "Invalid token" in answer.text


def test_a_list_refreshes_only_when_asked_to(browser: httpx.Client) -> None:
    still = html.fromstring(browser.get("/alerts", params={"state": "ok"}).text)
    [on] = still.xpath("//p[@data-refresh]/a[contains(., 'every')]/@href")
    live = html.fromstring(browser.get(on).text)

    assert [] == still.xpath("//script")
    assert ["/static/live.js"] == live.xpath("//script/@src")
    assert [NAMES["ok"]] == names_on(live)
    assert ["/alerts?state=ok"] == live.xpath("//p[@data-refresh]/a[contains(., 'Stop')]/@href")
