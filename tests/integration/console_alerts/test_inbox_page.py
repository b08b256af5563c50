"""The page of what the stand-in for Slack was sent."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from lxml import html

from telemetry.console.inbox import SHOWN

if TYPE_CHECKING:
    import httpx


def call(console: httpx.Client, method: str, **body: Any) -> str:
    answer = console.post(
        f"/slack/api/{method}", json=body, headers={"Authorization": "Bearer any"}
    ).json()
    assert answer["ok"], answer
    return str(answer["ts"])


def threads(console: httpx.Client, **query: str) -> list[html.HtmlElement]:
    answer = console.get("/slack", params=query)
    assert HTTPStatus.OK == answer.status_code
    return list(html.fromstring(answer.text).xpath("//article"))


def test_an_empty_inbox_says_how_to_fill_it(console: httpx.Client) -> None:
    page = html.fromstring(console.get("/slack").text)

    assert "No message so far" in page.xpath("//p[@role='status']")[0].text


def test_threads_are_shown_as_in_slack_the_newest_first(console: httpx.Client) -> None:
    console.post("/slack/services/T/B/x", json={"text": "by *webhook*"}).raise_for_status()
    first = call(console, "chat.postMessage", channel="pipeline", text="open")
    call(console, "chat.postMessage", channel="pipeline", text="still", thread_ts=first)
    call(console, "chat.update", channel="pipeline", ts=first, text="_closed_")

    [newest, oldest] = threads(console)

    assert ["#pipeline", "#incoming-webhook"] == [
        each.xpath("h2")[0].text_content() for each in (newest, oldest)
    ]
    assert ["closed", "still"] == [
        each.text_content() for each in newest.xpath(".//div[@class='slack-section']")
    ]
    assert ["1 reply"] == [each.text for each in newest.xpath(".//summary")]
    assert [True, False] == [
        "edited" in each.text_content() for each in newest.xpath(".//p[@class='who']")
    ]
    assert ["bot", "bot", "incoming webhook"] == [
        each.text for part in (newest, oldest) for each in part.xpath(".//p[@class='who']/strong")
    ]
    assert ["webhook"] == [each.text for each in oldest.xpath(".//div/strong")]


def test_older_threads_are_shown_when_asked_for(console: httpx.Client) -> None:
    for number in range(SHOWN + 1):
        call(console, "chat.postMessage", channel="c", text=f"n{number}")

    page = html.fromstring(console.get("/slack").text)

    assert SHOWN == len(page.xpath("//article"))
    [everything] = page.xpath("//a[contains(., 'Show all')]/@href")
    assert SHOWN + 1 == len(html.fromstring(console.get(everything).text).xpath("//article"))
