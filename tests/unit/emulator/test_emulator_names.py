from __future__ import annotations

import pytest

from functions.emulator.names import new_task_id, parse_location, parse_queue, parse_task
from functions.errors import CallRefused

LOCATION = "projects/example.com:my-project/locations/europe-west1"
QUEUE = f"{LOCATION}/queues/first-queue"


def test_a_queues_name_has_a_location_and_a_bare_id() -> None:
    name = parse_queue(QUEUE)
    assert (QUEUE, LOCATION, "first-queue") == (name.full, name.location, name.queue_id)
    assert f"{QUEUE}/tasks/t" == name.task("t")


def test_a_tasks_name_has_a_queue_and_a_bare_id() -> None:
    assert (parse_queue(QUEUE), "Task_1-a") == parse_task(f"{QUEUE}/tasks/Task_1-a")


@pytest.mark.parametrize(
    "name",
    [
        "",
        "first-queue",
        QUEUE + "\n",  # a trailing newline is no part of an id
        QUEUE + "/",
        QUEUE.replace("europe-west1", ""),
        QUEUE.replace("my-project", "my project"),
        LOCATION + "/queues/under_score",  # queues have none, tasks do
        LOCATION + "/queues/" + "q" * 101,
        "x" + QUEUE,
        "projects/p/locations/l/queues/q/tasks/t",
    ],
)
def test_what_is_no_queues_name_is_refused(name: str) -> None:
    with pytest.raises(CallRefused, match=r"^Queue name must be formatted: ") as refusal:
        parse_queue(name)
    assert "INVALID_ARGUMENT" == refusal.value.status


@pytest.mark.parametrize("name", ["", QUEUE, "t", f"{LOCATION}/queues/a_b/tasks/t", "/tasks/t"])
def test_what_is_no_tasks_name_is_refused(name: str) -> None:
    with pytest.raises(CallRefused, match=r"^Task name must be formatted: "):
        parse_task(name)


@pytest.mark.parametrize("task_id", ["", "with space", "dot.dot", "ü", "x" * 501, "a\n"])
def test_what_is_no_tasks_id_is_refused(task_id: str) -> None:
    with pytest.raises(CallRefused, match=r"can contain only letters"):
        parse_task(f"{QUEUE}/tasks/{task_id}")


@pytest.mark.parametrize("name", ["", "projects/p", "projects/p/locations/l/", QUEUE])
def test_what_is_no_location_is_refused(name: str) -> None:
    with pytest.raises(CallRefused, match=r"a parent must be formatted"):
        parse_location(name)


def test_ids_made_here_are_valid_and_differ() -> None:
    ids = {new_task_id() for _ in range(1000)}
    assert 1000 == len(ids)
    assert all(parse_task(f"{QUEUE}/tasks/{each}")[1] == each for each in ids)
