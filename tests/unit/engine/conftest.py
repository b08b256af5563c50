from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from telemetry.emulator import arrow
from telemetry.emulator.engine.reader import Reader
from telemetry.emulator.engine.wire import Failure, Request, TableState, from_stream

if TYPE_CHECKING:
    from collections.abc import Callable

    Ask = Callable[..., list[dict[str, Any]] | Failure]


@pytest.fixture(scope="session")
def reader() -> Reader:
    return Reader(256 << 20)


@pytest.fixture
def ask(reader: Reader) -> Ask:
    """Run DataFusion's SQL over empty tables: the rows, or the failure."""

    def run(sql: str, **fields: Any) -> list[dict[str, Any]] | Failure:
        answer = reader.answer(request(sql, **fields))
        if isinstance(answer, Failure):
            return answer
        return [row for batch in from_stream(answer.stream)[1] for row in batch.to_pylist()]

    return run


def request(sql: str, **fields: Any) -> Request:
    tables = {table.name: TableState(table.schema, 1, None) for table in arrow.STORED_TABLES}
    given: dict[str, Any] = {
        "tables": tables,
        "hot": {},
        "min_timestamp": None,
        "max_timestamp": None,
        "limit": 10_000,
        "timezone": "UTC",
        "environments": None,
        "explain": False,
    }
    return Request(sql, sql, **given | fields)
