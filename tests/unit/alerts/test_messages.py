"""Messages: what they say, and that nothing foreign in them does more than be read."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from incident_making import make_incident, minute

from functions.alerts.messages import (
    Message,
    describe_incident,
    show_duration,
    tell_of_end,
    tell_of_more_runs,
)
from functions.runtime.settings import Settings
from telemetry.slack.limits import find_fault

CONSOLE = Settings(console_url="https://console.example/")
TRACE = "0af7651916cd43dd8448eb211c80319c"
OWN_MARKUP = re.compile(
    r"<https://console\.example/[A-Za-z0-9/_?=%.-]*\|[A-Za-z0-9_ ]+>"
    r"|<!date\^\d+\^\{date_short_pretty\} \{time_secs\}\|[0-9: -]+ UTC>"
)
HOSTILE = [
    "<!channel> <!here> @here @channel <@U123>",
    "<https://evil.example|Sign in again>",
    "https://evil.example/ <javascript:alert(1)>",
    "&lt;script&gt;alert(1)&lt;/script&gt; <script>",
    "*bold* _italic_ `code` ```block``` ~gone~",
    "\u202egnp.exe \x00\x1b[31m\n\n> quote",
    "&" * 5_000,
    "\U0001f600" * 5_000,
    "|" * 300,
]


def texts(message: Message) -> list[tuple[str, str]]:
    """Return the type and the text of all text objects and rich texts."""
    found: list[tuple[str, str]] = []

    def look(value: Any) -> None:
        if isinstance(value, dict):
            if isinstance(value.get("text"), str):
                found.append((value["type"], value["text"]))
            for each in value.values():
                look(each)
        elif isinstance(value, list):
            for each in value:
                look(each)

    look(message.blocks)
    return found


def marked_up(message: Message) -> str:
    return "\n".join(text for kind, text in texts(message) if kind == "mrkdwn")


def test_a_message_says_what_fired_since_when_and_what_to_do() -> None:
    message = describe_incident(make_incident(), CONSOLE)

    assert "🔴 Firing: Spike" == message.text
    assert [
        ("plain_text", "🔴 Firing: Spike"),
        ("plain_text", "Look at the failed tasks."),
    ] == texts(message)[:2]
    assert (
        "*Since*\n<!date^1772366400^{date_short_pretty} {time_secs}|2026-03-01 12:00:00 UTC>"
        in (marked_up(message))
    )
    assert ("text", "stage     dead_letters\nsourcing             6") in texts(message)


def test_a_message_links_to_the_alert_the_traces_and_the_failed_tasks_of_its_rows() -> None:
    rows = [
        {"stage": "sourcing", "trace_id": TRACE},
        {"stage": "sourcing", "trace_id": TRACE.upper()},
        {"stage": "a&status=resolved", "trace_id": "../../etc"},
        {"stage": "syncing", "trace_id": None},
    ]
    message = describe_incident(make_incident(rows), CONSOLE)

    assert [
        "<https://console.example/alerts/a-1|Alert>",
        "<https://console.example/dashboards/|Dashboards>",
        f"<https://console.example/traces/{TRACE}|Trace 0af76519>",
        "<https://console.example/failed-tasks?stage=sourcing|Failed tasks of sourcing>",
        "<https://console.example/failed-tasks?stage=syncing|Failed tasks of syncing>",
    ] == re.findall(r"<http[^>]*>", marked_up(message))


def test_the_page_of_failed_tasks_may_be_elsewhere() -> None:
    elsewhere = CONSOLE.model_copy(update={"failed_tasks_url": "https://admin.example/f?env=1"})

    message = describe_incident(make_incident(), elsewhere)

    assert "<https://admin.example/f?env=1&amp;stage=sourcing|" in marked_up(message)


def test_a_message_of_many_rows_says_how_many_there_are() -> None:
    message = describe_incident(make_incident([{"n": 1}] * 30, matches=1_034), CONSOLE)

    assert "10 of 1,034 matches" in marked_up(message)


def test_an_incident_that_is_over_shows_for_how_long_it_lasted() -> None:
    incident = make_incident(resolved_at=minute(125.5), runs=3)

    message = describe_incident(incident, CONSOLE)

    assert "🟢 Resolved: Spike" == message.text
    assert "*Resolved*\n<!date^1772373930^" in marked_up(message)
    assert "after 2 h 5 min" in marked_up(message)
    assert "Resolved after 2 h 5 min, 3 runs with matches." == tell_of_end(incident).text


def test_an_end_that_nobody_told_is_between_two_times() -> None:
    message = tell_of_end(make_incident(resolved_at=minute(30), seen_clear=False))

    assert message.text.startswith("Resolved after 0 s to 30 min, 1 run with matches. The alert")


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (-5, "0 s"),
        (0, "0 s"),
        (59.4, "59 s"),
        (60, "1 min"),
        (119, "1 min 59 s"),
        (3_600, "1 h"),
        (3_659, "1 h"),
        (90_000, "1 d 1 h"),
    ],
)
def test_durations_are_in_their_two_largest_units(seconds: float, shown: str) -> None:
    assert shown == show_duration(timedelta(seconds=seconds))


@settings(max_examples=150, deadline=None)
@given(
    title=st.one_of(st.sampled_from(HOSTILE), st.text(max_size=400)),
    description=st.one_of(st.sampled_from(HOSTILE), st.text(max_size=4_000)),
    project=st.one_of(st.sampled_from(HOSTILE), st.text(max_size=400)),
    alert_id=st.one_of(st.sampled_from(HOSTILE), st.text(max_size=200)),
    rows=st.lists(
        st.dictionaries(
            st.one_of(st.sampled_from(["stage", "trace_id", *HOSTILE]), st.text(max_size=90)),
            st.one_of(
                st.sampled_from(HOSTILE),
                st.text(max_size=500),
                st.none(),
                st.booleans(),
                st.integers(),
                st.floats(),
                st.lists(st.text(max_size=20), max_size=3),
            ),
            max_size=20,
        ),
        max_size=40,
    ),
    over=st.booleans(),
)
def test_whatever_is_told_slack_takes_it_and_nothing_foreign_notifies_or_links(  # noqa: PLR0913
    title: str,
    description: str,
    project: str,
    alert_id: str,
    rows: list[dict[str, Any]],
    *,
    over: bool,
) -> None:
    incident = make_incident(
        rows,
        title=title,
        description=description,
        project=project,
        alert_id=alert_id,
        resolved_at=minute(5) if over else None,
    )
    messages = [describe_incident(incident, CONSOLE), tell_of_more_runs(incident)]
    if over:
        messages.append(tell_of_end(incident))

    for message in messages:
        assert find_fault({"text": message.text, "blocks": message.blocks}) is None
        assert len(json.dumps(message.blocks)) < 100_000
        assert "<" not in message.text
        for kind, text in texts(message):
            left = OWN_MARKUP.sub("", text) if kind == "mrkdwn" else text
            assert kind == "text" or not set("<>") & set(left)
            assert not re.search(r"[\x00-\x08\x0b-\x1f\u202a-\u202e]", text)
        written = json.dumps(message.blocks)
        assert written.count('"type": "mrkdwn"') == written.count('"verbatim": true')
