"""Run rewritten SQL on the engine's own session, over a small table."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest
from sql_document import DOCUMENT

from telemetry.emulator.engine.session import make_context
from telemetry.sql.rewrite import rewrite

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture(scope="session")
def ask() -> Callable[[str], list[tuple[Any, ...]]]:
    """Return what runs Logfire's SQL over ``records`` and gives its rows."""
    context = make_context(1 << 28)
    rows = pa.record_batch(
        {
            "start_timestamp": pa.array(
                [datetime(2026, 3, 4, 10, 59, 59, 500_000, UTC), datetime(2026, 3, 5, tzinfo=UTC)],
                pa.timestamp("us", "UTC"),
            ),
            "end_timestamp": pa.array(
                [datetime(2026, 3, 4, 11, 0, 3, 750_000, UTC), datetime(2026, 3, 5, tzinfo=UTC)],
                pa.timestamp("us", "UTC"),
            ),
            "level": pa.array([17, 9], pa.int16()),
            "attributes": [DOCUMENT, None],
            "message": ["late", "fine"],
        }
    )
    context.register_record_batches("records", [[rows]])

    def run(sql: str) -> list[tuple[Any, ...]]:
        table = pa.Table.from_batches(
            [batch.to_pyarrow() for batch in context.sql(rewrite(sql).sql).execute_stream()]
        )
        return [tuple(row.values()) for row in table.to_pylist()]

    return run
