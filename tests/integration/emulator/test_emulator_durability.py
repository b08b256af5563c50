"""What survives: emulators that are killed, and started again on the same folder."""

from __future__ import annotations

import resource
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from emulator_harness import Target, connect, make_queue, wait_until
from google.api_core import exceptions

from functions.emulator.process import EmulatorProcess

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from google.cloud.tasks_v2 import CloudTasksClient, Queue, Task

QUEUES = [f"projects/test/locations/europe-west1/queues/queue-{number}" for number in range(4)]
QUEUE = QUEUES[0]
PATIENCE = 30.0


def task(target: Target, name: str, **fields: Any) -> dict[str, Any]:
    return {"name": name, "http_request": {"url": target.url, "body": name.encode()}, **fields}


def test_a_killed_emulator_has_lost_no_task_it_accepted(tmp_path: Path, target: Target) -> None:
    """Four clients create tasks as fast as they can while the emulator is killed under them."""
    accepted: list[str] = []
    enough = threading.Event()
    emulator = EmulatorProcess(tmp_path)
    client = connect(emulator.address)
    for queue in QUEUES:
        make_queue(client, queue)

    def create(queue: str) -> None:
        for number in range(100_000):
            name = f"{queue}/tasks/task-{number}"
            try:
                client.create_task(parent=queue, task=task(target, name), timeout=PATIENCE)
            except exceptions.GoogleAPICallError:
                return  # it was killed: this task may be there or not
            accepted.append(name)
            if len(accepted) >= 300:
                enough.set()

    with ThreadPoolExecutor(4) as pool:
        creations = [pool.submit(create, queue) for queue in QUEUES]
        assert enough.wait(PATIENCE)
        emulator.kill()
    for creation in creations:
        creation.result()

    with EmulatorProcess(tmp_path):
        arrivals = target.wait_until(
            lambda arrivals: set(accepted) <= {each.body.decode() for each in arrivals}
        )
    # What else arrived was being created when the emulator died: at most one task a client.
    others = {each.body.decode() for each in arrivals} - set(accepted)
    assert len(others) <= len(QUEUES)


def test_a_delivery_cut_off_by_a_kill_is_made_again_and_was_not_counted(
    tmp_path: Path, target: Target
) -> None:
    never = threading.Event()
    target.answer(lambda _: 200 if never.wait(PATIENCE) else 500)
    emulator = EmulatorProcess(tmp_path)
    client = connect(emulator.address)
    make_queue(client, QUEUE)
    client.create_task(parent=QUEUE, task=task(target, f"{QUEUE}/tasks/t"))
    target.wait_for(1)
    emulator.kill()
    never.set()
    with EmulatorProcess(tmp_path):
        first, second = target.wait_for(2)
    assert first.body == second.body
    for header in ("X-CloudTasks-TaskRetryCount", "X-CloudTasks-TaskETA"):
        assert first.headers[header] == second.headers[header]
    assert second.headers["X-CloudTasks-TaskPreviousResponse"] is None


@dataclass(frozen=True)
class Restart:
    """What an emulator was told before it was killed, and a client of the one that came after."""

    queue: Queue
    tried: Task
    client: CloudTasksClient


@pytest.fixture(scope="module")
def restart(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Restart]:
    folder = tmp_path_factory.mktemp("data")
    target = Target()
    target.answer(lambda arrival: 503 if arrival.task == "tried" else 200)
    emulator = EmulatorProcess(folder)
    client = connect(emulator.address)
    make_queue(client, QUEUE)
    client.create_task(parent=QUEUE, task=task(target, f"{QUEUE}/tasks/done"))
    later = datetime.now(UTC) + timedelta(hours=1)
    deleted = task(target, f"{QUEUE}/tasks/deleted", schedule_time=later)
    client.delete_task(name=client.create_task(parent=QUEUE, task=deleted).name)
    slow = {"min_backoff": {"seconds": 600}, "max_attempts": 7}
    tried = task(target, f"{QUEUE}/tasks/tried", retry_config=slow)
    client.create_task(parent=QUEUE, task=tried)
    wait_until(lambda: client.get_task(name=tried["name"]).response_count == 1)
    wait_until(lambda: is_gone(client, f"{QUEUE}/tasks/done"))
    before = client.get_task(name=tried["name"])
    # A call is answered after its commit, and with it everything before is on the disk.
    queue = client.update_queue(
        queue={"name": QUEUE, "rate_limits": {"max_dispatches_per_second": 3}}
    )
    emulator.kill()
    target.close()
    with EmulatorProcess(folder) as again:
        yield Restart(queue, before, connect(again.address))


def test_a_queue_survives_a_kill_as_it_was_left(restart: Restart) -> None:
    assert restart.queue == restart.client.get_queue(name=QUEUE)
    assert [restart.queue] == list(restart.client.list_queues(parent=QUEUE.split("/queues")[0]))


def test_attempts_and_schedules_survive_a_kill(restart: Restart) -> None:
    assert 1 == restart.tried.dispatch_count
    assert restart.tried == restart.client.get_task(name=restart.tried.name)


@pytest.mark.parametrize("name", ["done", "deleted"])
def test_a_finished_task_stays_finished_and_its_name_taken_after_a_kill(
    restart: Restart, name: str
) -> None:
    with pytest.raises(exceptions.NotFound, match="a task with this name existed recently"):
        restart.client.get_task(name=f"{QUEUE}/tasks/{name}")
    again = {"name": f"{QUEUE}/tasks/{name}", "http_request": {"url": "http://127.0.0.1:1/"}}
    with pytest.raises(exceptions.AlreadyExists, match="existed too recently"):
        restart.client.create_task(parent=QUEUE, task=again)


def test_stopping_lets_a_delivery_under_way_end(tmp_path: Path, target: Target) -> None:
    answer = threading.Event()
    target.answer(lambda _: 200 if answer.wait(PATIENCE) else 500)
    emulator = EmulatorProcess(tmp_path)
    client = connect(emulator.address)
    make_queue(client, QUEUE)
    client.create_task(parent=QUEUE, task=task(target, f"{QUEUE}/tasks/t"))
    target.wait_for(1)
    with ThreadPoolExecutor(1) as pool:
        stopping = pool.submit(emulator.stop)
        wait_until(lambda: not takes_calls(client))
        answer.set()
        assert 0 == stopping.result()
    with EmulatorProcess(tmp_path) as again:
        assert is_gone(connect(again.address), f"{QUEUE}/tasks/t")
    assert 1 == len(target.wait_for(1))


def test_a_full_disk_ends_the_emulator_and_takes_nothing_back(
    tmp_path: Path, target: Target
) -> None:
    with EmulatorProcess(tmp_path) as emulator:
        client = connect(emulator.address)
        make_queue(client, QUEUE)
        later = datetime.now(UTC) + timedelta(hours=1)
        kept = task(target, f"{QUEUE}/tasks/kept", schedule_time=later)
        client.create_task(parent=QUEUE, task=kept)
        # No file of this process may grow beyond what it has now and a little.
        resource.prlimit(emulator.pid, resource.RLIMIT_FSIZE, (200_000, 200_000))
        large = {"http_request": {"url": target.url, "body": b"x" * 500_000}}
        with pytest.raises(exceptions.ServiceUnavailable, match="could not be written"):
            client.create_task(parent=QUEUE, task=large)
        wait_until(lambda: "What was accepted before is kept" in emulator.log)
        assert 69 == emulator.stop()
    with EmulatorProcess(tmp_path) as again:
        listed = connect(again.address).list_tasks(parent=QUEUE)
        assert [kept["name"]] == [each.name for each in listed]


def test_without_a_folder_nothing_is_left_behind(
    client: CloudTasksClient, new_name: Callable[[], str]
) -> None:
    name = make_queue(client, new_name())
    with EmulatorProcess() as other, pytest.raises(exceptions.NotFound):
        connect(other.address).get_queue(name=name)


def is_gone(client: CloudTasksClient, name: str) -> bool:
    try:
        client.get_task(name=name)
    except exceptions.NotFound:
        return True
    return False


def takes_calls(client: CloudTasksClient) -> bool:
    try:
        client.get_queue(name=QUEUE, retry=None)
    except exceptions.ServiceUnavailable:
        return False
    return True
