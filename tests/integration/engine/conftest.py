from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from telemetry_fixture import make_store

from telemetry.emulator.engine import Engine, Limits, Query

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from telemetry_fixture import FakeStore

    Rows = Callable[..., list[dict[str, Any]]]


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("telemetry store")


@pytest.fixture(scope="session")
def store(folder: Path) -> FakeStore:
    return make_store(folder)


@pytest.fixture(scope="session")
def engine(store: FakeStore) -> Iterator[Engine]:
    with Engine(store, Limits(concurrency=1)) as running:
        yield running


@pytest.fixture
def rows(engine: Engine) -> Rows:
    """Run Logfire's SQL and return the rows."""

    def run(sql: str, **fields: Any) -> list[dict[str, Any]]:
        result = engine.run_sync(Query(sql, **{"limit": 10_000} | fields))
        return [row for batch in result.batches for row in batch.to_pylist()]

    return run
