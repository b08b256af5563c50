"""Filing: one document for each task that was given up, whatever it says and however it comes."""

from __future__ import annotations

import base64
import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import pytest

from functions.pipeline import HANDLE_FAILED_TASK
from functions.runtime.dead_letters import DEAD_LETTERS, DeadLetter
from functions.runtime.endpoints import Call, answer_call
from functions.runtime.failed_tasks import handling
from functions.runtime.failed_tasks.documents import FAILED_TASKS, GROUPS
from functions.runtime.failed_tasks.filing import file_failed_task
from functions.runtime.failed_tasks.messages import to_message
from functions.runtime.failed_tasks.retrying import retry
from functions.runtime.payload import MAX_BODY_BYTES

if TYPE_CHECKING:
    from toy_world import World

    from telemetry.testing import CapturedTelemetry

pytest_plugins = ["telemetry.testing"]

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)


def letter(task_id: str = "t1", **changes: Any) -> DeadLetter:
    facts: dict[str, Any] = {
        "task_id": task_id,
        "stage": "toy",
        "task_type": "toy_order",
        "function_name": "dpl_obey",
        "function_url": "http://functions.example/dpl_obey",
        "body": b'{"do": "fail"}',
        "error_type": "ValueError",
        "error_message": "the handler broke",
        "attempts": 3,
        "failed_at": NOW,
    }
    return DeadLetter(**facts | changes)


def call(world: World, body: object, **headers: str) -> Any:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return answer_call(world.runtime, HANDLE_FAILED_TASK, Call(headers, {}, content))


def test_a_retry_that_fails_updates_the_document_of_its_task(world: World) -> None:
    world.deliver(do="fail")
    world.deliver("t1", 2, do="fail")
    first = world.data(FAILED_TASKS, "t1")

    retried = retry(world.runtime, "t1", by="ann", payload={"do": "refuse"})
    world.queue.deliver_all(world.runtime)

    failed = world.data(FAILED_TASKS, "t1")
    assert ("t1-retry-1", 1) == (retried, world.count(FAILED_TASKS))
    assert ("failed", "never again", "PermanentError") == (
        failed["status"],
        failed["error_message"],
        failed["error_type"],
    )
    assert 3 + 1 == failed["retry_count"]
    assert first["first_failed_at"] == failed["first_failed_at"] < failed["last_failed_at"]
    assert [(1, "ValueError"), (3, "ValueError"), (1, "PermanentError")] == [
        (each["number"], each["error_type"]) for each in failed["attempts"]
    ]
    assert ["failed", "retried with an edited payload", "failed again"] == [
        each["action"] for each in failed["history"]
    ]
    assert {"do": "fail"} == failed["payload"]
    assert {"do": "refuse"} == failed["edited_payload"]


def test_a_letter_of_an_earlier_retry_that_comes_late_does_not_end_the_later_one(
    world: World,
) -> None:
    file_failed_task(world.runtime.store, letter())
    retry(world.runtime, "t1", by="ann")

    assert file_failed_task(world.runtime.store, letter("t1-retry-0"))
    failed = world.data(FAILED_TASKS, "t1")
    assert ("retrying", 6) == (failed["status"], failed["retry_count"])


def test_a_retry_whose_failed_task_was_deleted_becomes_one_that_takes_a_fresh_name(
    world: World,
) -> None:
    file_failed_task(world.runtime.store, letter("t1-retry-4"))

    assert "t1-retry-5" == retry(world.runtime, "t1", by="ann")


@pytest.mark.parametrize("shape", ["push", "binary", "structured"])
def test_a_message_and_its_redelivery_are_one_document_whichever_way_it_comes(
    world: World,
    captured_telemetry: CapturedTelemetry,
    monkeypatch: pytest.MonkeyPatch,
    shape: str,
) -> None:
    monkeypatch.setattr(handling, "is_configured", lambda: True)  # it is: for this test
    envelope = {
        "message": to_message(letter()) | {"messageId": "17", "publishTime": NOW.isoformat()},
        "subscription": "projects/p/subscriptions/s",
    }
    event = {"specversion": "1.0", "id": "17", "type": "google.cloud.pubsub.topic.v1.x"}
    headers = {f"ce-{name}": value for name, value in event.items()} if shape == "binary" else {}
    body = {**event, "data": envelope} if shape == "structured" else envelope

    answers = [call(world, body, **headers), call(world, body, **headers)]

    assert [(HTTPStatus.OK, "filed t1")] * 2 == [(each.status, each.message) for each in answers]
    assert 1 == world.count(FAILED_TASKS)
    assert [3, "failed"] == [world.data(FAILED_TASKS, "t1")[x] for x in ("retry_count", "status")]
    told = [s for s in captured_telemetry.spans if s.name.startswith("Task failed permanently")]
    assert 1 == len(told)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        ("§", "its data is no base64"),
        (base64.b64encode(b"no letter").decode(), "it is no dead letter: data"),
        (base64.b64encode(b'{"stage": 5}').decode(), "it is no dead letter: task_id, stage"),
    ],
)
def test_a_message_that_holds_no_letter_is_filed_as_somebodys(
    world: World, data: str, reason: str
) -> None:
    envelope = {"message": {"data": data, "messageId": "17"}}

    assert [HTTPStatus.OK] * 2 == [call(world, envelope).status for _ in range(2)]

    [failed] = world.runtime.store.query(FAILED_TASKS)
    assert ("unknown", "UnreadableMessage") == (
        failed.data["pipeline_stage"],
        failed.data["error_type"],
    )
    assert reason in failed.data["error_message"]


@pytest.mark.parametrize("body", [b"", b"[]", b'{"message": 1}', b"\xff", b"[" * 100_000])
def test_a_call_that_is_no_message_is_refused(world: World, body: bytes) -> None:
    assert HTTPStatus.BAD_REQUEST == call(world, body).status
    assert 0 == world.count(FAILED_TASKS)


def test_ten_filings_at_once_are_all_counted(world: World) -> None:
    store = world.runtime.store
    with ThreadPoolExecutor(10) as pool:
        filed = list(
            pool.map(lambda n: file_failed_task(store, letter(f"t1-retry-{n}")), range(1, 11))
        )

    assert [True] * 10 == filed
    failed = world.data(FAILED_TASKS, "t1")
    assert (30, 10, 10) == (
        failed["retry_count"],
        len(failed["attempts"]),
        len(set(failed["filed"])),
    )


def test_ten_deliveries_of_one_letter_are_filed_once(world: World) -> None:
    with ThreadPoolExecutor(10) as pool:
        filed = list(pool.map(lambda _: file_failed_task(world.runtime.store, letter()), range(10)))

    assert [True] == [each for each in filed if each]
    assert 3 == world.data(FAILED_TASKS, "t1")["retry_count"]


def test_the_largest_body_is_kept_whole_and_can_be_retried(world: World) -> None:
    empty = len(json.dumps({"do": "dance", "order_id": ""}))
    text = json.dumps({"do": "dance", "order_id": "x" * (MAX_BODY_BYTES - empty)}).encode()

    assert HTTPStatus.OK == world.deliver_body(text).status

    failed = world.data(FAILED_TASKS, "t1")
    assert MAX_BODY_BYTES == len(text)
    assert json.loads(text) == failed["payload"]


def test_a_large_body_with_a_long_past_is_filed_with_less_of_its_past(world: World) -> None:
    past = [
        {"number": n, "at": NOW, "error_type": "E" * 900, "error_message": "é" * 4_000}
        for n in range(1, 51)
    ]
    large = letter(
        body=json.dumps({"order_id": "x" * 980_000}).encode(),
        error_message="é" * 4_000,
        stack_trace="é" * 20_000,
        item_ids=[f"order_id={'x' * 1_000}"] * 100,
        past=past,
    )

    world.runtime.bury(large)

    failed = world.data(FAILED_TASKS, "t1")
    assert json.loads(large.body) == failed["payload"]
    assert [46, 47, 48, 49, 50, 3] == [each["number"] for each in failed["attempts"]]
    assert (0, 1) == (world.count(DEAD_LETTERS), world.count(GROUPS))


@pytest.mark.parametrize(
    "body",
    [
        json.dumps({"order_id": "x" * 2_000_000}).encode(),
        b"\xff" * 5_000_000,
        json.dumps([1] * 300_000).encode(),
        json.dumps({str(n): n for n in range(50_000)}).encode(),
        b'{"a":' * 50 + b"1" + b"}" * 50,
        b'{"a": "\\ud800"}',
        b'{"__a__": 1}',
        b'{"a": 123456789012345678901234567890}',
    ],
)
def test_what_no_document_can_hold_is_filed_as_the_bytes_it_came_as(
    world: World, body: bytes
) -> None:
    assert file_failed_task(world.runtime.store, letter(body=body))

    kept = world.data(FAILED_TASKS, "t1")["payload"]
    assert isinstance(kept, bytes)
    assert body.startswith(kept)
    assert min(len(body), 900_000) <= len(kept)


def test_only_the_newest_of_a_long_history_is_kept(world: World) -> None:
    for number in range(1, 121):
        at = NOW + timedelta(minutes=number)
        file_failed_task(world.runtime.store, letter(f"t1-retry-{number}", failed_at=at))

    failed = world.data(FAILED_TASKS, "t1")
    assert (50, 100, 360) == (
        len(failed["attempts"]),
        len(failed["history"]),
        failed["retry_count"],
    )
    assert NOW + timedelta(minutes=120) == failed["attempts"][-1]["at"] == failed["last_failed_at"]
    assert NOW + timedelta(minutes=1) == failed["first_failed_at"]
