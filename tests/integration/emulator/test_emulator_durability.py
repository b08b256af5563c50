"""What survives: emulators that are killed, and started again on the same folder."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from conftest import connect, make_queue, wait_until
from google.api_core import exceptions

from functions.emulator.process import EmulatorProcess
from functions.errors import EmulatorError

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Target
    from google.cloud.tasks_v2 import CloudTasksClient

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


def test_attempts_and_schedules_survive_a_kill(tmp_path: Path, target: Target) -> None:
    target.answer(lambda _: 503)
    emulator = EmulatorProcess(tmp_path)
    client = connect(emulator.address)
    make_queue(client, QUEUE)
    slow = {"min_backoff": {"seconds": 600}, "max_attempts": 7}
    name = f"{QUEUE}/tasks/t"
    client.create_task(parent=QUEUE, task=task(target, name, retry_config=slow))
    wait_until(lambda: client.get_task(name=name).response_count == 1)
    before = client.get_task(name=name)
    emulator.kill()
    with EmulatorProcess(tmp_path) as again:
        assert before == connect(again.address).get_task(name=name)
    assert 1 == len(target.wait_for(1))


def test_a_queue_survives_as_it_was_left(tmp_path: Path) -> None:
    emulator = EmulatorProcess(tmp_path)
    client = connect(emulator.address)
    make_queue(client, QUEUE)
    left = client.update_queue(
        queue={"name": QUEUE, "rate_limits": {"max_dispatches_per_second": 3}}
    )
    emulator.kill()
    with EmulatorProcess(tmp_path) as again:
        assert [left] == list(connect(again.address).list_queues(parent=QUEUE.split("/queues")[0]))


def test_a_done_task_stays_done_and_its_name_stays_taken(tmp_path: Path, target: Target) -> None:
    emulator = EmulatorProcess(tmp_path)
    client = connect(emulator.address)
    make_queue(client, QUEUE)
    done, deleted = f"{QUEUE}/tasks/done", f"{QUEUE}/tasks/deleted"
    client.create_task(parent=QUEUE, task=task(target, done))
    later = datetime.now(UTC) + timedelta(hours=1)
    client.create_task(parent=QUEUE, task=task(target, deleted, schedule_time=later))
    client.delete_task(name=deleted)
    wait_until(lambda: is_gone(client, done))
    # A call is answered after its commit, and with it everything before is on the disk.
    make_queue(client, QUEUES[1])
    emulator.kill()
    with EmulatorProcess(tmp_path) as again:
        client = connect(again.address)
        for name in (done, deleted):
            with pytest.raises(exceptions.AlreadyExists, match="existed too recently"):
                client.create_task(parent=QUEUE, task=task(target, name))
        client.create_task(parent=QUEUE, task=task(target, f"{QUEUE}/tasks/next"))
        arrivals = target.wait_for(2)
    assert ["done", "next"] == [arrival.task for arrival in arrivals]


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


def test_a_folder_serves_one_emulator_at_a_time(tmp_path: Path) -> None:
    with (
        EmulatorProcess(tmp_path),
        pytest.raises(EmulatorError, match="is in use by another emulator"),
    ):
        EmulatorProcess(tmp_path)
    with EmulatorProcess(tmp_path):
        """The first one has given it free."""


def test_a_folder_that_is_none_is_refused(tmp_path: Path) -> None:
    occupied = tmp_path / "file"
    occupied.write_text("not a folder")
    with pytest.raises(EmulatorError, match="cannot be used"):
        EmulatorProcess(occupied / "below")


def test_without_a_folder_nothing_is_left_behind(target: Target) -> None:
    with EmulatorProcess() as emulator:
        client = connect(emulator.address)
        make_queue(client, QUEUE)
        client.create_task(parent=QUEUE, task=task(target, f"{QUEUE}/tasks/t"))
        target.wait_for(1)
    with EmulatorProcess() as emulator:
        assert [] == list(connect(emulator.address).list_queues(parent=QUEUE.split("/queues")[0]))


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
