"""What webhooks are sent: the formats, and Slack's limits whatever is in the rows."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telemetry.emulator.alerting.formats import choose_format, write_body
from telemetry.slack.limits import find_fault, measure

SLACK = "https://hooks.slack.com/services/T000/B000/XXXX"
NOTIFICATION: dict[str, Any] = {
    "type": "alert",
    "alert_id": "7e4f1d3c-0000-4000-8000-000000000000",
    "alert_name": "High error rate",
    "alert_description": "More than 10 errors in 5 minutes.",
    "organization_id": "o",
    "project_id": "p",
    "project_name": "local",
    "alert_url": None,
    "run_id": "r",
    "evaluated_at": "2026-01-05T12:06:00.000000Z",
    "window_start": "2026-01-05T12:00:00.000000Z",
    "window_end": "2026-01-05T12:05:00.000000Z",
    "has_matches": True,
    "had_matches": False,
    "notify_when": "has_matches_changed",
    "result_length": 2,
    "result": [
        {"service": "sourcing", "errors": 12, "kinds": ["a", "b"]},
        {"service": "doc-processing", "errors": 11, "kinds": None},
    ],
    "truncated": False,
    "error": None,
}


@pytest.mark.parametrize(
    ("url", "chosen"),
    [
        (SLACK, "slack-blockkit"),
        ("https://HOOKS.slack.com/workflows/T0/A0/1/x", "slack-blockkit"),
        ("https://hooks.slack-gov.com/services/T0/B0/x", "slack-blockkit"),
        ("https://hooks.slack.com/**********", "slack-blockkit"),
        ("http://proxy.internal/services/T000/B000/XXXX", "slack-blockkit"),
        ("http://127.0.0.1:8642/slack/s3cret", "slack-blockkit"),
        ("https://discord.com/api/webhooks/1/x/slack", "slack-blockkit"),
        ("https://hooks.slack.com.evil.example/x", "raw-data"),
        ("https://example.com/services/other", "raw-data"),
        ("https://example.com/slacker", "raw-data"),
        ("https://example.com/?to=/slack", "raw-data"),
    ],
)
def test_auto_is_blocks_where_an_address_looks_like_slacks(url: str, chosen: str) -> None:
    assert chosen == choose_format("auto", url)


@pytest.mark.parametrize("configured", ["raw-data", "slack-blockkit", "slack-legacy"])
def test_a_format_that_is_named_is_taken(configured: str) -> None:
    assert configured == choose_format(configured, SLACK)


def test_raw_data_is_the_notification_itself() -> None:
    assert NOTIFICATION == write_body("raw-data", NOTIFICATION)


def test_blocks_say_what_fires_and_show_the_rows() -> None:
    body = write_body("slack-blockkit", NOTIFICATION | {"alert_url": "http://h/?a=1&b=2"})

    assert {
        "text": "🔴 Firing: High error rate (2 rows)",
        "blocks": [
            {
                "type": "header",
                "text": {
                    "type": "plain_text",
                    "text": "🔴 Firing: High error rate",
                    "emoji": False,
                },
            },
            {
                "type": "section",
                "text": {
                    "type": "mrkdwn",
                    "text": "More than 10 errors in 5 minutes.",
                    "verbatim": True,
                },
            },
            {
                "type": "section",
                "text": {
                    "type": "mrkdwn",
                    "text": "```\n"
                    "service         errors  kinds\n"
                    'sourcing            12  ["a","b"]\n'
                    "doc-processing      11  -\n"
                    "```",
                    "verbatim": True,
                },
            },
            {
                "type": "context",
                "elements": [
                    {
                        "type": "mrkdwn",
                        "text": "2 rows · 2026-01-05 12:00:00 - 12:05:00 UTC"
                        " · <http://h/?a=1&amp;b=2|Open the alert> · local",
                        "verbatim": True,
                    }
                ],
            },
        ],
    } == body


def test_attachments_say_the_same() -> None:
    body = write_body("slack-legacy", NOTIFICATION)

    assert "🔴 Firing: High error rate (2 rows)" == body["text"]
    [attachment] = body["attachments"]
    assert attachment["text"].startswith("More than 10 errors in 5 minutes.\n```\nservice ")
    assert ("High error rate", "2026-01-05 12:00:00 - 12:05:00 UTC") == (
        attachment["title"],
        attachment["footer"],
    )


@pytest.mark.parametrize(
    ("had", "has", "mode", "told"),
    [
        (False, True, "has_matches_changed", "🔴 Firing"),
        (True, True, "has_matches", "🔴 Firing"),
        (True, False, "has_matches_changed", "🟢 Resolved"),
        (True, True, "matches_changed", "🟡 Changed"),
        (False, True, "matches_changed", "🔴 Firing"),
        (True, False, "matches_changed", "🟢 Resolved"),
    ],
)
@pytest.mark.parametrize("format_", ["slack-blockkit", "slack-legacy"])
def test_a_message_says_what_has_become_of_the_alert(
    had: bool,  # noqa: FBT001
    has: bool,  # noqa: FBT001
    mode: str,
    told: str,
    format_: str,
) -> None:
    body = write_body(
        format_,
        NOTIFICATION | {"had_matches": had, "has_matches": has, "notify_when": mode},
    )

    assert body["text"].startswith(f"{told}: ")


HOSTILE = st.text(
    st.one_of(
        st.sampled_from("&<>`*_~|!@#\n\r\t\x00\u202e\u200bâ€🔴漢"), st.characters(codec="utf-8")
    ),
    max_size=400,
)
VALUES = st.one_of(
    HOSTILE,
    HOSTILE.map(lambda text: text * 100),
    st.sampled_from(["```", "<!channel>", "<@U123>", "<http://evil|click>", "&lt;!here&gt;"]),
    st.none(),
    st.booleans(),
    st.integers(-(2**53), 2**53),
    st.floats(allow_nan=False, allow_infinity=False),
    st.lists(HOSTILE, max_size=3),
    st.dictionaries(HOSTILE, st.integers(0, 9), max_size=3),
)


@st.composite
def results(draw: st.DrawFn) -> list[dict[str, Any]]:
    names = draw(st.lists(HOSTILE, min_size=1, max_size=12, unique=True))
    count = draw(st.integers(0, 15))
    return [{name: draw(VALUES) for name in names} for _ in range(count)]


def texts_of(body: Any) -> list[tuple[str, str]]:
    """Return every text of a message after its kind."""
    if isinstance(body, list):
        return [text for each in body for text in texts_of(each)]
    if not isinstance(body, dict):
        return []
    own = (
        [(body["type"], body["text"])]
        if isinstance(body.get("text"), str) and "type" in body
        else []
    )
    return own + [text for each in body.values() for text in texts_of(each)]


def check_markup(text: str) -> None:
    """Make sure that nothing in a text means anything to Slack: no link, mention or entity cut."""
    assert "<" not in text
    assert ">" not in text
    assert [] == re.findall(r"&(?!(?:amp|lt|gt);)", text)


@given(results(), HOSTILE, st.one_of(st.none(), HOSTILE.map(lambda text: text * 50)))
def test_whatever_is_in_the_rows_slack_takes_the_message(
    rows: list[dict[str, Any]], name: str, description: str | None
) -> None:
    given_ = NOTIFICATION | {
        "alert_name": name or "x",
        "alert_description": description,
        "result": rows,
        "result_length": len(rows),
    }
    blocks, legacy = (write_body(each, given_) for each in ("slack-blockkit", "slack-legacy"))
    json.dumps([blocks, legacy]).encode()

    assert find_fault(blocks) is None
    for _, text in texts_of(blocks["blocks"]):
        check_markup(text)
    [attachment] = legacy["attachments"]
    assert measure(attachment["text"]) <= 3000
    for text in (blocks["text"], legacy["text"], attachment["text"], attachment["title"]):
        check_markup(text)
