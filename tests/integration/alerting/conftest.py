from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from alert_bench import Bench
from alert_receiver import Receiver, receiving

from telemetry.emulator.engine import Engine, Limits
from telemetry.emulator.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with Store(tmp_path_factory.mktemp("store") / "logfire") as opened:
        yield opened


@pytest.fixture(scope="session")
def engine(store: Store) -> Iterator[Engine]:
    with Engine(store, Limits(concurrency=1)) as running:
        yield running


@pytest.fixture
def bench(tmp_path: Path, store: Store, engine: Engine) -> Iterator[Bench]:
    made = Bench(tmp_path, store, engine)
    yield made
    made.close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as opened:
        yield opened
