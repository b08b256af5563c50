"""The hand-off: all effects of a task or none, and nothing that was decided is lost."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from toy_pipeline import toy

from functions.errors import StoreUnavailable
from functions.runtime.attempt_log import FAILED_ATTEMPTS
from functions.runtime.dead_letters import DEAD_LETTERS
from functions.runtime.dispatcher import CloudTasksDispatcher
from functions.runtime.failed_tasks.documents import FAILED_TASKS
from functions.runtime.failed_tasks.topics import EmbeddedTopic
from functions.runtime.outbox import OUTBOX, OutboxEntry
from functions.runtime.receipts import RECEIPTS
from functions.runtime.reconciler import bury_lost
from functions.runtime.sweeper import sweep

if TYPE_CHECKING:
    from collections.abc import Sequence

    from toy_world import World

    from functions.runtime.store import Write
    from telemetry.testing import CapturedTelemetry

pytest_plugins = ["telemetry.testing"]

PLANNED = (
    "function_name",
    "function_url",
    "payload",
    "error_message",
    "retry_count",
    "first_failed_at",
    "last_failed_at",
    "pipeline_stage",
    "task_type",
    "status",
    "resolved_at",
    "resolved_by",
)
"""The fields of the planning document."""


def test_a_task_that_succeeds_has_written_sent_and_left_a_receipt(world: World) -> None:
    answer = world.deliver(to=3)

    assert HTTPStatus.OK == answer.status
    receipt = world.data(RECEIPTS, "t1")
    assert (1, 3, 0) == (world.count("orders"), len(world.queue.tasks), world.count(OUTBOX))
    assert ("succeeded", 1, {"venues_created": 3}) == (
        receipt["outcome"],
        receipt["attempts"],
        receipt["counts"],
    )
    assert dict.fromkeys(world.queue.tasks, "sink") == receipt["sent"]


def test_a_fan_out_is_staggered_as_the_stage_declares(world: World) -> None:
    world.deliver(to=3)

    entries = world.queue.tasks.values()
    first, *later = [entry.not_before for entry in entries]
    assert first is None
    assert [timedelta(seconds=60)] == [b - a for a, b in pairwise(filter(None, later))]


def test_a_second_delivery_does_nothing(world: World) -> None:
    world.deliver(to=2)

    assert "succeeded before" == world.deliver(to=2).message
    assert (1, 2) == (world.count("orders"), world.queue.sends)


def test_a_second_delivery_sends_what_the_first_could_not(world: World) -> None:
    world.queue.down = True
    assert HTTPStatus.OK == world.deliver(to=2).status
    assert (2, 0) == (world.count(OUTBOX), len(world.queue.tasks))

    world.queue.down = False
    world.deliver(to=2)

    assert (0, 2) == (world.count(OUTBOX), len(world.queue.tasks))


def test_the_sweeper_sends_what_was_left_behind_and_leaves_what_is_under_way(world: World) -> None:
    world.queue.down = True
    world.deliver(to=250)
    world.queue.down = False

    assert 0 == sweep(world.runtime, older_than=timedelta(hours=1))
    assert 250 == sweep(world.runtime, older_than=timedelta(0))
    assert (0, 250) == (world.count(OUTBOX), len(world.queue.tasks))


def test_a_task_sent_twice_keeps_its_name_and_its_effect_is_there_once(world: World) -> None:
    world.deliver(to=1)
    first = dict(world.queue.tasks)
    world.queue.deliver_all(world.runtime)
    world.queue.tasks = first

    assert ["succeeded before"] == world.queue.deliver_all(world.runtime)
    assert 1 == world.count("items")


def test_a_failing_commit_leaves_nothing_and_asks_for_another_delivery(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = world.runtime.store.commit

    def fail(writes: Sequence[Write]) -> None:
        raise StoreUnavailable("the store is away")

    monkeypatch.setattr(world.runtime.store, "commit", fail)
    answer = world.deliver(to=2)
    assert (HTTPStatus.INTERNAL_SERVER_ERROR, "the store is away") == (
        answer.status,
        answer.message,
    )
    assert (0, 0, {}) == (world.count("orders"), world.count(RECEIPTS), world.queue.tasks)

    monkeypatch.setattr(world.runtime.store, "commit", commit)
    assert HTTPStatus.OK == world.deliver("t1", 1, to=2).status
    assert 2 == world.data(RECEIPTS, "t1")["attempts"]


def test_a_crash_between_commit_and_sending_is_made_up_for(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(_entries: object) -> None:
        raise SystemExit("killed")

    monkeypatch.setattr(world.queue, "send", crash)
    with pytest.raises(SystemExit):
        world.deliver(to=2)
    monkeypatch.undo()
    assert (1, 2) == (world.count(RECEIPTS), world.count(OUTBOX))

    assert 2 == sweep(world.runtime, older_than=timedelta(0))
    assert "succeeded before" == world.deliver("t1", 1, to=2).message
    assert (1, 2) == (world.count("orders"), len(world.queue.tasks))


def test_a_task_that_is_done_stays_done_when_its_sending_breaks(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_entries: object) -> None:
        raise TimeoutError("no answer")

    monkeypatch.setattr(world.queue, "send", fail)
    answer = world.deliver("t1", 2, to=2)
    assert (HTTPStatus.OK, "succeeded") == (answer.status, answer.message)
    monkeypatch.undo()

    assert (0, 2) == (world.count(FAILED_TASKS), world.count(OUTBOX))
    assert 2 == sweep(world.runtime, older_than=timedelta(0))


def test_an_outbox_entry_of_a_stage_that_is_no_more_is_told_and_raises_nothing() -> None:
    dispatcher = CloudTasksDispatcher(
        toy(), project="p", location="l", base_url="http://functions.example"
    )
    gone = OutboxEntry(task_id="t9", stage="gone", body=b"{}", created_at=datetime.now(UTC))

    sending = dispatcher.send([gone])

    assert [] == sending.sent
    assert "tasks for 'gone' stay" in str(sending.failures[0])


def test_a_task_that_was_sent_and_never_ended_is_filed_as_lost(world: World) -> None:
    world.deliver(to=2)
    done, lost = world.queue.tasks
    world.queue.tasks.pop(lost)
    world.queue.deliver_all(world.runtime)

    assert 1 == bury_lost(world.runtime, {done: "sink", lost: "sink"})
    failed = world.data(FAILED_TASKS, lost)
    assert ("TaskLost", "sink") == (failed["error_type"], failed["pipeline_stage"])
    assert "dead_lettered" == world.data(RECEIPTS, lost)["outcome"]
    assert 0 == bury_lost(world.runtime, {done: "sink", lost: "sink"})


def test_an_error_is_answered_so_that_the_queue_tries_again(world: World) -> None:
    answer = world.deliver(do="fail")

    assert (HTTPStatus.INTERNAL_SERVER_ERROR, "the handler broke") == (
        answer.status,
        answer.message,
    )
    assert (0, 0) == (world.count(RECEIPTS), world.count(FAILED_TASKS))


def test_a_retryable_error_says_how_long_to_wait(world: World) -> None:
    answer = world.deliver(do="wait")

    assert (HTTPStatus.SERVICE_UNAVAILABLE, {"Retry-After": "70"}) == (
        answer.status,
        answer.headers,
    )


def test_the_last_attempt_files_the_task_with_what_was_wrong(world: World) -> None:
    assert HTTPStatus.INTERNAL_SERVER_ERROR == world.deliver("t1", 1, do="fail").status
    assert HTTPStatus.OK == world.deliver("t1", 2, do="fail").status

    failed = world.data(FAILED_TASKS, "t1")
    assert {
        "function_name": "dpl_obey",
        "function_url": "http://functions.example/dpl_obey",
        "payload": {"do": "fail"},
        "error_message": "the handler broke (given up after 3 attempts)",
        "retry_count": 3,
        "pipeline_stage": "toy",
        "task_type": "toy_order",
        "status": "failed",
        "resolved_at": None,
        "resolved_by": None,
    } == {name: failed[name] for name in PLANNED if not name.endswith("failed_at")}
    assert failed["first_failed_at"] == failed["last_failed_at"]
    assert [
        (2, "ValueError", "the handler broke"),
        (3, "ValueError", "the handler broke (given up after 3 attempts)"),
    ] == [
        (each["number"], each["error_type"], each["error_message"]) for each in failed["attempts"]
    ]
    assert "raise ValueError" in failed["stack_trace"]
    assert 0 == world.count(FAILED_ATTEMPTS)
    assert 0 == world.count(DEAD_LETTERS)


def test_a_permanent_error_is_not_tried_again(world: World) -> None:
    assert "dead_lettered: never again" == world.deliver(do="refuse").message
    assert "dead_lettered before" == world.deliver("t1", 1, do="refuse").message
    assert 1 == world.data(FAILED_TASKS, "t1")["retry_count"]


@pytest.mark.parametrize(
    ("body", "kept"),
    [
        (b"", b""),
        (b"no json", b"no json"),
        (b"\xff\xfe\x00", b"\xff\xfe\x00"),
        (b'{"do": "dance"}', {"do": "dance"}),
        (b'{"do": [[1]]}', b'{"do": [[1]]}'),  # a list in a list: no document holds one
        (b"[" * 100_000, b"[" * 100_000),
        (b'{"to": 1e999}', {"to": float("inf")}),
    ],
)
def test_a_body_that_is_no_order_is_filed_at_once_as_it_came(
    world: World, body: bytes, kept: object
) -> None:
    answer = world.deliver_body(body)

    assert HTTPStatus.OK == answer.status
    assert answer.message.startswith("dead_lettered: the body is not a Order")
    assert kept == world.data(FAILED_TASKS, "t1")["payload"]


@pytest.mark.parametrize(
    ("do", "told"), [("oversize", "Cloud Tasks takes"), ("too_large", "a field holds at most")]
)
def test_what_the_cloud_would_refuse_fails_for_good_and_nothing_is_sent(
    world: World, do: str, told: str
) -> None:
    answer = world.deliver(do=do)

    assert told in answer.message
    assert (0, 0, 1) == (world.count("orders"), world.queue.sends, world.count(FAILED_TASKS))


def test_a_dead_letter_that_could_not_be_published_is_published_by_the_next_delivery(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_letter: object) -> None:
        raise ConnectionError("the topic is away")

    monkeypatch.setattr(EmbeddedTopic, "publish", fail)
    assert HTTPStatus.SERVICE_UNAVAILABLE == world.deliver(do="refuse").status
    assert (1, 0) == (world.count(DEAD_LETTERS), world.count(FAILED_TASKS))

    monkeypatch.undo()
    assert HTTPStatus.OK == world.deliver("t1", 1, do="refuse").status
    assert (0, 1) == (world.count(DEAD_LETTERS), world.count(FAILED_TASKS))


def test_the_sweeper_publishes_dead_letters_too(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(EmbeddedTopic, "publish", _raise_connection_error)
    world.deliver(do="refuse")
    monkeypatch.undo()

    assert 1 == sweep(world.runtime, older_than=timedelta(0))
    assert (0, 1) == (world.count(DEAD_LETTERS), world.count(FAILED_TASKS))


def _raise_connection_error(_topic: EmbeddedTopic, _letter: object) -> None:
    raise ConnectionError("the topic is away")


def test_workers_that_write_the_same_document_lose_no_update(world: World) -> None:
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda n: world.deliver(f"t{n}", do="increment"), range(40)))

    assert {HTTPStatus.OK} == {answer.status for answer in answers}
    assert 40 == world.data("counters", "one")["value"]


def test_two_deliveries_at_once_have_one_effect(world: World) -> None:
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: world.deliver(to=2), range(8)))

    assert {HTTPStatus.OK} == {answer.status for answer in answers}
    assert (1, 2) == (world.count("orders"), len(world.queue.tasks))


def test_counters_are_emitted_once_however_often_a_task_is_tried(
    world: World, captured_telemetry: CapturedTelemetry, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = world.runtime.store.commit
    # Of the first attempt also what would note that it failed.
    failures = iter([StoreUnavailable("away") for _ in range(3)])

    def fail_at_first(writes: Sequence[Write]) -> object:
        if error := next(failures, None):
            raise error
        return commit(writes)

    monkeypatch.setattr(world.runtime.store, "commit", fail_at_first)
    for retries in range(4):
        world.deliver("t1", retries, to=2)

    assert 2 == captured_telemetry.counter("venues_created")
    assert 1 == captured_telemetry.counter("task_succeeded")
    assert 2 == captured_telemetry.counter("task_failed", outcome="retried")
    assert 2 == captured_telemetry.counter("tasks_dispatched", stage="sink")


def test_a_task_that_is_given_up_is_counted_as_such(
    world: World, captured_telemetry: CapturedTelemetry
) -> None:
    world.deliver("t1", 0, do="fail")
    world.deliver("t1", 2, do="fail")
    world.deliver("t1", 3, do="fail")

    assert 1 == captured_telemetry.counter("task_failed", outcome="retried")
    assert 1 == captured_telemetry.counter("task_failed", outcome="dead_lettered")
    assert 1 == captured_telemetry.counter("tasks_dead_lettered")
