"""A real emulator in a process of its own, a real client, and a real target for its tasks."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest
from emulator_harness import Target, connect, make_queue

from functions.emulator.process import EmulatorProcess

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from google.cloud import tasks_v2

LOCATION = "projects/test/locations/europe-west1"


@pytest.fixture
def target() -> Iterator[Target]:
    target = Target()
    yield target
    target.close()


@pytest.fixture(scope="session")
def emulator() -> Iterator[EmulatorProcess]:
    with EmulatorProcess() as emulator:
        yield emulator


@pytest.fixture(scope="session")
def client(emulator: EmulatorProcess) -> Iterator[tasks_v2.CloudTasksClient]:
    client = connect(emulator.address)
    yield client
    client.transport.close()


_numbers = itertools.count(1)


@pytest.fixture
def new_name() -> Callable[[], str]:
    """Return the full name of a queue that no test has used."""
    return lambda: f"{LOCATION}/queues/queue-{next(_numbers)}"


@pytest.fixture
def queue(client: tasks_v2.CloudTasksClient, new_name: Callable[[], str]) -> str:
    """Return the name of a fresh queue that tries again without delay."""
    return make_queue(client, new_name())
