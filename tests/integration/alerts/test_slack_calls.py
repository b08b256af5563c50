"""What is made of Slack's answers, and of a Slack that is not there."""

from __future__ import annotations

import logging
import socket
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from alert_service import Service, alert_service
from alert_world import CHANNEL, TOKEN, SlackServer, notification, send, slack_server

from functions.alerts.incidents import INCIDENTS
from functions.alerts.posting import POSTINGS
from functions.runtime.failed_tasks.documents import FAILED_TASKS
from functions.runtime.outbox import OUTBOX
from functions.runtime.receipts import RECEIPTS
from telemetry.slack.api import WEBHOOK_CHANNEL

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from telemetry.testing import CapturedTelemetry

pytest_plugins = ["telemetry.testing"]

WEBHOOK = "T0/B0/a-secret-of-the-incoming-webhook"


@pytest.fixture
def slack(tmp_path: Path) -> Iterator[SlackServer]:
    with slack_server(tmp_path) as server:
        yield server


def bot(slack: SlackServer) -> dict[str, Any]:
    return {"slack_token": TOKEN, "slack_channel": CHANNEL, "slack_api": slack.api}


def fire(service: Service, run: str = "1", **fields: Any) -> None:
    assert 202 == send(service.url, notification("Spike", run, **fields)).status_code


@pytest.mark.parametrize(
    ("answer", "status", "after"),
    [
        ((429, {"Retry-After": "30"}), 503, timedelta(seconds=30)),
        ((429, {"Retry-After": "999999999"}), 503, timedelta(hours=1)),
        ((429, {"Retry-After": "soon"}), 500, None),
        ((500, {}), 500, None),
        ((503, {"Retry-After": "5"}), 503, timedelta(seconds=5)),
        ((200, {}), 500, None),  # no JSON: something between here and Slack
    ],
)
def test_a_slack_that_is_busy_is_left_alone_for_as_long_as_it_asks(
    tmp_path: Path,
    slack: SlackServer,
    answer: tuple[int, dict[str, str]],
    status: int,
    after: timedelta | None,
) -> None:
    with alert_service(tmp_path, **bot(slack)) as service:
        fire(service)
        slack.faults.waiting.append(answer)

        [refused] = service.deliver()
        assert (status, after) == (refused.status, refused.retry_after)
        assert [] == service.documents(POSTINGS)
        [taken] = service.deliver(attempt=2)
        assert (200, 1) == (taken.status, len(slack.inbox.messages()))


@pytest.mark.parametrize("status", [301, 400, 403, 404, 410])
def test_a_slack_that_says_no_makes_a_failed_task(
    tmp_path: Path, slack: SlackServer, status: int
) -> None:
    with alert_service(tmp_path, **bot(slack)) as service:
        fire(service)
        slack.faults.waiting.append((status, {"Location": "http://127.0.0.1:9/"}))

        service.deliver()

        [failed] = service.documents(FAILED_TASKS)
        assert ("PermanentError", "post_incident") == (
            failed["error_type"],
            failed["pipeline_stage"],
        )
        assert (
            f"chat.postMessage of Slack answered {status}: out of order"
            in (failed["error_message"])
        )


def test_a_message_that_is_gone_makes_a_failed_task_that_says_where_to_read(
    tmp_path: Path, slack: SlackServer
) -> None:
    with alert_service(tmp_path, **bot(slack)) as service:
        fire(service)
        service.deliver()
        # As if somebody had deleted the channel's messages.
        with slack.inbox._transaction() as connection:
            connection.execute("DELETE FROM messages")
        fire(service, "2", minute=5, has_matches=False)
        service.deliver()

        [failed] = service.documents(FAILED_TASKS)
        assert (
            "chat.update of Slack answered message_not_found: see https://docs.slack.dev/"
            in (failed["error_message"])
        )


def test_a_slack_that_refuses_connections_is_called_again(
    tmp_path: Path, slack: SlackServer
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        nowhere = f"http://127.0.0.1:{closed.getsockname()[1]}/slack/api"
    with alert_service(tmp_path, **bot(slack) | {"slack_api": nowhere}) as service:
        fire(service)
        [refused] = service.deliver()

        assert (500, "chat.postMessage of Slack cannot be reached: ConnectionError") == (
            refused.status,
            refused.message,
        )
        service.runtime.settings = service.runtime.settings.model_copy(
            update={"slack_api": slack.api}
        )
        [taken] = service.deliver(attempt=2)
        assert (200, 1) == (taken.status, len(slack.inbox.messages()))


def test_each_task_makes_one_call_and_the_next_goes_on(tmp_path: Path, slack: SlackServer) -> None:
    with alert_service(tmp_path, **bot(slack)) as service:
        fire(service)
        service.deliver()
        fire(service, "2", minute=5, had_matches=True)
        fire(service, "3", minute=10, has_matches=False)

        calls = []
        while service.documents(OUTBOX):
            before = slack.faults.calls
            answers = service.deliver()
            calls.append((len(answers), slack.faults.calls - before))

        # Two tasks, of which the first shows the end and the second tells it; the one that the
        # first sent on has nothing left to tell.
        assert [(2, 2), (1, 0)] == calls
        [thread] = slack.inbox.messages()
        assert ["Resolved after 10 min, 2 runs with matches."] == [
            reply.text for reply in thread.replies
        ]


def test_an_incident_that_is_deleted_is_told_of_in_the_failed_task(
    tmp_path: Path, slack: SlackServer
) -> None:
    with alert_service(tmp_path, **bot(slack)) as service:
        headers = {"X-CloudTasks-TaskName": "t1"}
        service.runtime.handle("dpl_post_incident", headers, b'{"incident_id": "gone"}')

        [failed] = service.documents(FAILED_TASKS)
        assert "no incident 'gone': was it deleted?" == failed["error_message"]


def test_an_incoming_webhook_posts_the_beginning_and_the_end(
    tmp_path: Path, slack: SlackServer
) -> None:
    url = f"{slack.url}/slack/services/{WEBHOOK}"
    with alert_service(tmp_path, slack_webhook_url=url) as service:
        fire(service)
        fire(service, "2", minute=5, had_matches=True)
        fire(service, "3", minute=10, has_matches=False)
        while service.documents(OUTBOX):
            service.deliver()
        fire(service, "4", minute=20)
        service.deliver()
        fire(service, "5", minute=25, had_matches=True)
        service.deliver()
        fire(service, "6", minute=30, has_matches=False)
        service.deliver()

        messages = slack.inbox.messages()
        assert ["🟢 Resolved: Spike", "🔴 Firing: Spike", "🟢 Resolved: Spike"] == [
            message.text for message in messages
        ]
        assert {(WEBHOOK_CHANNEL, "webhook", ())} == {
            (message.channel, message.source, message.replies) for message in messages
        }


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({}, "Slack is not set up: set MYSTAGE_SLACK_TOKEN and MYSTAGE_SLACK_CHANNEL, or"),
        ({"slack_token": TOKEN}, "MYSTAGE_SLACK_TOKEN is set and MYSTAGE_SLACK_CHANNEL is not"),
        (
            {"slack_token": TOKEN + "\n", "slack_channel": "C1"},
            "MYSTAGE_SLACK_TOKEN is no token: it has blanks or ends of lines",
        ),
        (
            {"slack_token": TOKEN, "slack_channel": "C1", "slack_api": "http://slack.example"},
            "MYSTAGE_SLACK_API has to be an https URL, or one of this machine",
        ),
        (
            {"slack_webhook_url": f"ftp://slack.example/{WEBHOOK}"},
            "MYSTAGE_SLACK_WEBHOOK_URL has to be an https URL, or one of this machine",
        ),
    ],
)
def test_a_slack_that_is_not_set_up_makes_a_failed_task_that_says_what_to_set(
    tmp_path: Path, settings: dict[str, str], told: str
) -> None:
    with alert_service(tmp_path, **settings) as service:
        fire(service)
        service.deliver()

        [failed] = service.documents(FAILED_TASKS)
        assert failed["error_message"].startswith(told)
        assert [] == [value for value in settings.values() if value in failed["error_message"]]


def test_the_token_and_the_webhook_are_in_no_document_log_or_span(
    tmp_path: Path,
    slack: SlackServer,
    caplog: pytest.LogCaptureFixture,
    captured_telemetry: CapturedTelemetry,
) -> None:
    caplog.set_level(logging.DEBUG)
    for number, settings in enumerate(
        (bot(slack), {"slack_webhook_url": f"{slack.url}/slack/services/{WEBHOOK}"})
    ):
        folder = tmp_path / str(number)
        folder.mkdir()
        with alert_service(folder, **settings) as service:
            fire(service)
            slack.faults.waiting += [(500, {}), (403, {})]
            service.deliver()
            service.deliver(attempt=2)
            collections = (INCIDENTS, POSTINGS, OUTBOX, RECEIPTS, FAILED_TASKS)
            told = repr([service.documents(each) for each in collections])
            assert "answered 403" in told
            assert (False, False) == (TOKEN in told, WEBHOOK in told)
            assert (False, False) == (
                TOKEN in repr(service.runtime.settings),
                WEBHOOK in repr(service.runtime.settings),
            )

    spans = "".join(span.to_json() for span in captured_telemetry.raw_spans)
    assert "process post_incident" in spans
    assert (False, False) == (TOKEN in spans + caplog.text, WEBHOOK in spans + caplog.text)
