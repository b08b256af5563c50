from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest
from telemetry_fixture import HOURS, START, FakeStore, FakeTable

from telemetry.emulator import arrow
from telemetry.emulator.engine import DEFAULT_LIMIT, MAX_LIMIT, Engine, Limits, Query
from telemetry.emulator.engine.query import JSON_MARK
from telemetry.errors import InvalidQuery
from telemetry.sql import schema

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    Rows = Callable[..., list[dict[str, Any]]]

MIDDLE = START + timedelta(hours=HOURS / 2)


def test_records_has_logfires_columns_in_order(rows: Rows) -> None:
    assert list(schema.RECORDS.column_names) == list(rows("SELECT * FROM records", limit=1)[0])
    assert list(schema.METRICS.column_names) == list(rows("SELECT * FROM metrics", limit=1)[0])


def test_files_and_tail_are_one_table(rows: Rows) -> None:
    assert [{"n": 3000}] == rows("SELECT count() AS n FROM records_all")


def test_json_columns_are_marked(engine: Engine) -> None:
    result = engine.run_sync(Query("SELECT attributes, attributes->'item', kind FROM records"))
    assert [True, True, False] == [field.metadata == JSON_MARK for field in result.schema]
    assert [pa.string()] * 3 == result.schema.types


def test_a_shredded_attribute_gives_what_the_json_does(rows: Rows) -> None:
    one = rows("SELECT span_id, attributes->>'stage' AS s FROM records ORDER BY span_id")
    other = rows("SELECT span_id, (attributes::text)->>'stage' AS s FROM records ORDER BY span_id")
    assert one == other


def test_a_shredded_attribute_is_not_among_the_columns(rows: Rows) -> None:
    (row,) = rows("SELECT * FROM records WHERE attributes->>'stage' = 'sourcing'", limit=1)
    assert list(schema.RECORDS.column_names) == list(row)


def test_time_bounds_leave_rows_out(rows: Rows) -> None:
    sql = "SELECT min(start_timestamp) AS first, max(start_timestamp) AS last FROM records"
    (early,) = rows(sql, max_timestamp=MIDDLE)
    (late,) = rows(sql, min_timestamp=MIDDLE)
    assert START <= early["first"] < early["last"] <= MIDDLE < late["first"] < late["last"]


def test_the_lower_bound_is_out_and_the_upper_one_in(rows: Rows) -> None:
    (point,) = rows("SELECT start_timestamp AS t FROM records ORDER BY t", limit=1)
    at, tick = point["t"], timedelta(microseconds=1)
    sql = "SELECT count() AS n FROM records"
    assert [{"n": 0}] == rows(sql, min_timestamp=at, max_timestamp=at)
    assert [{"n": 1}] == rows(sql, min_timestamp=at - tick, max_timestamp=at)


def test_metrics_are_bounded_by_when_they_were_recorded(rows: Rows) -> None:
    bound = START + timedelta(minutes=60)
    sql = "SELECT max(recorded_timestamp) AS t, min(recorded_timestamp) AS s FROM metrics"
    assert rows(sql, max_timestamp=bound)[0]["t"] == bound
    assert rows(sql, min_timestamp=bound)[0]["s"] == bound + timedelta(minutes=1)


@pytest.mark.parametrize(
    ("environments", "expected"),
    [
        (("production",), {"production"}),
        (("",), {None}),
        (("", "staging"), {None, "staging"}),
        (("it's nowhere",), set()),
        ((), set()),
        (None, {None, "production", "staging"}),
    ],
)
def test_environments_are_chosen_by_name_or_by_being_unset(
    rows: Rows, environments: tuple[str, ...] | None, expected: set[str | None]
) -> None:
    found = rows(
        "SELECT DISTINCT deployment_environment AS e FROM records", environments=environments
    )
    assert expected == {row["e"] for row in found}


def test_the_limit_caps_and_never_widens(rows: Rows) -> None:
    sql = "SELECT span_id FROM records_all"
    assert 7 == len(rows(f"{sql} LIMIT 50", limit=7))
    assert 7 == len(rows(f"{sql} LIMIT 7", limit=50))


def test_a_query_returns_a_hundred_rows_unless_told_otherwise(engine: Engine) -> None:
    result = engine.run_sync(Query("SELECT span_id FROM records_all"))
    assert DEFAULT_LIMIT == result.row_count == 100


@pytest.mark.parametrize("limit", [0, -1, MAX_LIMIT + 1])
def test_a_limit_out_of_range_is_refused(engine: Engine, limit: int) -> None:
    with pytest.raises(InvalidQuery, match="from 1 to 10,000 rows"):
        engine.run_sync(Query("SELECT 1", limit=limit))


def test_order_survives_the_limit(rows: Rows) -> None:
    found = rows("SELECT span_id FROM records_all ORDER BY span_id DESC", limit=3)
    assert [f"{n:016x}" for n in (2999, 2998, 2997)] == [row["span_id"] for row in found]


def test_times_without_a_zone_are_in_the_querys(rows: Rows) -> None:
    sql = "SELECT '2026-07-01T00:00:00'::timestamptz = '2026-06-30T22:00:00Z'::timestamptz AS same"
    assert [{"same": True}] == rows(sql, timezone="Europe/Paris")
    assert [{"same": False}] == rows(sql)


def test_now_is_what_the_query_says(rows: Rows) -> None:
    noon = datetime(2026, 3, 1, 12, tzinfo=UTC)
    (row,) = rows("SELECT now() AS n, current_date AS d", now=noon)
    assert (noon, noon.date()) == (row["n"], row["d"])


def test_the_information_schema_shows_three_tables(rows: Rows) -> None:
    found = rows(
        "SELECT table_name AS t FROM information_schema.tables WHERE table_schema = 'public'"
    )
    assert {"records", "records_all", "metrics"} == {row["t"] for row in found}
    columns = rows(
        "SELECT column_name AS c FROM information_schema.columns WHERE table_name = 'records'"
    )
    assert set(schema.RECORDS.column_names) == {row["c"] for row in columns}


def test_plans_are_given_where_asked_for_and_show_no_files(engine: Engine, folder: Path) -> None:
    assert engine.run_sync(Query("SELECT 1")).plans is None
    plans = engine.run_sync(Query("SELECT kind FROM records", explain=True)).plans
    assert plans is not None
    assert "TableScan" in plans.logical
    assert "DataSourceExec" in plans.physical
    assert "output_rows=" in plans.physical_with_metrics
    for text in (plans.logical, plans.physical, plans.physical_with_metrics):
        assert ".parquet" not in text
        assert folder.name not in text


def test_both_columns_of_the_same_name_are_there(rows: Rows) -> None:
    (row,) = rows("SELECT a.*, b.* FROM (SELECT 1 AS x, 2 AS y) a CROSS JOIN (SELECT 3 AS x) b")
    assert {"x": 1, "y": 2, "x_1": 3} == row


@pytest.fixture(scope="module")
def empty_engine() -> Iterator[Engine]:
    tables = {
        table.name: FakeTable(table.schema, 1, None, (), frozenset())
        for table in arrow.STORED_TABLES
    }
    with Engine(FakeStore(tables), Limits(concurrency=1)) as running:
        yield running


@pytest.mark.parametrize("table", schema.TABLES, ids=lambda table: table.name)
def test_a_table_of_which_there_is_nothing_yet_has_its_columns(
    empty_engine: Engine, table: schema.Table
) -> None:
    result = empty_engine.run_sync(Query("SELECT * FROM " + table.name))
    assert 0 == result.row_count
    assert list(table.column_names) == result.schema.names
