from __future__ import annotations

import asyncio
import os
import signal
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from telemetry.emulator.engine import Engine, Limits, Query
from telemetry.errors import (
    ForbiddenSql,
    InvalidQuery,
    QueryError,
    QueryFailed,
    QueryOutOfMemory,
    QueryTimedOut,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from telemetry_fixture import FakeStore

ONE = Query("SELECT 1 AS x")
ENDLESS = Query(
    "SELECT sum(a.v * b.v) FROM generate_series(1, 1000000) a(v), generate_series(1, 1000000) b(v)"
)


@pytest.fixture(scope="module")
def bounded(store: FakeStore) -> Iterator[Engine]:
    """Run queries of up to 64 MiB, one at a time; its process is started."""
    with Engine(store, Limits(memory=64 << 20, concurrency=1)) as running:
        running.run_sync(ONE)
        yield running


@pytest.fixture
def hurried(bounded: Engine, monkeypatch: pytest.MonkeyPatch) -> Engine:
    """Give queries half a second, now that the process is started."""
    monkeypatch.setattr(bounded, "_limits", replace(bounded._limits, seconds=0.5))
    return bounded


def processes(engine: Engine) -> list[int]:
    return list(engine._workers.pids)


def test_an_endless_query_is_stopped_for_good(hurried: Engine) -> None:
    (before,) = processes(hurried)
    with pytest.raises(QueryTimedOut, match=r"longer than 0\.5 s .* Narrow its time range"):
        hurried.run_sync(ENDLESS)
    with pytest.raises(ProcessLookupError):
        os.kill(before, 0)
    assert before not in processes(hurried)


def test_a_wait_for_a_turn_counts(bounded: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    bounded.run_sync(ONE)
    monkeypatch.setattr(bounded, "_limits", replace(bounded._limits, seconds=0.5))

    async def run_two() -> list[object]:
        both = [bounded.run(ENDLESS), bounded.run(ONE)]
        return list(await asyncio.gather(*both, return_exceptions=True))

    first, second = asyncio.run(run_two())
    assert isinstance(first, QueryTimedOut)
    assert isinstance(second, QueryTimedOut)
    assert "waited 0.5 s for other queries" in str(second)


@pytest.mark.parametrize(
    "sql",
    [
        pytest.param("SELECT array_agg(v) FROM generate_series(1, 100000000) t(v)", id="operators"),
        # Computed while the query is planned, where no operator counts it.
        pytest.param("SELECT length(lpad('x', 1000000000))", id="a text"),
        pytest.param("SELECT array_length(generate_series(1, 1000000000))", id="a list"),
    ],
)
def test_a_query_that_takes_too_much_memory_is_stopped(bounded: Engine, sql: str) -> None:
    bounded.run_sync(ONE)
    with pytest.raises(QueryOutOfMemory, match="Narrow its time range"):
        bounded.run_sync(Query(sql))
    assert 1 == bounded.run_sync(ONE).row_count


def test_an_answer_that_takes_too_much_memory_is_refused_and_the_process_stays(
    bounded: Engine,
) -> None:
    bounded.run_sync(ONE)
    before = processes(bounded)
    sql = "SELECT lpad('x', 2000) FROM generate_series(1, 10000)"
    with pytest.raises(QueryOutOfMemory, match="answer takes more than 8 MiB") as caught:
        bounded.run_sync(Query(sql, limit=10_000))
    assert "Select fewer columns" in str(caught.value)
    assert 10_000 == bounded.run_sync(Query(sql.replace("2000", "20"), limit=10_000)).row_count
    assert before == processes(bounded)


def test_a_process_that_breaks_down_is_replaced(bounded: Engine) -> None:
    bounded.run_sync(ONE)
    os.kill(processes(bounded)[0], signal.SIGKILL)
    with pytest.raises(QueryFailed, match="broke down"):
        bounded.run_sync(ONE)
    assert 1 == bounded.run_sync(ONE).row_count


@pytest.mark.parametrize(
    "sql", ["SELECT attributs FROM records", "SELECT 1/0", "SELEC 1", "SELECT 'x'::int"]
)
def test_a_query_that_fails_leaves_the_process_as_it_is(bounded: Engine, sql: str) -> None:
    bounded.run_sync(ONE)
    before = processes(bounded)
    with pytest.raises(QueryError):
        bounded.run_sync(Query(sql))
    assert 1 == bounded.run_sync(ONE).row_count
    assert before == processes(bounded)


def test_several_queries_at_a_time_take_turns(bounded: Engine) -> None:
    async def run_many() -> list[int]:
        results = await asyncio.gather(
            *(bounded.run(Query("SELECT kind FROM records", limit=n + 1)) for n in range(8))
        )
        return [result.row_count for result in results]

    assert [1, 2, 3, 4, 5, 6, 7, 8] == asyncio.run(run_many())


def test_closing_ends_the_processes(store: FakeStore) -> None:
    with Engine(store, Limits(concurrency=2)) as running:
        started = processes(running)
        running.run_sync(ONE)
    for pid in started:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM '/etc/passwd'",
        'SELECT * FROM "/etc/passwd"',
        "SELECT * FROM 'x.parquet'",
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM read_parquet('x.parquet')",
        "SELECT * FROM parquet_metadata('x.parquet')",
        "COPY (SELECT 1) TO 'written.csv'",
        "CREATE EXTERNAL TABLE x STORED AS CSV LOCATION '/etc/passwd'",
        "CREATE TABLE x AS SELECT 1",
        "CREATE VIEW x AS SELECT 1",
        "INSERT INTO records SELECT * FROM records",
        "DELETE FROM records",
        "UPDATE records SET kind = 'x'",
        "DROP VIEW records",
        "SET datafusion.execution.batch_size = 1",
        "SHOW ALL",
        "EXPLAIN SELECT 1",
        "SELECT 1; SELECT 2",
        "SELECT * FROM _lf_files",
    ],
)
def test_nothing_but_the_tables_is_read_and_nothing_is_written(
    bounded: Engine, sql: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InvalidQuery) as caught:
        bounded.run_sync(Query(sql))
    assert "root:" not in str(caught.value)
    assert [] == list(tmp_path.iterdir())
    assert 1 == bounded.run_sync(ONE).row_count


def test_what_would_write_is_called_forbidden(bounded: Engine) -> None:
    with pytest.raises(ForbiddenSql):
        bounded.run_sync(Query("DELETE FROM records"))
