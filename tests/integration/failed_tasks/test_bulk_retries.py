"""Bulk retries: page by page, spaced out, none twice, and none lost when the server is killed."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from functions.errors import BulkRetryRefused, FailedTaskMissing, FailedTaskTaken
from functions.runtime.dead_letters import DeadLetter
from functions.runtime.failed_tasks.bulk import (
    BULK_RETRIES,
    BulkAction,
    cancel_bulk,
    start_bulk,
)
from functions.runtime.failed_tasks.documents import FAILED_TASKS
from functions.runtime.failed_tasks.filing import file_failed_task
from functions.runtime.failed_tasks.retrying import retry
from functions.runtime.failed_tasks.search import Criteria
from functions.runtime.store import Filter, Put

if TYPE_CHECKING:
    from toy_world import World

    from telemetry.testing import CapturedTelemetry

pytest_plugins = ["telemetry.testing"]

WORKER = Path(__file__).with_name("bulk_worker.py")
ALL = Criteria()


def file(world: World, number: int, **changes: Any) -> str:
    """File an order that fails until there is a cure."""
    facts: dict[str, Any] = {
        "task_id": f"t{number}",
        "stage": "toy",
        "task_type": "toy_order",
        "function_name": "dpl_obey",
        "function_url": "",
        "body": f'{{"do": "ail", "to": {number}}}'.encode(),
        "error_type": "PermanentError",
        "error_message": f"order {number} is ill",
        "attempts": 1,
        "failed_at": datetime.now(UTC) - timedelta(hours=1) + timedelta(seconds=number % 7),
    }
    file_failed_task(world.runtime.store, DeadLetter(**facts | changes))
    return str(facts["task_id"])


def cure(world: World) -> None:
    world.runtime.store.commit([Put("cures", "one", {})])


def step(world: World) -> list[str]:
    """Deliver the tasks of bulk retries alone, and return what was answered."""
    pages = {n: e for n, e in world.queue.tasks.items() if e.stage == "retry_failed_tasks"}
    others = {n: e for n, e in world.queue.tasks.items() if n not in pages}
    world.queue.tasks = pages
    answers = world.queue.deliver_all(world.runtime)
    world.queue.tasks |= others
    return answers


def status_counts(world: World) -> dict[str, int]:
    store = world.runtime.store
    counts = {
        status: store.count(FAILED_TASKS, where=[Filter("status", "==", status)])
        for status in ("failed", "retrying", "resolved")
    }
    return {status: number for status, number in counts.items() if number}


def test_all_that_match_are_retried_page_by_page(
    world: World, captured_telemetry: CapturedTelemetry
) -> None:
    for number in range(250):
        file(world, number)
    file(world, 900, stage="sink", task_type="toy_item")
    cure(world)

    bulk_id = start_bulk(world.runtime, criteria=Criteria(pipeline_stage="toy"), by="ann")
    assert 250 == world.data(BULK_RETRIES, bulk_id)["expected"]
    for taken in (100, 200, 250):
        step(world)
        assert taken == world.data(BULK_RETRIES, bulk_id)["taken"]
    world.queue.deliver_all(world.runtime)

    assert {"failed": 1, "resolved": 250} == status_counts(world)
    bulk = world.data(BULK_RETRIES, bulk_id)
    assert ("done", 250, 0, 0) == (bulk["status"], *map(bulk.get, ("taken", "skipped", "refused")))
    assert 250 == captured_telemetry.counter("failed_tasks_retried", stage="toy")
    assert 250 == world.count("cured")
    assert {"ann"} == {
        each.data["resolved_by"]
        for each in world.runtime.store.query(FAILED_TASKS)
        if each.data["status"] == "resolved"
    }


def test_retries_and_pages_are_spaced_out_by_the_rate(world: World) -> None:
    for number in range(150):
        file(world, number)
    start_bulk(world.runtime, criteria=ALL, rate=4, by="ann")
    step(world)

    retries = [e for e in world.queue.tasks.values() if e.stage == "toy"]
    [page] = [e for e in world.queue.tasks.values() if e.stage == "retry_failed_tasks"]
    times = sorted(each.not_before for each in retries if each.not_before)
    assert (100, 99) == (len(retries), len(times))
    assert {timedelta(seconds=0.25)} == {b - a for a, b in pairwise(times)}
    assert page.not_before == times[-1] + timedelta(seconds=0.25)


def test_chosen_ones_are_retried_and_those_that_are_gone_skipped(world: World) -> None:
    ids = [file(world, number) for number in range(130)]
    retry(world.runtime, "t3", by="bob")
    bulk_id = start_bulk(world.runtime, ids=[*ids[:120], "nowhere", ids[0]], by="ann")
    assert 121 == world.data(BULK_RETRIES, bulk_id)["expected"]
    step(world)
    step(world)

    bulk = world.data(BULK_RETRIES, bulk_id)
    assert ("done", 119, 2) == (bulk["status"], bulk["taken"], bulk["skipped"])
    assert {"failed": 10, "retrying": 120} == status_counts(world)


def test_what_cannot_be_retried_is_counted_and_holds_nothing_up(world: World) -> None:
    for number in range(120):
        file(world, number, stage="gone")
    for number in range(200, 220):
        file(world, number, body=b"no json")
    for number in range(300, 310):
        file(world, number)
    bulk_id = start_bulk(world.runtime, criteria=ALL, by="ann")
    step(world)
    step(world)

    bulk = world.data(BULK_RETRIES, bulk_id)
    assert ("done", 10, 140) == (bulk["status"], bulk["taken"], bulk["refused"])


def test_what_fails_after_the_bulk_retry_began_is_not_taken_by_it(world: World) -> None:
    for number in range(120):
        file(world, number)
    bulk_id = start_bulk(world.runtime, criteria=ALL, by="ann")
    file(world, 500, failed_at=datetime.now(UTC))
    while world.queue.tasks:
        world.queue.deliver_all(world.runtime)  # each fails again at once: there is no cure

    bulk = world.data(BULK_RETRIES, bulk_id)
    assert ("done", 120) == (bulk["status"], bulk["taken"])
    assert {"failed": 121} == status_counts(world)
    assert {1, 2} == {each.data["retry_count"] for each in world.runtime.store.query(FAILED_TASKS)}


@pytest.mark.parametrize("choice", ["criteria", "ids"])
def test_large_bodies_are_taken_in_smaller_batches(world: World, choice: str) -> None:
    ids = [
        file(world, n, body=b'{"do": "ail", "order_id": "%s"}' % (b"x" * 900_000))
        for n in range(12)
    ]
    chosen: dict[str, Any] = {"ids": ids} if choice == "ids" else {"criteria": ALL}
    bulk_id = start_bulk(world.runtime, by="ann", **chosen)

    taken = []
    while any(e.stage == "retry_failed_tasks" for e in world.queue.tasks.values()):
        assert ["succeeded"] == step(world)
        taken.append(world.data(BULK_RETRIES, bulk_id)["taken"])

    assert [5, 10, 12] == taken
    assert "done" == world.data(BULK_RETRIES, bulk_id)["status"]


def test_only_those_that_say_the_words_are_retried(world: World) -> None:
    for number in range(150):
        file(world, number, error_message="the tide was low" if number % 3 else "the moon")
    bulk_id = start_bulk(world.runtime, criteria=Criteria(text="LOW tide"), by="ann")
    step(world)
    step(world)

    bulk = world.data(BULK_RETRIES, bulk_id)
    assert ("done", 100, 100) == (bulk["status"], bulk["expected"], bulk["taken"])


def test_all_that_match_are_resolved(world: World, captured_telemetry: CapturedTelemetry) -> None:
    for number in range(120):
        file(world, number)
    start_bulk(world.runtime, action=BulkAction.RESOLVE, criteria=ALL, by="ann", note="mended")
    step(world)
    step(world)

    assert {"resolved": 120} == status_counts(world)
    assert "mended" == world.data(FAILED_TASKS, "t0")["history"][-1]["note"]
    assert 120 == captured_telemetry.counter("failed_tasks_resolved", stage="toy")
    assert {} == world.queue.tasks


def test_a_cancelled_bulk_retry_takes_no_more(world: World) -> None:
    for number in range(150):
        file(world, number)
    bulk_id = start_bulk(world.runtime, criteria=ALL, by="ann")
    step(world)
    cancel_bulk(world.runtime.store, bulk_id, by="bob")
    step(world)

    bulk = world.data(BULK_RETRIES, bulk_id)
    assert ("cancelled", "bob", 100) == (bulk["status"], bulk["ended_by"], bulk["taken"])
    assert {"failed": 50, "retrying": 100} == status_counts(world)
    with pytest.raises(FailedTaskTaken, match="is cancelled by now"):
        cancel_bulk(world.runtime.store, bulk_id, by="bob")
    with pytest.raises(FailedTaskMissing):
        cancel_bulk(world.runtime.store, "nowhere", by="bob")


def test_two_bulk_retries_and_an_operator_at_once_take_each_task_once(world: World) -> None:
    ids = [file(world, number) for number in range(200)]
    bulks = [start_bulk(world.runtime, criteria=ALL, by=name) for name in ("ann", "bob")]
    pages, world.queue.tasks = world.queue.tasks, {}
    by_hand: list[str] = []

    def work_off(task_id: str) -> None:
        entry = pages[task_id]
        world.runtime.handle(
            "dpl_retry_failed_tasks", {"X-CloudTasks-TaskName": task_id}, entry.body
        )

    def press(_: int) -> None:
        for each in random.sample(ids, 20):
            try:
                by_hand.append(retry(world.runtime, each, by="eve"))
            except FailedTaskTaken:
                continue

    with ThreadPoolExecutor(4) as pool:
        futures = [*(pool.submit(work_off, name) for name in pages), pool.submit(press, 0)]
        for future in futures:
            future.result()
    while any(e.stage == "retry_failed_tasks" for e in world.queue.tasks.values()):
        step(world)

    assert {"retrying": 200} == status_counts(world)
    assert {f"{each}-retry-1" for each in ids} == set(world.queue.tasks)
    assert 200 == len(by_hand) + sum(world.data(BULK_RETRIES, each)["taken"] for each in bulks)


def test_a_bulk_retry_goes_on_where_its_server_was_killed(world: World, tmp_path: Path) -> None:
    for number in range(1_000):
        file(world, number)
    cure(world)
    world.queue.down = True  # the servers below send and deliver
    bulk_id = start_bulk(world.runtime, criteria=ALL, rate=500, by="ann")

    killed = 0
    deadline = time.monotonic() + 90
    while status_counts(world) != {"resolved": 1_000}:
        assert time.monotonic() < deadline, (status_counts(world), killed)
        with subprocess.Popen(
            [sys.executable, str(WORKER), str(tmp_path)], stdout=subprocess.PIPE
        ) as server:
            assert server.stdout is not None
            server.stdout.readline()
            time.sleep(random.uniform(0.1, 1.5))  # noqa: S311 - killed at any moment
            server.kill()
            killed += 1

    bulk = world.data(BULK_RETRIES, bulk_id)
    assert ("done", 1_000, 0, 0) == (
        bulk["status"],
        *(bulk[name] for name in ("taken", "skipped", "refused")),
    )
    assert killed > 1
    # Each order can be cured once only: a second time would have failed.
    assert 1_000 == world.count("cured")
    assert {1} == {each.data["retries"] for each in world.runtime.store.query(FAILED_TASKS)}


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"criteria": ALL, "rate": 0}, "say 0.01 to 500"),
        ({"criteria": ALL, "rate": float("nan")}, "say 0.01 to 500"),
        ({"criteria": ALL, "rate": 501}, "say 0.01 to 500"),
        ({}, "by criteria, or by their ids"),
        ({"criteria": ALL, "ids": ["t1"]}, "by criteria, or by their ids"),
        ({"ids": ["t1"] * 10_001}, "10,000 are most"),
    ],
)
def test_what_cannot_be_asked_for_is_refused(
    world: World, asked: dict[str, Any], told: str
) -> None:
    with pytest.raises(BulkRetryRefused, match=told):
        start_bulk(world.runtime, by="ann", **asked)

    assert 0 == world.count(BULK_RETRIES)
