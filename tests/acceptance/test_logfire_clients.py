"""Logfire's own SDK and query clients, unmodified, over the real wire."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import logfire.db_api
import pytest
from logfire.query_client import (
    AsyncLogfireQueryClient,
    LogfireQueryClient,
    QueryExecutionError,
    QueryRequestError,
    UnexpectedResponseError,
)

from telemetry.child import ServingProcess

if TYPE_CHECKING:
    from collections.abc import Iterator

TOKEN = "only-this-one"

PROGRAM = """
import logging
import logfire

logfire.configure(service_name="shop", service_version="2.1", environment="testing")
orders = logfire.metric_counter("orders", unit="{order}")
seconds = logfire.metric_histogram("seconds", unit="s")
load = logfire.metric_gauge("load")
waiting = logfire.metric_up_down_counter("waiting")

with logfire.span("checkout {basket=}", basket={"items": [1, 2], "paid": True}, _tags=["till"]):
    logfire.warn("stock is low: {left}", left=3)
    for amount in (1, 2, 3):
        orders.add(amount, {"shop": "north"})
        seconds.record(amount / 10, {"shop": "north"})
    load.set(0.5)
    waiting.add(4)
    waiting.add(-1)
    assert logfire.force_flush(10_000)  # while the span is pending
try:
    with logfire.span("refund"):
        raise ValueError("no such order")
except ValueError:
    pass
logging.basicConfig(handlers=[logfire.LogfireLoggingHandler()], level="INFO")
logging.getLogger("shop").error("the till is stuck")
assert logfire.force_flush(10_000)
"""


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Run an emulator that one program has sent its telemetry to."""
    folder = tmp_path_factory.mktemp("clients")
    with ServingProcess(
        "telemetry.cli.emulate",
        ["--data", str(folder / "data"), "--token", TOKEN],
        name="Logfire emulator",
    ) as emulator:
        program = folder / "program.py"
        program.write_text(PROGRAM)
        done = subprocess.run(
            [sys.executable, program],
            env={
                # In a test, the SDK would send nothing.
                **{key: value for key, value in os.environ.items() if key != "PYTEST_VERSION"},
                "LOGFIRE_BASE_URL": emulator.address,
                "LOGFIRE_TOKEN": TOKEN,
                "HOME": str(folder),
            },
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert 0 == done.returncode, done.stderr
        yield emulator.address


@pytest.fixture
def client(url: str) -> Iterator[LogfireQueryClient]:
    with LogfireQueryClient(TOKEN, base_url=url) as opened:
        yield opened


def since() -> datetime:
    return datetime.now(UTC) - timedelta(hours=1)


def rows(client: LogfireQueryClient, sql: str, **arguments: object) -> list[dict[str, object]]:
    return client.query_json_rows(sql, min_timestamp=since(), **arguments)["rows"]  # type: ignore[arg-type]


def test_the_token_tells_its_project(client: LogfireQueryClient) -> None:
    assert {"organization_name": "mystage", "project_name": "local"} == client.info()


def test_spans_and_logs_arrive_with_all_that_logfire_derives(client: LogfireQueryClient) -> None:
    assert [
        {"span_name": "checkout {basket=}", "kind": "span", "level": "info",
         "tags": ["till"], "is_exception": False, "exception_type": None, "has_parent": False},
        {"span_name": "refund", "kind": "span", "level": "error",
         "tags": [], "is_exception": True, "exception_type": "ValueError", "has_parent": False},
        {"span_name": "stock is low: {left}", "kind": "log", "level": "warn",
         "tags": [], "is_exception": False, "exception_type": None, "has_parent": True},
        {"span_name": "the till is stuck", "kind": "log", "level": "error",
         "tags": [], "is_exception": False, "exception_type": None, "has_parent": False},
    ] == rows(
        client,
        "SELECT span_name, kind, level_name(level) AS level, tags, is_exception,"
        " exception_type, parent_span_id IS NOT NULL AS has_parent FROM records ORDER BY span_name",
    )  # fmt: skip


def test_objects_in_attributes_are_objects_again(client: LogfireQueryClient) -> None:
    assert [
        {
            "basket": {"items": [1, 2], "paid": True},
            "second": "2",
            "service": "shop",
            "env": "testing",
        }
    ] == rows(
        client,
        "SELECT attributes->'basket' AS basket, attributes->'basket'->'items'->>1 AS second,"
        " service_name AS service, deployment_environment AS env"
        " FROM records WHERE span_name LIKE 'checkout%'",
    )


def test_pending_spans_are_in_records_all_only(client: LogfireQueryClient) -> None:
    assert [{"pending": 1, "all": 5}] == rows(
        client,
        "SELECT count(*) FILTER (WHERE kind = 'pending_span') AS pending, count(*) AS \"all\""
        " FROM records_all",
    )
    assert [{"n": 4}] == rows(client, "SELECT count(*) AS n FROM records")


def test_metrics_of_every_kind_arrive(client: LogfireQueryClient) -> None:
    assert [
        {"metric_name": "load", "increase": None, "total": 0.5},
        {"metric_name": "orders", "increase": 6.0, "total": 6.0},
        {"metric_name": "seconds", "increase": None, "total": 0.6},
        {"metric_name": "waiting", "increase": None, "total": 3.0},
    ] == [
        {**row, "increase": row["increase"] if row["metric_name"] == "orders" else None,
         "total": round(float(str(row["total"])), 6)}
        for row in rows(
            client,
            "SELECT metric_name, metric_increase(value, recorded_timestamp) AS increase,"
            " max(metric_sum(value)) AS total FROM metrics"
            " WHERE metric_name IN ('orders', 'seconds', 'load', 'waiting')"
            " GROUP BY metric_name ORDER BY metric_name",
        )
    ]  # fmt: skip


def test_an_environment_restricts_the_rows(client: LogfireQueryClient) -> None:
    sql = "SELECT count(*) AS n FROM records"

    assert [4, 0, 0] == [
        rows(client, sql, environment=environment)[0]["n"]
        for environment in ("testing", "production", "")
    ]


def test_arrow_and_csv_hold_the_same_rows(client: LogfireQueryClient) -> None:
    sql = "SELECT span_name, level FROM records ORDER BY span_name LIMIT 2"

    assert {"span_name": ["checkout {basket=}", "refund"], "level": [9, 17]} == client.query_arrow(
        sql, min_timestamp=since()
    ).to_pydict()
    assert "span_name,level\ncheckout {basket=},9\nrefund,17\n" == client.query_csv(
        sql, min_timestamp=since()
    )


def test_the_database_interface_answers(url: str) -> None:
    with logfire.db_api.connect(TOKEN, base_url=url) as connection:
        cursor = connection.cursor()
        cursor.execute(
            "SELECT message, duration IS NULL FROM records WHERE span_name = %(name)s",
            {"name": "stock is low: {left}"},
        )

        assert [("stock is low: 3", True)] == cursor.fetchall()
        assert "message" == (cursor.description or [[None]])[0][0]


def test_the_asynchronous_client_answers(url: str) -> None:
    async def count() -> object:
        async with AsyncLogfireQueryClient(TOKEN, base_url=url) as client:
            answer = await client.query_json_rows(
                "SELECT count(*) AS n FROM records", min_timestamp=since()
            )
            return answer["rows"][0]["n"]

    assert 4 == asyncio.run(count())


def test_a_query_that_cannot_run_is_told_as_logfire_tells_it(client: LogfireQueryClient) -> None:
    with pytest.raises(QueryExecutionError, match="attributs") as failed:
        rows(client, "SELECT attributs FROM records")

    assert "attributes" in failed.value.args[0]["detail"]


def test_a_request_that_is_none_is_told_as_logfire_tells_it(client: LogfireQueryClient) -> None:
    with pytest.raises(QueryRequestError, match="Mars/Olympus"):
        rows(client, "SELECT 1", timezone="Mars/Olympus")


def test_a_wrong_token_is_refused(url: str) -> None:
    with (
        LogfireQueryClient("another", base_url=url) as client,
        pytest.raises(UnexpectedResponseError, match="401"),
    ):
        rows(client, "SELECT 1")
