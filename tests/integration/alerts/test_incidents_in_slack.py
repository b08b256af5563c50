"""An alert's way to Slack: webhook, documents, queue, worker, and Slack over HTTP."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from alert_world import (
    CHANNEL,
    SECRET,
    TOKEN,
    SlackServer,
    notification,
    send,
    slack_server,
    wait_until,
)
from pydantic import SecretStr

from functions.embedded.session import embedded_session
from functions.runtime.failed_tasks.documents import FAILED_TASKS
from functions.runtime.receipts import RECEIPTS
from functions.runtime.settings import Settings
from functions.runtime.store import Filter

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from functions.embedded.session import Session
    from telemetry.slack.inbox import Message


@dataclass
class World:
    """Hold the embedded pipeline and Slack's stand-in."""

    session: Session
    slack: SlackServer
    data: Path

    def send(self, title: str, run: str, **fields: object) -> None:
        body = notification(title, run, **fields)  # type: ignore[arg-type]
        response = send(self.session.runtime.settings.base_url, body)
        assert 202 == response.status_code, response.text

    def count_third_attempts(self) -> int:
        """Return how many tasks were done when Slack was called for the third time."""
        where = [Filter("stage", "==", "post_incident"), Filter("attempts", "==", 3)]
        return self.session.runtime.store.count(RECEIPTS, where=where)

    def failed(self, text: str) -> list[str]:
        tasks = self.session.runtime.store.query(
            FAILED_TASKS, where=[Filter("pipeline_stage", "==", "post_incident")]
        )
        messages = (task.data["error_message"] for task in tasks)
        return [message for message in messages if text in message]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("alerts")
    with slack_server(folder) as slack:
        settings = Settings(
            profile="embedded",
            data=folder / "data",
            alert_webhook_secret=SecretStr(SECRET),
            slack_token=SecretStr(TOKEN),
            slack_channel=CHANNEL,
            slack_api=slack.api,
            slack_timeout=0.5,
        )
        with embedded_session(settings, processes=1) as session:
            yield World(session, slack, folder / "data")


def header(message: Message) -> str:
    return str(message.blocks[0]["text"]["text"])


def test_an_alert_that_fires_is_a_message_with_what_to_do_the_rows_and_links(world: World) -> None:
    world.send("Spike", "spike-1")

    [root] = world.slack.wait_for("Spike", lambda seen: len(seen) == 1)
    assert (CHANNEL, "🔴 Firing: Spike") == (root.channel, header(root))
    shown = json.dumps(root.blocks)
    assert "Look at the failed tasks." in shown
    assert "stage     dead_letters\\nsourcing             6" in shown
    assert "http://127.0.0.1:8642/failed-tasks?stage=sourcing|Failed tasks of sourcing" in shown


def test_a_run_that_is_told_twice_is_told_once_to_slack(world: World) -> None:
    world.send("Twice", "twice-1")
    world.slack.wait_for("Twice", lambda seen: len(seen) == 1)
    world.send("Twice", "twice-1")
    world.send("Another", "another-1")

    world.slack.wait_for("Another", lambda seen: len(seen) == 1)
    [root] = world.slack.threads("Twice")
    assert () == root.replies


def test_runs_that_go_on_matching_are_one_reply_that_is_kept_up_to_date(world: World) -> None:
    world.send("Going on", "going-on-1", minute=1)
    world.slack.wait_for("Going on", lambda seen: len(seen) == 1)
    for number in range(2, 5):
        world.send("Going on", f"going-on-{number}", minute=number, had_matches=True)
        text = f"Still firing: {number} runs"
        world.slack.wait_for(
            "Going on", lambda seen, text=text: text in [each.text for each in seen[0].replies]
        )

    [root] = world.slack.threads("Going on")
    assert ["Still firing: 4 runs"] == [reply.text for reply in root.replies]


def test_the_end_is_shown_by_the_message_and_told_in_its_thread(world: World) -> None:
    world.send("Over", "over-1", minute=1)
    world.slack.wait_for("Over", lambda seen: len(seen) == 1)
    world.send("Over", "over-2", minute=15, has_matches=False)

    [root] = world.slack.wait_for("Over", lambda seen: seen and seen[0].replies)
    assert "🟢 Resolved: Over" == header(root)
    assert "after 14 min" in json.dumps(root.blocks)
    assert ["Resolved after 14 min, 1 run with matches."] == [each.text for each in root.replies]
    assert root.edited_at is not None


def test_the_next_incident_of_an_alert_is_a_thread_of_its_own(world: World) -> None:
    for number in (0, 1):
        world.send("Again", f"again-{number}-on", minute=10 * number)
        world.send("Again", f"again-{number}-off", minute=10 * number + 5, has_matches=False)
        world.slack.wait_for(
            "Again", lambda seen, number=number: len(seen) > number and seen[number].replies
        )

    assert ["🟢 Resolved: Again"] * 2 == [each.text for each in world.slack.threads("Again")]


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("error", (500, {})),
        ("busy", (429, {"Retry-After": "1"})),
        ("gone", (503, {"Retry-After": "1"})),
        ("slow", 1.5),
    ],
)
def test_a_slack_out_of_order_is_called_again_until_it_takes_the_message(
    world: World, name: str, fault: tuple[int, dict[str, str]] | float
) -> None:
    title = f"Patience {name}"
    third_time = world.count_third_attempts()
    world.slack.faults.waiting += [fault, fault]
    world.send(title, f"{title}-1")

    assert 1 == len(world.slack.wait_for(title, lambda seen: len(seen) >= 1))
    wait_until(world.count_third_attempts, lambda seen: seen == third_time + 1)


def test_an_answer_that_is_lost_repeats_no_more_than_the_one_message(world: World) -> None:
    world.slack.faults.waiting.append(-1.5)
    world.send("Lost answer", "lost-1")
    world.slack.wait_for("Lost answer", lambda seen: len(seen) == 2)
    world.send("Lost answer", "lost-2", minute=5, has_matches=False)

    threads = world.slack.wait_for("Lost answer", lambda seen: any(each.replies for each in seen))
    assert [0, 1] == [len(each.replies) for each in threads]


def test_what_slack_refuses_for_good_is_a_failed_task_and_told_with_the_next_run(
    world: World,
) -> None:
    world.slack.faults.waiting.append((404, {}))
    world.send("Refused", "refused-1")
    wait_until(lambda: world.failed("answered 404"), bool)
    assert [] == world.slack.threads("Refused")

    world.send("Refused", "refused-2", minute=5, has_matches=False)

    [root] = world.slack.wait_for("Refused", lambda seen: len(seen) == 1)
    assert ("🟢 Resolved: Refused", ()) == (root.text, root.replies)


def test_no_secret_is_on_the_disk(world: World) -> None:
    world.slack.faults.waiting.append((403, {}))
    world.send("Secrets", "secrets-1")
    wait_until(lambda: world.failed("answered 403"), bool)
    send(world.session.runtime.settings.base_url, {"alert_id": 1}, key=SECRET)
    send(world.session.runtime.settings.base_url, {"alert_id": 1}, key=SECRET + "?")

    files = [path for path in world.data.rglob("*") if path.is_file()]
    assert any(path.name == "documents.db" for path in files)
    content = b"".join(path.read_bytes() for path in files)
    assert (False, False) == (SECRET.encode() in content, TOKEN.encode() in content)
