"""Reconciling: a task that its queue lost is filed with all it said."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING

import pytest
from toy_pipeline import STAGES

from functions.emulator.process import EmulatorProcess
from functions.errors import DispatchError, QueueMissing
from functions.pipeline import RECONCILE_TASKS
from functions.runtime.dispatcher import EMULATOR_HOST, CloudTasksDispatcher
from functions.runtime.endpoints import Call, answer_call
from functions.runtime.failed_tasks.documents import FAILED_TASKS
from functions.runtime.failed_tasks.retrying import retry
from functions.runtime.outbox import OutboxEntry
from functions.runtime.queues import declare_queues
from functions.runtime.receipts import RECEIPTS
from functions.runtime.reconciler import reconcile
from functions.runtime.sent_tasks import SENT_TASKS, SentTask

if TYPE_CHECKING:
    from pathlib import Path

    from toy_world import World

    from telemetry.testing import CapturedTelemetry

pytest_plugins = ["telemetry.testing"]

NOW = timedelta(0)
TRACE = "0af7651916cd43dd8448eb211c80319c"


def send(world: World, task_id: str = "t1", *, not_before: datetime | None = None) -> OutboxEntry:
    ctx = f'{{"traceparent": "00-{TRACE}-b7ad6b7169203331-01"}}'
    entry = OutboxEntry(
        task_id=task_id,
        stage="toy",
        body=f'{{"do": "send", "to": 0, "order_id": "o7", "ctx": {ctx}}}'.encode(),
        created_at=datetime.now(UTC),
        not_before=not_before,
    )
    world.runtime.store.commit([entry.to_write()])
    world.runtime.send([entry])
    return entry


def test_what_was_sent_is_kept_until_its_receipt(world: World) -> None:
    world.deliver(to=2)
    assert (0, 2) == (world.count("outbox"), world.count(SENT_TASKS))

    world.queue.deliver_all(world.runtime)

    assert 0 == world.count(SENT_TASKS)


def test_what_was_sent_is_kept_until_it_is_given_up(world: World) -> None:
    send(world)
    world.deliver("t1", do="refuse")

    assert (0, 1) == (world.count(SENT_TASKS), world.count(FAILED_TASKS))


def test_a_task_that_its_queue_lost_is_filed_with_all_it_said_and_can_be_retried(
    world: World,
) -> None:
    send(world)
    world.deliver("t1", do="fail")  # the only attempt that anybody saw
    world.queue.tasks.clear()

    assert (1, 0) == (reconcile(world.runtime, older_than=NOW), world.count(SENT_TASKS))

    failed = world.data(FAILED_TASKS, "t1")
    assert ("TaskLost", "toy", TRACE, ["order_id=o7"], "toy-queue") == (
        failed["error_type"],
        failed["pipeline_stage"],
        failed["trace_id"],
        failed["item_ids"],
        failed["queue"],
    )
    assert ["ValueError", "TaskLost"] == [each["error_type"] for each in failed["attempts"]]
    assert "dead_lettered" == world.data(RECEIPTS, "t1")["outcome"]
    retry(world.runtime, "t1", by="ann")
    world.queue.deliver_all(world.runtime)
    assert "resolved" == world.data(FAILED_TASKS, "t1")["status"]


def test_a_retry_that_was_lost_is_failed_again(world: World) -> None:
    world.deliver(do="refuse")
    retry(world.runtime, "t1", by="ann")
    world.queue.tasks.clear()

    assert 1 == reconcile(world.runtime, older_than=NOW)

    failed = world.data(FAILED_TASKS, "t1")
    assert ("failed", "TaskLost", 1) == (
        failed["status"],
        failed["error_type"],
        world.count(FAILED_TASKS),
    )


def test_a_task_that_waits_is_no_lost_one(world: World) -> None:
    send(world)

    assert 0 == reconcile(world.runtime, older_than=NOW)
    assert (0, 1) == (world.count(FAILED_TASKS), world.count(SENT_TASKS))


def test_what_ended_before_its_sender_noted_that_it_was_sent_is_dropped(world: World) -> None:
    entry = send(world)
    world.queue.deliver_all(world.runtime)
    world.runtime.store.commit([SentTask.of(entry, datetime.now(UTC)).to_write()])

    assert 0 == reconcile(world.runtime, older_than=NOW)
    assert ([], 0, 0) == (world.queue.asked, world.count(SENT_TASKS), world.count(FAILED_TASKS))


def test_nobody_asks_about_what_was_sent_just_now_or_is_to_be_delivered_later(
    world: World,
) -> None:
    send(world, "t1")
    send(world, "t2", not_before=datetime.now(UTC) + timedelta(hours=1))
    world.queue.tasks.clear()

    reconcile(world.runtime, older_than=timedelta(minutes=1))
    assert [] == world.queue.asked
    reconcile(world.runtime, older_than=NOW)
    assert ["t1"] == world.queue.asked


def test_those_that_were_asked_about_longest_ago_come_first(world: World) -> None:
    for number in range(5):
        send(world, f"t{number}")
    reconcile(world.runtime, older_than=NOW)
    looked = {each.id: each.data["look_at"] for each in world.runtime.store.query(SENT_TASKS)}

    assert sorted(looked) == sorted(looked, key=looked.__getitem__)
    assert len(looked) == len(set(looked.values()))


def test_several_pages_are_looked_through(world: World) -> None:
    world.deliver(to=240)
    for name in list(world.queue.tasks)[::2]:
        del world.queue.tasks[name]

    # All but the first of the fan-out are staggered, a minute apart from each other.
    for document in world.runtime.store.query(SENT_TASKS):
        sent = SentTask.from_document(document)
        early = OutboxEntry(
            task_id=sent.task_id, stage=sent.stage, body=sent.body, created_at=sent.sent_at
        )
        world.runtime.store.commit([SentTask.of(early, sent.sent_at).to_write()])

    assert 120 == reconcile(world.runtime, older_than=NOW)
    assert (120, 120) == (world.count(FAILED_TASKS), world.count(SENT_TASKS))


def test_nothing_is_filed_while_the_queue_cannot_be_asked(world: World) -> None:
    send(world)
    world.queue.tasks.clear()
    world.queue.down = True

    with pytest.raises(DispatchError):
        reconcile(world.runtime, older_than=NOW)
    assert 0 == world.count(FAILED_TASKS)


def test_a_scheduler_has_left_outboxes_sent_and_the_oldest_age_recorded(
    world: World, captured_telemetry: CapturedTelemetry
) -> None:
    world.deliver("t0", do="refuse")
    world.queue.down = True
    world.deliver(to=1)
    world.queue.down = False

    answer = answer_call(world.runtime, RECONCILE_TASKS, Call({}, {}, b""))

    assert (HTTPStatus.OK, "sent 0 that were left behind, filed 0 that were lost") == (
        answer.status,
        answer.message,
    )
    assert "failed_tasks_oldest_age" in captured_telemetry.metrics


def test_the_queue_service_says_what_it_holds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, world: World
) -> None:
    with EmulatorProcess(tmp_path / "tasks") as emulator:
        monkeypatch.setenv(EMULATOR_HOST, emulator.address)
        dispatcher = CloudTasksDispatcher(
            world.runtime.pipeline, project="p", location="l", base_url="http://127.0.0.1:9"
        )
        toy = STAGES[0]
        with pytest.raises(QueueMissing):
            dispatcher.holds(toy, "t1")
        declare_queues(dispatcher)
        world.runtime.dispatcher = dispatcher
        send(world, "t1", not_before=datetime.now(UTC) + timedelta(hours=1))

        assert (True, False) == (dispatcher.holds(toy, "t1"), dispatcher.holds(toy, "t2"))
