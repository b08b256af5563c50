from __future__ import annotations

import threading
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from emulator_harness import wait_until
from google.api_core import exceptions

if TYPE_CHECKING:
    from collections.abc import Callable

    from emulator_harness import Arrival, Target
    from google.cloud.tasks_v2 import CloudTasksClient

    from functions.emulator.process import EmulatorProcess

PATIENCE = 30.0


def create(client: CloudTasksClient, queue: str, url: str, **request: Any) -> str:
    task = {"http_request": {"url": url, **request}}
    return str(client.create_task(parent=queue, task=task).name)


def create_in(seconds: float, client: CloudTasksClient, queue: str, url: str) -> str:
    due = datetime.now(UTC) + timedelta(seconds=seconds)
    task = {"http_request": {"url": url}, "schedule_time": due}
    return str(client.create_task(parent=queue, task=task).name)


def wait_until_gone(client: CloudTasksClient, name: str) -> None:
    def is_gone() -> bool:
        try:
            client.get_task(name=name)
        except exceptions.NotFound:
            return True
        return False

    wait_until(is_gone)


def test_a_task_reaches_its_target_as_it_was_sent(
    client: CloudTasksClient, queue: str, target: Target
) -> None:
    before = time.time()
    name = create(
        client,
        queue,
        f"{target.url}/run?x=1&y=a%20b",
        body=b'{"a": 1}',
        headers={"Content-Type": "application/json", "X-Mine": "kept", "User-Agent": "mine"},
    )
    (arrival,) = target.wait_for(1)
    assert ("POST", "/run?x=1&y=a%20b", b'{"a": 1}') == (arrival.method, arrival.path, arrival.body)
    headers = dict(arrival.headers)
    assert before <= float(headers.pop("X-CloudTasks-TaskETA")) <= time.time()
    assert {
        "Host": target.url.removeprefix("http://"),
        "Content-Length": "8",
        "Content-Type": "application/json",
        "User-Agent": "Google-Cloud-Tasks",
        "X-Mine": "kept",
        "X-CloudTasks-QueueName": queue.rpartition("/")[2],
        "X-CloudTasks-TaskName": name.rpartition("/")[2],
        "X-CloudTasks-TaskRetryCount": "0",
        "X-CloudTasks-TaskExecutionCount": "0",
    } == headers
    wait_until_gone(client, name)


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD"])
def test_a_task_may_use_any_method(
    client: CloudTasksClient, queue: str, target: Target, method: str
) -> None:
    name = create(client, queue, target.url, http_method=method)
    (arrival,) = target.wait_for(1)
    assert (method, b"", None) == (arrival.method, arrival.body, arrival.headers["Content-Type"])
    wait_until_gone(client, name)


def test_a_name_is_refused_after_its_task_was_done(
    client: CloudTasksClient, queue: str, target: Target
) -> None:
    task = {"name": f"{queue}/tasks/mine", "http_request": {"url": target.url}}
    client.create_task(parent=queue, task=task)
    wait_until_gone(client, task["name"])
    with pytest.raises(exceptions.AlreadyExists, match="existed too recently"):
        client.create_task(parent=queue, task=task)
    assert 1 == len(target.wait_for(1))


def test_a_refused_task_is_not_delivered(
    client: CloudTasksClient, queue: str, target: Target
) -> None:
    later = datetime.now(UTC) + timedelta(hours=1)
    mine = {"name": f"{queue}/tasks/mine", "http_request": {"url": f"{target.url}/mine"}}
    first = client.create_task(parent=queue, task=mine | {"schedule_time": later})
    with pytest.raises(exceptions.AlreadyExists):
        client.create_task(parent=queue, task=mine)
    create(client, queue, f"{target.url}/next")
    assert ["/next"] == [arrival.path for arrival in target.wait_for(1)]
    assert first == client.get_task(name=first.name)


def test_a_task_is_tried_until_it_succeeds(
    client: CloudTasksClient, queue: str, target: Target
) -> None:
    answers = iter([503, 404, 429, 500, 302, 200])
    target.answer(lambda _: next(answers))
    name = create(client, queue, target.url, body=b"the same each time")
    arrivals = target.wait_for(6)
    wait_until_gone(client, name)

    def told(header: str) -> list[str | None]:
        return [arrival.headers[header] for arrival in arrivals]

    # As recorded at the service for the same answers.
    assert ["0", "1", "2", "3", "4", "5"] == told("X-CloudTasks-TaskRetryCount")
    assert ["0", "0", "1", "2", "2", "3"] == told("X-CloudTasks-TaskExecutionCount")
    assert [None, "503", "404", "429", "500", "302"] == told("X-CloudTasks-TaskPreviousResponse")
    assert [None, "", "", "", "", ""] == told("X-CloudTasks-TaskRetryReason")
    assert {b"the same each time"} == {arrival.body for arrival in arrivals}
    etas = [float(eta) for eta in told("X-CloudTasks-TaskETA") if eta is not None]
    assert sorted(set(etas)) == etas


def test_a_redirect_is_a_failure_and_is_not_followed(
    client: CloudTasksClient, queue: str, target: Target
) -> None:
    answers: dict[str, Any] = {"/old": (308, {"Location": f"{target.url}/new"})}
    target.answer(lambda arrival: answers.pop(arrival.path, 200))
    create(client, queue, f"{target.url}/old")
    arrivals = target.wait_for(2)
    assert ["/old", "/old"] == [arrival.path for arrival in arrivals]
    assert "308" == arrivals[1].headers["X-CloudTasks-TaskPreviousResponse"]


def test_an_exhausted_task_is_deleted_and_told_of_once(
    emulator: EmulatorProcess, client: CloudTasksClient, queue: str, target: Target
) -> None:
    target.answer(lambda _: 500)
    task = {"http_request": {"url": target.url}, "retry_config": quick(max_attempts=3)}
    name = client.create_task(parent=queue, task=task).name
    wait_until_gone(client, name)
    assert 3 == len(target.wait_for(3))
    told = f"{name} is given up after 3 attempts: HTTP status code 500"
    wait_until(lambda: told in emulator.log)
    assert 1 == emulator.log.count(name)


def test_a_target_that_cannot_be_reached_is_a_failed_attempt_without_a_response(
    client: CloudTasksClient, queue: str, target: Target
) -> None:
    target.close()
    task = {
        "http_request": {"url": target.url},
        "retry_config": {"min_backoff": {"seconds": 600}, "max_attempts": 5},
    }
    name = client.create_task(parent=queue, task=task).name
    wait_until(lambda: client.get_task(name=name).last_attempt.response_status.code == 14)
    tried = client.get_task(name=name)
    assert (1, 0) == (tried.dispatch_count, tried.response_count)
    assert "UNAVAILABLE(14): ClientConnectorError" in tried.last_attempt.response_status.message
    assert tried.schedule_time > datetime.now(UTC) + timedelta(minutes=9)


def test_a_task_shows_its_attempts(client: CloudTasksClient, queue: str, target: Target) -> None:
    target.answer(lambda _: 502)
    task = {
        "http_request": {"url": target.url},
        "retry_config": {"min_backoff": {"seconds": 600}},
    }
    name = client.create_task(parent=queue, task=task).name
    wait_until(lambda: client.get_task(name=name).response_count == 1)
    tried = client.get_task(name=name)
    assert 1 == tried.dispatch_count
    assert "INTERNAL(13): HTTP status code 502" == tried.last_attempt.response_status.message
    assert tried.first_attempt.dispatch_time == tried.last_attempt.dispatch_time
    assert tried.last_attempt.schedule_time <= tried.last_attempt.dispatch_time
    assert tried.last_attempt.dispatch_time <= tried.last_attempt.response_time


def test_a_task_under_way_counts_as_dispatched(
    client: CloudTasksClient, queue: str, target: Target
) -> None:
    answer = threading.Event()
    target.answer(lambda _: 200 if answer.wait(PATIENCE) else 500)
    name = create(client, queue, target.url)
    target.wait_for(1)
    tried = client.get_task(name=name)
    assert (1, 0) == (tried.dispatch_count, tried.response_count)
    answer.set()
    wait_until_gone(client, name)


def test_a_task_deleted_under_way_is_not_tried_again(
    client: CloudTasksClient, queue: str, target: Target
) -> None:
    answer = threading.Event()
    target.answer(lambda _: 500 if answer.wait(PATIENCE) else 200)
    name = create(client, queue, target.url)
    target.wait_for(1)
    client.delete_task(name=name)
    answer.set()
    # Due long after another attempt would have been: nothing else came between.
    create_in(0.3, client, queue, f"{target.url}/next")
    assert ["/", "/next"] == [arrival.path for arrival in target.wait_for(2)]


def test_a_task_deleted_while_it_waits_is_not_delivered(
    client: CloudTasksClient, queue: str, target: Target
) -> None:
    client.delete_task(name=create_in(0.2, client, queue, f"{target.url}/deleted"))
    create_in(0.4, client, queue, f"{target.url}/next")
    assert ["/next"] == [arrival.path for arrival in target.wait_for(1)]


def test_a_scheduled_task_does_not_arrive_early(
    client: CloudTasksClient, queue: str, target: Target
) -> None:
    due = datetime.now(UTC) + timedelta(seconds=0.7)
    task = {"http_request": {"url": f"{target.url}/later"}, "schedule_time": due}
    client.create_task(parent=queue, task=task)
    create(client, queue, f"{target.url}/now")
    now, later = target.wait_for(2)
    assert ["/now", "/later"] == [now.path, later.path]
    assert f"{due.timestamp():.6f}" == later.headers["X-CloudTasks-TaskETA"]
    assert later.at >= due.timestamp()


def test_a_queue_dispatches_no_faster_than_its_rate(
    client: CloudTasksClient, queue: str, target: Target
) -> None:
    client.update_queue(
        queue={"name": queue, "rate_limits": {"max_dispatches_per_second": 50}},
        update_mask={"paths": ["rate_limits"]},
    )
    burst = client.get_queue(name=queue).rate_limits.max_burst_size
    began = time.time()
    request = {"parent": queue, "task": {"http_request": {"url": target.url}}}
    client.batch_create_tasks(parent=queue, requests=[request] * 40)
    arrivals = sorted(arrival.at for arrival in target.wait_for(40))
    for count, at in enumerate(arrivals, start=1):
        assert count <= burst + 50 * (at - began) + 1


def test_no_more_of_a_queue_are_under_way_than_it_allows(
    client: CloudTasksClient, queue: str, target: Target
) -> None:
    client.update_queue(
        queue={"name": queue, "rate_limits": {"max_concurrent_dispatches": 3}},
        update_mask={"paths": ["rate_limits"]},
    )
    here, most = Counter[str](), []
    lock, three = threading.Lock(), threading.Barrier(3)

    def respond(_: Arrival) -> int:
        with lock:
            here["now"] += 1
            most.append(here["now"])
        three.wait(PATIENCE)  # three do get in together …
        with lock:
            here["now"] -= 1
        return 200

    target.answer(respond)
    for _ in range(12):
        create(client, queue, target.url)
    target.wait_for(12)
    wait_until(lambda: not list(client.list_tasks(parent=queue)))
    assert 3 == max(most)  # … and never a fourth


def test_a_slow_queue_does_not_hold_up_another(
    client: CloudTasksClient, queue: str, target: Target, new_name: Callable[[], str]
) -> None:
    answer = threading.Event()
    target.answer(lambda arrival: 200 if arrival.path == "/quick" or answer.wait(PATIENCE) else 0)
    client.update_queue(queue={"name": queue, "rate_limits": {"max_concurrent_dispatches": 1}})
    for _ in range(3):
        create(client, queue, f"{target.url}/slow")
    target.wait_for(1)
    other = client.create_queue(parent=queue.rpartition("/queues/")[0], queue={"name": new_name()})
    create(client, other.name, f"{target.url}/quick")
    assert ["/slow", "/quick"] == [arrival.path for arrival in target.wait_for(2)]
    answer.set()


def test_a_batch_is_delivered(client: CloudTasksClient, queue: str, target: Target) -> None:
    request = {"parent": queue, "task": {"http_request": {"url": target.url}}}
    operation = client.batch_create_tasks(parent=queue, requests=[request] * 100)
    created = {task.name.rpartition("/")[2] for task in operation.result().tasks}
    assert created == {arrival.task for arrival in target.wait_for(100)}


def quick(**settings: int) -> dict[str, Any]:
    return {"min_backoff": {"nanos": 10_000_000}, "max_backoff": {"nanos": 20_000_000}, **settings}
