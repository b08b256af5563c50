"""Retries: claimed once, sent once, and noted by how they end."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from functions.errors import (
    FailedTaskMissing,
    FailedTaskStranded,
    FailedTaskTaken,
    PayloadError,
)
from functions.runtime.dead_letters import DeadLetter
from functions.runtime.failed_tasks.documents import FAILED_TASKS
from functions.runtime.failed_tasks.filing import file_failed_task
from functions.runtime.failed_tasks.retrying import reopen, resolve, retry
from functions.runtime.outbox import OUTBOX
from functions.runtime.payload import MAX_BODY_BYTES
from functions.runtime.receipts import RECEIPTS
from functions.runtime.store import Put, Update

if TYPE_CHECKING:
    from toy_world import World

    from functions.runtime.store import Document, Write
    from telemetry.testing import CapturedTelemetry

pytest_plugins = ["telemetry.testing"]

TRACE = "0af7651916cd43dd8448eb211c80319c"
CTX = {"traceparent": f"00-{TRACE}-b7ad6b7169203331-01"}


def ail(world: World, task_id: str = "t1", number: int = 1) -> None:
    """Have a task fail until there is a cure."""
    world.deliver(task_id, do="ail", to=number, ctx=CTX)


def cure(world: World) -> None:
    world.runtime.store.commit([Put("cures", "one", {})])


def history(world: World, task_id: str = "t1") -> list[tuple[str, str]]:
    return [(e["action"], e["by"]) for e in world.data(FAILED_TASKS, task_id)["history"]]


def test_a_retry_that_succeeds_resolves_its_task_in_the_batch_of_its_receipt(
    world: World, captured_telemetry: CapturedTelemetry
) -> None:
    ail(world)
    cure(world)

    retried = retry(world.runtime, "t1", by="ann", note="cured")
    assert "retrying" == world.data(FAILED_TASKS, "t1")["status"]
    world.queue.deliver_all(world.runtime)

    failed = world.data(FAILED_TASKS, "t1")
    assert ("resolved", "ann", retried) == (
        failed["status"],
        failed["resolved_by"],
        failed["current_task_id"],
    )
    assert world.data(RECEIPTS, retried)["completed_at"] == failed["resolved_at"]
    assert [("failed", ""), ("retried", "ann"), ("succeeded", "")] == history(world)
    assert {"task": retried} == world.data("cured", "1")
    for metric in ("failed_tasks_retried", "failed_tasks_resolved"):
        assert 1 == captured_telemetry.counter(metric, stage="toy", task_type="toy_order")


def test_a_retry_that_is_delivered_twice_is_counted_as_resolved_once(
    world: World, captured_telemetry: CapturedTelemetry
) -> None:
    ail(world)
    cure(world)
    retry(world.runtime, "t1", by="ann")
    tasks = dict(world.queue.tasks)
    world.queue.deliver_all(world.runtime)
    world.queue.tasks = tasks
    world.queue.deliver_all(world.runtime)

    assert 1 == captured_telemetry.counter("failed_tasks_resolved")
    assert 3 == len(history(world))


def test_a_retry_that_dies_again_can_be_retried_under_another_name(world: World) -> None:
    ail(world)
    retry(world.runtime, "t1", by="ann")
    world.queue.deliver_all(world.runtime)
    assert "failed" == world.data(FAILED_TASKS, "t1")["status"]

    cure(world)
    assert "t1-retry-2" == retry(world.runtime, "t1", by="bob")
    world.queue.deliver_all(world.runtime)

    assert ("resolved", "bob") == tuple(
        world.data(FAILED_TASKS, "t1")[name] for name in ("status", "resolved_by")
    )
    assert [
        ("failed", ""),
        ("retried", "ann"),
        ("failed again", ""),
        ("retried", "bob"),
        ("succeeded", ""),
    ] == history(world)


def test_an_outcome_waits_for_what_somebody_else_writes_at_the_same_moment(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    ail(world)
    cure(world)
    retry(world.runtime, "t1", by="ann")
    store = world.runtime.store
    commit, disturbed = store.commit, []

    def disturb(writes: list[Write]) -> datetime:
        if not disturbed and any(each.collection == RECEIPTS for each in writes):
            disturbed.append(commit([Update(FAILED_TASKS, "t1", {"function_url": "http://new"})]))
        return commit(writes)

    monkeypatch.setattr(store, "commit", disturb)
    world.queue.deliver_all(world.runtime)

    failed = world.data(FAILED_TASKS, "t1")
    assert ("resolved", "http://new") == (failed["status"], failed["function_url"])
    assert (1, 1) == (world.count("cured"), len(disturbed))


def test_of_operators_who_retry_at_once_one_does_and_the_others_are_told(world: World) -> None:
    ail(world)

    def press(name: str) -> str:
        try:
            return retry(world.runtime, "t1", by=name)
        except FailedTaskTaken as error:
            return type(error).__name__

    with ThreadPoolExecutor(8) as pool:
        answers = sorted(pool.map(press, "abcdefgh"))

    assert ["FailedTaskTaken"] * 7 + ["t1-retry-1"] == answers
    assert ["t1-retry-1"] == list(world.queue.tasks)
    assert 2 == len(history(world))


def test_of_one_who_retries_and_one_who_resolves_the_second_is_told(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    ail(world)
    store = world.runtime.store
    get = store.get

    def get_then_lose(collection: str, document_id: str) -> Document | None:
        found = get(collection, document_id)
        monkeypatch.undo()
        resolve(world.runtime, "t1", by="bob", note="by hand")
        return found

    monkeypatch.setattr(store, "get", get_then_lose)
    with pytest.raises(FailedTaskTaken, match="somebody else just now"):
        retry(world.runtime, "t1", by="ann")

    assert ({}, 0, "bob") == (
        world.queue.tasks,
        world.count(OUTBOX),
        world.data(FAILED_TASKS, "t1")["resolved_by"],
    )


def test_an_edited_payload_is_kept_beside_the_original_and_used_by_the_next_retry(
    world: World,
) -> None:
    ail(world)
    retry(world.runtime, "t1", by="ann", payload={"do": "refuse"})
    world.queue.deliver_all(world.runtime)
    retry(world.runtime, "t1", by="ann")

    [entry] = world.queue.tasks.values()
    said = json.loads(entry.body)
    assert ("refuse", TRACE) == (said["do"], said["ctx"]["traceparent"].split("-")[1])
    failed = world.data(FAILED_TASKS, "t1")
    assert ("ail", "refuse") == (failed["payload"]["do"], failed["edited_payload"]["do"])


@pytest.mark.parametrize(
    ("payload", "told"),
    [
        ({"do": "dance"}, "the body is not a Order: do: "),
        ({"do": "send", "colour": "red"}, "colour: Extra inputs"),
        ({"do": "send", "order_id": "x" * MAX_BODY_BYTES}, "1,000,000 is most"),
        ({"do": "send", "order_id": "\ud800"}, "cannot be written as JSON"),
    ],
)
def test_a_payload_that_is_none_of_its_stage_is_refused_and_changes_nothing(
    world: World, payload: dict[str, object], told: str
) -> None:
    ail(world)
    before = world.data(FAILED_TASKS, "t1")

    with pytest.raises(PayloadError, match=told):
        retry(world.runtime, "t1", by="ann", payload=payload)

    assert (before, {}) == (world.data(FAILED_TASKS, "t1"), world.queue.tasks)


def test_two_payloads_that_no_document_holds_together_are_refused(world: World) -> None:
    world.deliver(do="dance", order_id="x" * 900_000)

    with pytest.raises(PayloadError, match="beside the original"):
        retry(world.runtime, "t1", by="ann", payload={"order_id": "x" * 900_000})


def test_json_that_documents_cannot_hold_is_retried_and_edited_all_the_same(world: World) -> None:
    world.deliver(do="refuse", matrix=[[1]])
    retry(world.runtime, "t1", by="ann")
    [entry] = world.queue.tasks.values()
    assert [[1]] == json.loads(entry.body)["matrix"]
    world.queue.deliver_all(world.runtime)

    retry(world.runtime, "t1", by="ann", payload={"do": "send", "to": 0, "matrix": [[2]]})
    world.queue.deliver_all(world.runtime)

    failed = world.data(FAILED_TASKS, "t1")
    assert ("resolved", [[1]], [[2]]) == (
        failed["status"],
        json.loads(failed["payload"])["matrix"],
        json.loads(failed["edited_payload"])["matrix"],
    )


def test_a_body_that_is_no_json_can_only_be_retried_with_another_payload(world: World) -> None:
    world.deliver_body(b"no json")

    with pytest.raises(PayloadError, match="no JSON object: retry it with a payload"):
        retry(world.runtime, "t1", by="ann")

    retry(world.runtime, "t1", by="ann", payload={"to": 0})
    world.queue.deliver_all(world.runtime)
    assert "resolved" == world.data(FAILED_TASKS, "t1")["status"]


@pytest.mark.parametrize("edited", [None, {"do": "send", "to": 0}])
def test_a_retry_goes_on_with_the_trace_of_its_item(
    world: World, captured_telemetry: CapturedTelemetry, edited: dict[str, object] | None
) -> None:
    ail(world)
    retry(world.runtime, "t1", by="ann", payload=edited)
    world.queue.deliver_all(world.runtime)

    runs = [each for each in captured_telemetry.spans if each.name == "process toy"]
    assert [TRACE, TRACE] == [each.trace_id for each in runs]


def test_without_telemetry_a_retry_keeps_the_context_it_has(world: World) -> None:
    ail(world)
    retry(world.runtime, "t1", by="ann")

    [entry] = world.queue.tasks.values()
    assert TRACE == json.loads(entry.body)["ctx"]["traceparent"].split("-")[1]


def test_a_failed_task_of_no_stage_can_be_resolved_but_not_retried(world: World) -> None:
    letter = DeadLetter(
        task_id="t9",
        stage="gone",
        task_type="gone",
        function_name="dpl_gone",
        function_url="",
        body=b"{}",
        error_type="E",
        error_message="e",
        attempts=1,
        failed_at=datetime.now(UTC),
    )
    file_failed_task(world.runtime.store, letter)

    with pytest.raises(FailedTaskStranded, match=r"is not declared \('gone'\): resolve it"):
        retry(world.runtime, "t9", by="ann")

    resolve(world.runtime, "t9", by="ann", note="the stage is no more")
    assert "resolved" == world.data(FAILED_TASKS, "t9")["status"]


def test_a_task_is_resolved_with_a_note_and_opened_again(
    world: World, captured_telemetry: CapturedTelemetry
) -> None:
    ail(world)
    resolve(world.runtime, "t1", by="ann", note="mended by hand")
    with pytest.raises(FailedTaskTaken, match="is resolved by now"):
        resolve(world.runtime, "t1", by="bob", note="")
    with pytest.raises(FailedTaskTaken, match="is resolved by now"):
        retry(world.runtime, "t1", by="bob")

    reopen(world.runtime, "t1", by="bob", note="it was not")

    failed = world.data(FAILED_TASKS, "t1")
    assert ("failed", None, None) == (
        failed["status"],
        failed["resolved_at"],
        failed["resolved_by"],
    )
    assert ["", "mended by hand", "it was not"] == [each["note"] for each in failed["history"]]
    with pytest.raises(FailedTaskTaken, match="only a resolved one"):
        reopen(world.runtime, "t1", by="ann")
    assert 1 == captured_telemetry.counter("failed_tasks_resolved", stage="toy")


def test_a_retry_that_the_queue_does_not_take_is_left_to_the_sweeper(world: World) -> None:
    ail(world)
    world.queue.down = True

    retry(world.runtime, "t1", by="ann")

    assert ("retrying", 1) == (world.data(FAILED_TASKS, "t1")["status"], world.count(OUTBOX))


def test_what_is_not_there_cannot_be_retried(world: World) -> None:
    with pytest.raises(FailedTaskMissing, match="no failed task 'nowhere'"):
        retry(world.runtime, "nowhere", by="ann")
