from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from emulator_harness import make_queue
from google.api_core import exceptions
from google.cloud.tasks_v2 import Task

if TYPE_CHECKING:
    from collections.abc import Callable

    from google.cloud.tasks_v2 import CloudTasksClient

TOMORROW = datetime.now(UTC) + timedelta(days=1)


def waiting(**request: Any) -> dict[str, Any]:
    """Return a task that stays in its queue."""
    return {"http_request": {"url": "http://127.0.0.1:1/", **request}, "schedule_time": TOMORROW}


def test_a_created_task_is_answered_without_its_body(client: CloudTasksClient, queue: str) -> None:
    created = client.create_task(
        parent=queue, task=waiting(body=b"secret", headers={"Content-Type": "text/plain"})
    )
    assert created.name.startswith(f"{queue}/tasks/")
    assert created.name.rpartition("/")[2].isdigit()
    assert (b"", "BASIC", "POST") == (
        created.http_request.body,
        created.view.name,
        created.http_request.http_method.name,
    )
    assert {"Content-Type": "text/plain", "User-Agent": "Google-Cloud-Tasks"} == dict(
        created.http_request.headers
    )
    assert timedelta(minutes=10) == created.dispatch_deadline
    assert TOMORROW == created.schedule_time
    assert 0 == created.create_time.microsecond
    assert created == client.get_task(name=created.name)


def test_the_full_view_shows_the_body(client: CloudTasksClient, queue: str) -> None:
    created = client.create_task(
        request={"parent": queue, "task": waiting(body=b"secret"), "response_view": "FULL"}
    )
    assert (b"secret", "FULL") == (created.http_request.body, created.view.name)
    assert created == client.get_task(
        request={"name": created.name, "response_view": Task.View.FULL}
    )
    (listed,) = client.list_tasks(request={"parent": queue, "response_view": "FULL"})
    assert created == listed
    (listed,) = client.list_tasks(parent=queue)
    assert b"" == listed.http_request.body


def test_tasks_are_listed_page_by_page(client: CloudTasksClient, queue: str) -> None:
    names = sorted(client.create_task(parent=queue, task=waiting()).name for _ in range(5))
    pages = list(client.list_tasks(request={"parent": queue, "page_size": 2}).pages)
    assert [2, 2, 1] == [len(page.tasks) for page in pages]
    assert names == [task.name for page in pages for task in page.tasks]
    assert names == [task.name for task in client.list_tasks(parent=queue)]


def test_pages_of_large_tasks_fit_into_a_clients_message(
    client: CloudTasksClient, queue: str
) -> None:
    for _ in range(6):
        client.create_task(parent=queue, task=waiting(body=b"x" * 1_000_000))
    tasks = list(client.list_tasks(request={"parent": queue, "response_view": "FULL"}))
    assert [1_000_000] * 6 == [len(task.http_request.body) for task in tasks]


def test_a_deleted_task_is_gone(client: CloudTasksClient, queue: str) -> None:
    name = client.create_task(parent=queue, task=waiting() | {"name": f"{queue}/tasks/mine"}).name
    client.delete_task(name=name)
    for call in (client.get_task, client.delete_task):
        with pytest.raises(exceptions.NotFound, match="a task with this name existed recently"):
            call(name=name)
    assert [] == list(client.list_tasks(parent=queue))


def test_a_task_that_never_was_is_not_found(client: CloudTasksClient, queue: str) -> None:
    for call in (client.get_task, client.delete_task):
        for name in (f"{queue}/tasks/never", f"{queue}-missing/tasks/never"):
            with pytest.raises(exceptions.NotFound, match=r"Requested entity was not found\."):
                call(name=name)


def test_a_name_is_refused_while_its_task_lives(client: CloudTasksClient, queue: str) -> None:
    task = waiting() | {"name": f"{queue}/tasks/mine"}
    client.create_task(parent=queue, task=task)
    with pytest.raises(exceptions.AlreadyExists, match="Requested entity already exists"):
        client.create_task(parent=queue, task=task)


def test_a_name_is_refused_after_its_task_was_deleted(client: CloudTasksClient, queue: str) -> None:
    task = waiting() | {"name": f"{queue}/tasks/mine"}
    client.delete_task(name=client.create_task(parent=queue, task=task).name)
    with pytest.raises(exceptions.AlreadyExists, match="existed too recently"):
        client.create_task(parent=queue, task=task)


def test_of_many_who_race_for_a_name_one_gets_it(client: CloudTasksClient, queue: str) -> None:
    def create(_: int) -> bool:
        try:
            client.create_task(parent=queue, task=waiting() | {"name": f"{queue}/tasks/mine"})
        except exceptions.AlreadyExists:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert 1 == sum(pool.map(create, range(40)))


@pytest.mark.parametrize(
    ("task", "message"),
    [
        ({}, "Task.http_request is required"),
        ({"app_engine_http_request": {"relative_uri": "/"}}, "App Engine tasks are not served"),
        ({"http_request": {"url": "nonsense"}}, "must start with 'http://' or 'https://'"),
        ({"http_request": {"url": "http://h/", "body": b"x" * 1_048_569}}, "size too large"),
        (waiting() | {"name": "mine"}, "Task name must be formatted"),
        (
            waiting() | {"schedule_time": datetime.now(UTC) + timedelta(days=31)},
            "is too far in the future",
        ),
        (waiting() | {"dispatch_deadline": timedelta(seconds=14)}, r"\[15s, 30m\]"),
        (waiting() | {"dispatch_deadline": timedelta(minutes=31)}, r"\[15s, 30m\]"),
    ],
)
def test_a_task_that_the_service_would_refuse_is_refused(
    client: CloudTasksClient, queue: str, task: dict[str, Any], message: str
) -> None:
    with pytest.raises(exceptions.InvalidArgument, match=message):
        client.create_task(parent=queue, task=task)
    assert [] == list(client.list_tasks(parent=queue))


def test_a_batch_is_created_at_once(client: CloudTasksClient, queue: str) -> None:
    requests = [{"parent": queue, "task": waiting()} for _ in range(100)]
    operation = client.batch_create_tasks(parent=queue, requests=requests)
    created = [task.name for task in operation.result().tasks]
    assert sorted(created) == [task.name for task in client.list_tasks(parent=queue)]
    assert 100 == len(created)
    assert ("SUCCEEDED", {}) == (
        operation.metadata.state.name,
        dict(operation.metadata.failed_requests),
    )
    assert operation.operation == client.get_operation(request={"name": operation.operation.name})


def test_a_batch_tells_which_of_its_tasks_were_refused(
    client: CloudTasksClient, queue: str
) -> None:
    mine = waiting() | {"name": f"{queue}/tasks/mine"}
    tasks = [mine, {"http_request": {"url": "nonsense"}}, waiting(), mine]
    operation = client.batch_create_tasks(
        parent=queue, requests=[{"parent": queue, "task": task} for task in tasks]
    )
    assert 2 == len(operation.result().tasks)
    failed = operation.metadata.failed_requests
    assert "PARTIALLY_SUCCEEDED" == operation.metadata.state.name
    assert {1: 3, 3: 6} == {index: status.code for index, status in failed.items()}
    assert "Requested entity already exists" == failed[3].message


def test_a_batch_of_which_nothing_was_taken_fails(client: CloudTasksClient, queue: str) -> None:
    request = {"parent": queue, "task": {"http_request": {"url": "nonsense"}}}
    operation = client.batch_create_tasks(parent=queue, requests=[request])
    with pytest.raises(exceptions.Aborted, match="None of the requests succeeded"):
        operation.result()
    assert [0] == list(operation.metadata.failed_requests)


def test_a_batch_that_is_sent_again_is_not_created_again(
    client: CloudTasksClient, queue: str
) -> None:
    request = {
        "parent": queue,
        "requests": [{"parent": queue, "task": waiting()} for _ in range(3)],
        "request_id": f"again-{queue.rpartition('/')[2]}",
    }
    first = client.batch_create_tasks(request=request)
    second = client.batch_create_tasks(request=request)
    assert first.operation == second.operation
    assert 3 == len(list(client.list_tasks(parent=queue)))


def test_a_batch_of_another_queue_is_another_batch(
    client: CloudTasksClient, queue: str, new_name: Callable[[], str]
) -> None:
    for name in (queue, make_queue(client, new_name())):
        client.batch_create_tasks(
            request={
                "parent": name,
                "requests": [{"parent": name, "task": waiting()}],
                "request_id": f"shared-{queue.rpartition('/')[2]}",
            }
        )
        assert 1 == len(list(client.list_tasks(parent=name)))


def test_a_batch_that_contradicts_itself_is_refused(client: CloudTasksClient, queue: str) -> None:
    one = {"parent": queue, "task": waiting()}
    for requests, message in (
        ([], "requests is required"),
        ([one] * 101, "no more than 100"),
        ([one, one | {"parent": f"{queue}-other"}], "must be the same as"),
    ):
        with pytest.raises(exceptions.InvalidArgument, match=message):
            client.batch_create_tasks(parent=queue, requests=requests)
    with pytest.raises(exceptions.NotFound, match="Requested entity was not found"):
        client.get_operation(request={"name": "projects/p/locations/l/operations/none"})
