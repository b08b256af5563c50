from __future__ import annotations

import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from store_implementations import IMPLEMENTATIONS, open_store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from functions.runtime.store import DocumentStore

    StartWorker = Callable[..., subprocess.Popen[str]]

WORKER = Path(__file__).with_name("store_worker.py")


@pytest.fixture(params=sorted(IMPLEMENTATIONS))
def implementation(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def store(implementation: str, tmp_path: Path) -> Iterator[DocumentStore]:
    """Give an empty store, once for each implementation."""
    with closing(open_store(implementation, tmp_path)) as opened:
        yield opened


@pytest.fixture
def start_worker(implementation: str, tmp_path: Path) -> Iterator[StartWorker]:
    """Start processes that work on the store of the test, as ``store_worker.py`` says."""
    started = []

    def start(*arguments: object) -> subprocess.Popen[str]:
        command = [sys.executable, str(WORKER), implementation, str(tmp_path)]
        command += map(str, arguments)
        worker = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        )
        started.append(worker)
        return worker

    yield start
    for worker in started:
        with worker:
            worker.kill()


@pytest.fixture
def wait_until() -> Callable[[Callable[[], object]], None]:
    """Give a function that waits for a condition, for 20 seconds at most."""

    def wait(condition: Callable[[], object]) -> None:
        deadline = time.monotonic() + 20
        while not condition():
            assert time.monotonic() < deadline, "it never came true"
            time.sleep(0.001)

    return wait
