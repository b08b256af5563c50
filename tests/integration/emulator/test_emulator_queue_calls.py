from __future__ import annotations

from typing import TYPE_CHECKING, Any

import grpc
import pytest
from google.api_core import exceptions
from google.protobuf.field_mask_pb2 import FieldMask

if TYPE_CHECKING:
    from collections.abc import Callable

    from google.cloud.tasks_v2 import CloudTasksClient

    from functions.emulator.process import EmulatorProcess

LOCATION = "projects/test/locations/europe-west1"
MISSING = "projects/test/locations/europe-west1/queues/missing"


def test_a_created_queue_has_the_services_defaults_and_can_be_read(
    client: CloudTasksClient, new_name: Callable[[], str]
) -> None:
    name = new_name()
    created = client.create_queue(parent=LOCATION, queue={"name": name})
    assert (name, "RUNNING") == (created.name, created.state.name)
    assert (500.0, 100, 1000) == (
        created.rate_limits.max_dispatches_per_second,
        created.rate_limits.max_burst_size,
        created.rate_limits.max_concurrent_dispatches,
    )
    assert (100, 16, 0.1, 3600.0) == (
        created.retry_config.max_attempts,
        created.retry_config.max_doublings,
        created.retry_config.min_backoff.total_seconds(),
        created.retry_config.max_backoff.total_seconds(),
    )
    assert created == client.get_queue(name=name)


def test_a_queues_name_can_be_taken_once(client: CloudTasksClient, queue: str) -> None:
    with pytest.raises(exceptions.AlreadyExists, match="Queue already exists"):
        client.create_queue(parent=LOCATION, queue={"name": queue})


@pytest.mark.parametrize(
    ("parent", "queue", "message"),
    [
        (LOCATION, {"name": "q"}, "Queue name must be formatted"),
        (LOCATION, {"name": MISSING.replace("missing", "under_score")}, "must be formatted"),
        ("somewhere", {"name": MISSING}, "a parent must be formatted"),
        ("projects/test/locations/us-central1", {"name": MISSING}, "must begin with"),
        (
            LOCATION,
            {"name": MISSING, "rate_limits": {"max_dispatches_per_second": 501}},
            "RateLimits.maxDispatchesPerSecond must be less than or equal to 500.",
        ),
    ],
)
def test_a_queue_that_the_service_would_refuse_is_refused(
    client: CloudTasksClient, parent: str, queue: dict[str, Any], message: str
) -> None:
    with pytest.raises(exceptions.InvalidArgument, match=message):
        client.create_queue(parent=parent, queue=queue)


def test_a_missing_queue_is_not_found(client: CloudTasksClient) -> None:
    with pytest.raises(exceptions.NotFound, match="Queue does not exist"):
        client.get_queue(name=MISSING)
    with pytest.raises(exceptions.NotFound, match="Queue does not exist"):
        client.list_tasks(parent=MISSING)
    with pytest.raises(exceptions.NotFound, match="Queue does not exist"):
        client.create_task(parent=MISSING, task={"http_request": {"url": "http://h/"}})


def test_queues_are_listed_page_by_page_in_one_location_only(client: CloudTasksClient) -> None:
    location = "projects/paged/locations/europe-west1"
    names = [f"{location}/queues/q{number}" for number in range(5)]
    for name in names:
        client.create_queue(parent=location, queue={"name": name})
    client.create_queue(
        parent="projects/paged/locations/us-east1",
        queue={"name": "projects/paged/locations/us-east1/queues/q9"},
    )
    pages = list(client.list_queues(request={"parent": location, "page_size": 2}).pages)
    assert [names[:2], names[2:4], names[4:]] == [[q.name for q in page.queues] for page in pages]
    assert names == [queue.name for queue in client.list_queues(parent=location)]


def test_a_list_takes_no_token_but_its_own(client: CloudTasksClient, queue: str) -> None:
    with pytest.raises(exceptions.InvalidArgument, match="page_token"):
        client.list_queues(request={"parent": LOCATION, "page_token": "bm9uc2Vuc2U="})
    with pytest.raises(exceptions.InvalidArgument, match="page_token"):
        client.list_tasks(request={"parent": queue, "page_token": "%%%"})
    with pytest.raises(exceptions.InvalidArgument, match="page_size"):
        client.list_tasks(request={"parent": queue, "page_size": -1})


def test_a_queue_is_changed_where_the_mask_says(client: CloudTasksClient, queue: str) -> None:
    before = client.get_queue(name=queue)
    changed = client.update_queue(
        queue={
            "name": queue,
            "rate_limits": {"max_concurrent_dispatches": 3},
            "retry_config": {"max_attempts": 9},
        },
        update_mask=FieldMask(paths=["rate_limits.max_concurrent_dispatches"]),
    )
    assert 3 == changed.rate_limits.max_concurrent_dispatches
    assert before.retry_config == changed.retry_config
    assert changed == client.get_queue(name=queue)


def test_updating_a_queue_that_is_missing_creates_it(
    client: CloudTasksClient, new_name: Callable[[], str]
) -> None:
    name = new_name()
    client.update_queue(queue={"name": name, "retry_config": {"max_attempts": 9}})
    assert 9 == client.get_queue(name=name).retry_config.max_attempts


@pytest.mark.parametrize(
    "call",
    [
        lambda client, queue: client.pause_queue(name=queue),
        lambda client, queue: client.resume_queue(name=queue),
        lambda client, queue: client.purge_queue(name=queue),
        lambda client, queue: client.delete_queue(name=queue),
        lambda client, queue: client.run_task(name=f"{queue}/tasks/t"),
        lambda client, queue: client.get_iam_policy(resource=queue),
        lambda client, queue: client.list_queues(
            request={"parent": LOCATION, "filter": "state: PAUSED"}
        ),
    ],
)
def test_what_is_not_there_yet_says_so(
    client: CloudTasksClient, queue: str, call: Callable[[CloudTasksClient, str], object]
) -> None:
    with pytest.raises(exceptions.MethodNotImplemented, match="not implemented by this emulator"):
        call(client, queue)


def test_bytes_that_are_no_message_harm_nobody(
    client: CloudTasksClient, emulator: EmulatorProcess, queue: str
) -> None:
    with grpc.insecure_channel(emulator.address) as channel:
        call = channel.unary_unary("/google.cloud.tasks.v2.CloudTasks/CreateTask")
        for junk in (b"\xff", b"\x0a\xff\xff\xff\xff\x0f", bytes(range(256))):
            with pytest.raises(grpc.RpcError):
                call(junk)
    assert queue == client.get_queue(name=queue).name


def test_a_request_beyond_all_measure_is_refused(client: CloudTasksClient, queue: str) -> None:
    task = {"http_request": {"url": "http://h/", "body": b"x" * 17 * 2**20}}
    with pytest.raises(exceptions.ResourceExhausted):
        client.create_task(parent=queue, task=task)
    assert queue == client.get_queue(name=queue).name
