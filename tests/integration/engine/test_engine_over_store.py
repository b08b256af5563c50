"""The engine over the real store, while the store goes on."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from telemetry_fixture import make_records

from telemetry.emulator import arrow
from telemetry.emulator.engine import Engine, Limits, Query
from telemetry.emulator.otlp.batch import DecodedBatch
from telemetry.emulator.store import Store, StoreOptions

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import pyarrow as pa

BATCH = 100


@cache
def records() -> pa.RecordBatch:
    return make_records().select(arrow.RECORDS.schema.names)


def batch(number: int) -> DecodedBatch:
    rows = records().slice(number * BATCH, BATCH)
    attributes = [orjson.loads(text) for text in rows["attributes"].to_pylist()]
    return DecodedBatch(arrow.RECORDS, rows, attributes)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "a store", StoreOptions()) as running:
        yield running


def figures(engine: Engine) -> dict[str, Any]:
    sql = (
        "SELECT count() AS n, count(DISTINCT span_id) AS d,"
        " count(attributes->>'stage') AS stages FROM records_all"
    )
    (row,) = [row for b in engine.run_sync(Query(sql)).batches for row in b.to_pylist()]
    return dict(row)


def test_a_query_sees_what_was_acknowledged_before_it_began(store: Store) -> None:
    with Engine(store, Limits(concurrency=1)) as engine:
        assert {"n": 0, "d": 0, "stages": 0} == figures(engine)
        for number in range(1, 6):
            store.append(batch(number), bytes([number]) * 32)
            expected = number * BATCH
            assert {"n": expected, "d": expected, "stages": expected} == figures(engine)
            if number in (2, 4):
                store.roll_now()
                assert {"n": expected, "d": expected, "stages": expected} == figures(engine)
        store.compact_now()
        assert 500 == figures(engine)["n"]


def test_what_was_sent_twice_is_seen_once(store: Store) -> None:
    with Engine(store, Limits(concurrency=1)) as engine:
        for _ in range(2):
            store.append(batch(1), b"1" * 32)
        assert BATCH == figures(engine)["n"]
