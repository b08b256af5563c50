"""The stand-in for Slack, called as Slack is."""

from __future__ import annotations

import asyncio
import json
from contextlib import closing
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from starlette.applications import Starlette

from telemetry.errors import StoreUnavailable, StoreUnusable
from telemetry.slack.api import slack_routes
from telemetry.slack.inbox import MAX_MESSAGES, Inbox

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BOT = {"Authorization": "Bearer anything"}
BLOCK = {"type": "section", "text": {"type": "mrkdwn", "text": "hello"}}


@pytest.fixture
def inbox(tmp_path: Path) -> Iterator[Inbox]:
    with closing(Inbox(tmp_path / "slack" / "slack.db")) as opened:
        yield opened


class Client:
    """Post to the stand-in, each time in a loop of its own."""

    def __init__(self, inbox: Inbox) -> None:
        self._app = Starlette(routes=slack_routes(inbox))

    def post(self, path: str, **request: Any) -> httpx.Response:
        async def send() -> httpx.Response:
            transport = httpx.ASGITransport(self._app)
            url = "http://127.0.0.1:8642"
            async with httpx.AsyncClient(transport=transport, base_url=url) as client:
                return await client.post(path, **request)

        return asyncio.run(send())


@pytest.fixture
def client(inbox: Inbox) -> Client:
    return Client(inbox)


def call(client: Client, method: str, **body: Any) -> dict[str, Any]:
    response = client.post(f"/slack/api/{method}", json=body, headers=BOT)
    assert 200 == response.status_code
    answer: dict[str, Any] = response.json()
    return answer


def hook(client: Client, **request: Any) -> httpx.Response:
    return client.post("/slack/services/T0/B0/anything", **request)


def test_a_webhook_keeps_a_message(client: Client, inbox: Inbox) -> None:
    answer = hook(client, json={"text": "hello", "blocks": [BLOCK], "attachments": [{"a": 1}]})

    assert (200, "ok") == (answer.status_code, answer.text)
    [message] = inbox.messages()
    assert ("hello", (BLOCK,), ({"a": 1},)) == (message.text, message.blocks, message.attachments)
    assert ("webhook", None, ()) == (message.source, message.thread_ts, message.replies)


def test_a_webhook_takes_a_form_as_of_old(client: Client, inbox: Inbox) -> None:
    payload = json.dumps({"text": "hello", "channel": "#alerts"})

    assert "ok" == hook(client, data={"payload": payload}).text
    assert [("#alerts", "hello")] == [(each.channel, each.text) for each in inbox.messages()]


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"", "invalid_payload"),
        (b"{", "invalid_payload"),
        (b"[]", "invalid_payload"),
        (b'"text"', "invalid_payload"),
        (b'{"text": "\\ud800"}', "invalid_payload"),
        (b'{"text": "a", "attachments": [{"n": NaN}]}', "invalid_payload"),
        (b"[" * 100_000, "invalid_payload"),
        (b"{}", "no_text"),
        (b'{"text": ""}', "no_text"),
        (b'{"text": "a", "blocks": [{}]}', "invalid_blocks"),
    ],
)
def test_a_webhook_refuses_what_slack_refuses(
    client: Client, inbox: Inbox, body: bytes, told: str
) -> None:
    answer = hook(client, content=body, headers={"Content-Type": "application/json"})

    assert (400, told) == (answer.status_code, answer.text)
    assert [] == inbox.messages()


def test_a_bot_posts_replies_and_edits(client: Client, inbox: Inbox) -> None:
    root = call(client, "chat.postMessage", channel="C1", text="one")
    reply = call(client, "chat.postMessage", channel="C1", text="two", thread_ts=root["ts"])
    call(client, "chat.postMessage", channel="C1", text="three", thread_ts=reply["ts"])
    edited = call(client, "chat.update", channel="C1", ts=root["ts"], text="one, edited")

    assert (True, "C1", root["ts"]) == (edited["ok"], edited["channel"], edited["ts"])
    [thread] = inbox.messages()
    assert ("one, edited", root["ts"], "api") == (thread.text, thread.ts, thread.source)
    assert ["two", "three"] == [each.text for each in thread.replies]
    assert {root["ts"]} == {each.thread_ts for each in thread.replies}
    assert thread.edited_at is not None
    assert thread.edited_at >= thread.received_at


def test_a_bot_may_send_a_form(client: Client, inbox: Inbox) -> None:
    form = {"token": "anything", "channel": "C1", "blocks": json.dumps([BLOCK])}

    assert client.post("/slack/api/chat.postMessage", data=form).json()["ok"] is True
    assert [(BLOCK,)] == [each.blocks for each in inbox.messages()]


@pytest.mark.parametrize(
    ("method", "body", "error"),
    [
        ("chat.postMessage", {"text": "a"}, "channel_not_found"),
        ("chat.postMessage", {"channel": 5, "text": "a"}, "channel_not_found"),
        ("chat.postMessage", {"channel": "C1"}, "no_text"),
        ("chat.postMessage", {"channel": "C1", "text": 5}, "invalid_arguments"),
        ("chat.postMessage", {"channel": "C1", "text": "a" * 40_001}, "msg_too_long"),
        ("chat.postMessage", {"channel": "C1", "blocks": [BLOCK] * 51}, "invalid_blocks"),
        ("chat.postMessage", {"channel": "C1", "text": "a", "thread_ts": "1"}, "thread_not_found"),
        (
            "chat.postMessage",
            {"channel": "C1", "text": "a", "thread_ts": "9" * 40 + ".000001"},
            "thread_not_found",
        ),
        ("chat.update", {"channel": "C1", "text": "a"}, "message_not_found"),
        ("chat.update", {"channel": "C1", "text": "a", "ts": "1.000001"}, "message_not_found"),
    ],
)
def test_the_api_refuses_what_slack_refuses(
    client: Client, inbox: Inbox, method: str, body: dict[str, Any], error: str
) -> None:
    answer = call(client, method, **body)

    assert (False, error) == (answer["ok"], answer["error"])
    assert [] == inbox.messages()


def test_a_message_of_another_channel_is_not_edited(client: Client) -> None:
    posted = call(client, "chat.postMessage", channel="C1", text="one")

    answer = call(client, "chat.update", channel="C2", ts=posted["ts"], text="two")

    assert "message_not_found" == answer["error"]


@pytest.mark.parametrize(
    "headers", [{}, {"Authorization": "Bearer "}, {"Authorization": "Basic x"}]
)
def test_without_a_token_nothing_is_posted(
    client: Client, inbox: Inbox, headers: dict[str, str]
) -> None:
    body = {"channel": "C1", "text": "a"}
    answer = client.post("/slack/api/chat.postMessage", json=body, headers=headers).json()

    assert {"ok": False, "error": "not_authed"} == answer
    assert [] == inbox.messages()


def test_what_is_wrong_with_a_block_is_told_with_its_place(client: Client) -> None:
    blocks = [BLOCK, {"type": "header", "text": {"type": "plain_text", "text": "a" * 151}}]

    answer = call(client, "chat.postMessage", channel="C1", blocks=blocks)

    assert ["[ERROR] blocks[1]: text is a plain_text of 1 to 150 characters"] == (
        answer["response_metadata"]["messages"]
    )


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "evil.example"}, 400),
        ({"Origin": "https://evil.example"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
    ],
)
@pytest.mark.parametrize("path", ["/slack/services/a", "/slack/api/chat.postMessage"])
def test_no_other_site_can_post(
    client: Client, inbox: Inbox, path: str, headers: dict[str, str], status: int
) -> None:
    body = {"channel": "C1", "text": "a", "token": "t"}

    assert status == client.post(path, json=body, headers=headers).status_code
    assert [] == inbox.messages()


def test_a_body_of_more_than_a_megabyte_is_refused(client: Client, inbox: Inbox) -> None:
    assert 413 == hook(client, json={"text": "a" * 1_100_000}).status_code
    assert [] == inbox.messages()


def test_messages_outlive_the_process(tmp_path: Path) -> None:
    with closing(Inbox(tmp_path / "slack.db")) as inbox:
        posted = inbox.add("C1", {"text": "one"}, source="api")
        assert posted is not None
        inbox.add("C1", {"text": "two"}, source="api", thread_ts=posted.ts)

    with closing(Inbox(tmp_path / "slack.db")) as inbox:
        [thread] = inbox.messages()
        assert (posted.ts, ["two"]) == (thread.ts, [each.text for each in thread.replies])


def test_the_newest_threads_come_first_and_no_more_than_asked_for(inbox: Inbox) -> None:
    for number in range(5):
        inbox.add("C1", {"text": str(number)}, source="api")

    assert ["4", "3"] == [each.text for each in inbox.messages(2)]
    assert [] == inbox.messages(0)


def test_the_newest_thousand_messages_are_kept_and_a_reply_may_outlive_its_thread(
    inbox: Inbox,
) -> None:
    root = inbox.add("C1", {"text": "root"}, source="api")
    assert root is not None
    inbox.add("C1", {"text": "reply"}, source="api", thread_ts=root.ts)
    for number in range(MAX_MESSAGES - 1):
        inbox.add("C1", {"text": str(number)}, source="api")

    kept = inbox.messages()
    assert (MAX_MESSAGES, "reply", root.ts) == (len(kept), kept[-1].text, kept[-1].thread_ts)


def test_no_two_messages_have_the_same_name_even_if_the_clock_stands_still(
    inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.time_ns", lambda: 1_700_000_000_000_000_000)

    names = [message.ts for _ in range(3) if (message := inbox.add("C1", {}, source="api"))]

    assert ["1700000000.000000", "1700000000.000001", "1700000000.000002"] == names


def test_a_file_of_another_application_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "slack.db").write_bytes(b"something else, and quite long enough for a header" * 9)

    with pytest.raises(StoreUnusable, match=r"slack\.db cannot be opened"):
        Inbox(tmp_path / "slack.db")


def test_an_inbox_that_was_closed_says_so(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path / "slack.db")
    inbox.close()

    with pytest.raises(StoreUnavailable, match=r"cannot be read or written"):
        inbox.messages()
