"""A second opinion: DuckDB over the same rows. Where it differs by nature, the case says how."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import duckdb
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from telemetry_fixture import FakeStore


class Case(NamedTuple):
    """Hold one question in Logfire's SQL and in DuckDB's; None where both are the same.

    Attributes:
        name: What is asked.
        logfire: In Logfire's SQL.
        duckdb: In DuckDB's.
        tolerance: How far apart numbers may be, as a share.
    """

    name: str
    logfire: str
    duckdb: str | None = None
    tolerance: float = 1e-9


CASES = [
    Case(
        "funnel by stage",
        "SELECT attributes->>'stage' AS stage, count() AS n FROM records"
        " WHERE attributes->>'outcome' = 'succeeded' GROUP BY stage ORDER BY stage",
        "SELECT attributes->>'$.stage' AS stage, count(*) AS n FROM records"
        " WHERE attributes->>'$.outcome' = 'succeeded' GROUP BY stage ORDER BY stage",
    ),
    Case(
        "the same without the shredded column",
        "SELECT (attributes::text)->>'stage' AS stage, count() AS n FROM records"
        " GROUP BY stage ORDER BY stage",
        "SELECT attributes->>'$.stage' AS stage, count(*) AS n FROM records"
        " GROUP BY stage ORDER BY stage",
    ),
    Case(
        "hourly buckets",
        "SELECT time_bucket('1 hour', start_timestamp) AS x, count() AS n FROM records"
        " GROUP BY x ORDER BY x",
        "SELECT time_bucket(INTERVAL '1 hour', start_timestamp) AS x, count(*) AS n FROM records"
        " GROUP BY x ORDER BY x",
    ),
    Case(
        "buckets of 25 minutes, which begin on a Monday at midnight in both",
        "SELECT time_bucket('25 minutes', start_timestamp) AS x, count() AS n FROM records"
        " GROUP BY x ORDER BY x",
        "SELECT time_bucket(INTERVAL '25 minutes', start_timestamp,"
        " TIMESTAMPTZ '1970-01-05 00:00:00+00') AS x, count(*) AS n FROM records"
        " GROUP BY x ORDER BY x",
    ),
    Case(
        "weeks begin on Mondays",
        "SELECT time_bucket('1 week', start_timestamp) AS x, count() AS n FROM records"
        " GROUP BY x ORDER BY x",
        "SELECT time_bucket(INTERVAL '1 week', start_timestamp) AS x, count(*) AS n FROM records"
        " GROUP BY x ORDER BY x",
    ),
    Case(
        "months",
        "SELECT time_bucket('1 month', start_timestamp) AS x, count() AS n FROM records"
        " GROUP BY x ORDER BY x",
        "SELECT time_bucket(INTERVAL '1 month', start_timestamp) AS x, count(*) AS n FROM records"
        " GROUP BY x ORDER BY x",
    ),
    Case(
        "median by span name",
        "SELECT span_name, median(duration) AS p50 FROM records WHERE duration IS NOT NULL"
        " GROUP BY span_name ORDER BY span_name",
    ),
    Case(
        # DataFusion interpolates in steps of a millionth of the gap between two values.
        "exact p95 by span name",
        "SELECT span_name, percentile_cont(0.95) WITHIN GROUP (ORDER BY duration) AS p95"
        " FROM records WHERE duration IS NOT NULL GROUP BY span_name ORDER BY span_name",
        "SELECT span_name, quantile_cont(duration, 0.95) AS p95 FROM records"
        " WHERE duration IS NOT NULL GROUP BY span_name ORDER BY span_name",
        tolerance=1e-6,
    ),
    Case(
        "approximate p95: a t-digest of few hundred values is off by little",
        "SELECT approx_percentile_cont(0.95) WITHIN GROUP (ORDER BY duration) AS p95 FROM records",
        "SELECT quantile_cont(duration, 0.95) AS p95 FROM records",
        tolerance=0.05,
    ),
    Case(
        "a nested path",
        "SELECT span_id, attributes->'item'->>'id' AS id,"
        " attributes->'item'->'tags'->>1 AS tag FROM records ORDER BY span_id",
        "SELECT span_id, attributes->>'$.item.id' AS id,"
        " attributes->>'$.item.tags[1]' AS tag FROM records ORDER BY span_id",
    ),
    Case(
        "quotes, backslashes and letters beyond ASCII in values",
        "SELECT attributes->>'note' AS note, count() AS n FROM records GROUP BY note ORDER BY note",
        "SELECT attributes->>'$.note' AS note, count(*) AS n FROM records"
        " GROUP BY note ORDER BY note",
    ),
    Case(
        # DuckDB's ->> gives the text 'null' where the value is null; Logfire's gives NULL.
        "a null value and an absent key are both NULL",
        "SELECT count(attributes->>'nothing') AS text, count(*)"
        " FILTER (WHERE attributes ? 'nothing') AS present FROM records",
        "SELECT count(nullif(attributes->>'$.nothing', 'null')) AS text,"
        " count(*) FILTER (WHERE json_exists(attributes, '$.nothing')) AS present FROM records",
    ),
    Case(
        "numbers within JSON",
        "SELECT sum((attributes->'item'->>'score')::double precision) AS s,"
        " avg((attributes->>'attempt')::int) AS a FROM records",
        "SELECT sum((attributes->>'$.item.score')::DOUBLE) AS s,"
        " avg((attributes->>'$.attempt')::INT) AS a FROM records",
    ),
    Case(
        "text that is no number is NULL where it is cast",
        "SELECT count((attributes->>'code')::int) AS n, max((attributes->>'code')::int) AS most"
        " FROM records",
        "SELECT count(try_cast(attributes->>'$.code' AS INT)) AS n,"
        " max(try_cast(attributes->>'$.code' AS INT)) AS most FROM records",
    ),
    Case(
        # DuckDB raises on text that is no JSON, so it is kept out there.
        "a body that may be plain text",
        "SELECT log_body->'a'->>'b' AS b, count() AS n FROM records GROUP BY b ORDER BY b",
        "SELECT CASE WHEN json_valid(log_body) THEN log_body->>'$.a.b' END AS b, count(*) AS n"
        " FROM records GROUP BY b ORDER BY b",
    ),
    Case(
        "levels by name",
        "SELECT level_name(level) AS level, count() AS n FROM records WHERE level >= 'warn'"
        " GROUP BY level ORDER BY n",
        "SELECT CASE level WHEN 13 THEN 'warn' WHEN 17 THEN 'error' END AS level, count(*) AS n"
        " FROM records WHERE level >= 13 GROUP BY 1 ORDER BY n",
    ),
    Case(
        "levels in every form",
        "SELECT count() FILTER (WHERE level IN ('debug', 'error')) AS a,"
        " count() FILTER (WHERE 'warn' <= level) AS b,"
        " count() FILTER (WHERE level BETWEEN 'info' AND 'warn') AS c,"
        " count() FILTER (WHERE level <> 'info') AS d FROM records",
        "SELECT count(*) FILTER (WHERE level IN (5, 17)) AS a,"
        " count(*) FILTER (WHERE level >= 13) AS b,"
        " count(*) FILTER (WHERE level BETWEEN 9 AND 13) AS c,"
        " count(*) FILTER (WHERE level <> 9) AS d FROM records",
    ),
    Case(
        "exceptions",
        "SELECT exception_type, exception_message, count() AS n FROM records WHERE is_exception"
        " GROUP BY exception_type, exception_message ORDER BY exception_type, exception_message",
        "SELECT exception_type, exception_message, count(*) AS n FROM records WHERE is_exception"
        " GROUP BY exception_type, exception_message ORDER BY exception_type, exception_message",
    ),
    Case(
        "pending spans are in records_all only",
        "SELECT kind, count() AS n FROM records_all GROUP BY kind ORDER BY kind",
        "SELECT kind, count(*) AS n FROM records_all GROUP BY kind ORDER BY kind",
    ),
    Case(
        "string functions",
        "SELECT upper(service_name) AS u, split_part(service_name, '-', 2) AS p,"
        " strpos(service_name, '_') AS i, substr(service_name, 5, 4) AS s,"
        " replace(service_name, '_', ' ') AS r, length(service_name) AS l,"
        " left(service_name, 3) || '…' AS e, reverse(service_name) AS v"
        " FROM records GROUP BY service_name ORDER BY service_name",
        "SELECT upper(service_name) AS u, split_part(service_name, '-', 2) AS p,"
        " strpos(service_name, '_') AS i, substr(service_name, 5, 4) AS s,"
        " replace(service_name, '_', ' ') AS r, length(service_name) AS l,"
        " left(service_name, 3) || '…' AS e, reverse(service_name) AS v"
        " FROM records GROUP BY service_name ORDER BY service_name",
    ),
    Case(
        "patterns",
        "SELECT count() FILTER (WHERE message LIKE '%ing 1_') AS a,"
        " count() FILTER (WHERE message ILIKE 'PROCESS%') AS b,"
        " count() FILTER (WHERE message ~ 'entity_[rw].* 7$') AS c FROM records",
        "SELECT count(*) FILTER (WHERE message LIKE '%ing 1_') AS a,"
        " count(*) FILTER (WHERE message ILIKE 'PROCESS%') AS b,"
        " count(*) FILTER (WHERE regexp_matches(message, 'entity_[rw].* 7$')) AS c FROM records",
    ),
    Case(
        "the top two of each bucket",
        "WITH counted AS (SELECT time_bucket('6 hours', start_timestamp) AS x, span_name,"
        " count() AS n FROM records GROUP BY x, span_name),"
        " ranked AS (SELECT *, row_number() OVER (PARTITION BY x ORDER BY n DESC, span_name) AS r"
        " FROM counted) SELECT x, span_name, n FROM ranked WHERE r <= 2 ORDER BY x, r",
        "WITH counted AS (SELECT time_bucket(INTERVAL '6 hours', start_timestamp) AS x, span_name,"
        " count(*) AS n FROM records GROUP BY x, span_name),"
        " ranked AS (SELECT *, row_number() OVER (PARTITION BY x ORDER BY n DESC, span_name) AS r"
        " FROM counted) SELECT x, span_name, n FROM ranked WHERE r <= 2 ORDER BY x, r",
    ),
    Case(
        "running totals and the value before",
        "SELECT span_id, sum(duration) OVER (PARTITION BY service_name ORDER BY span_id) AS total,"
        " lag(level) OVER (ORDER BY span_id) AS before FROM records WHERE kind = 'span'"
        " ORDER BY span_id",
    ),
    Case(
        "children joined to parents",
        "SELECT p.span_name AS parent, c.span_name AS child, count() AS n FROM records p"
        " JOIN records c ON c.trace_id = p.trace_id AND c.parent_span_id = p.span_id"
        " GROUP BY p.span_name, c.span_name ORDER BY parent, child",
        "SELECT p.span_name AS parent, c.span_name AS child, count(*) AS n FROM records p"
        " JOIN records c ON c.trace_id = p.trace_id AND c.parent_span_id = p.span_id"
        " GROUP BY p.span_name, c.span_name ORDER BY parent, child",
    ),
    Case(
        "spans without children",
        "SELECT count() AS n FROM records p WHERE NOT EXISTS"
        " (SELECT 1 FROM records c WHERE c.parent_span_id = p.span_id)",
        "SELECT count(*) AS n FROM records p WHERE NOT EXISTS"
        " (SELECT 1 FROM records c WHERE c.parent_span_id = p.span_id)",
    ),
    Case(
        "found and created",
        "SELECT metric_name, attributes->>'stage' AS stage, metric_increase(value,"
        " recorded_timestamp) AS n FROM metrics WHERE metric_name LIKE 'venues_%'"
        " GROUP BY metric_name, stage ORDER BY metric_name, stage",
        "SELECT metric_name, attributes->>'$.stage' AS stage, sum(scalar_value) AS n FROM metrics"
        " WHERE metric_name LIKE 'venues_%' GROUP BY metric_name, stage"
        " ORDER BY metric_name, stage",
    ),
    Case(
        "the rate of a counter by bucket",
        "SELECT time_bucket('10 minutes', recorded_timestamp) AS x, metric_rate(value,"
        " recorded_timestamp) AS r FROM metrics WHERE metric_name = 'venues_found'"
        " GROUP BY x ORDER BY x",
        "SELECT time_bucket(INTERVAL '10 minutes', recorded_timestamp) AS x, sum(scalar_value)"
        " / epoch(max(recorded_timestamp) - min(start_timestamp)) AS r FROM metrics"
        " WHERE metric_name = 'venues_found' GROUP BY x ORDER BY x",
    ),
    Case(
        "a cumulative counter that started anew half-way",
        "SELECT metric_increase(value, recorded_timestamp) AS n FROM metrics"
        " WHERE metric_name = 'bytes'",
        "SELECT sum(CASE WHEN scalar_value < before OR start_timestamp > began THEN scalar_value"
        " ELSE scalar_value - before END) AS n FROM (SELECT scalar_value, start_timestamp,"
        " lag(scalar_value) OVER w AS before, lag(start_timestamp) OVER w AS began FROM metrics"
        " WHERE metric_name = 'bytes' WINDOW w AS (ORDER BY recorded_timestamp))"
        " WHERE before IS NOT NULL",
    ),
    Case(
        "the quantile of a gauge",
        "SELECT metric_quantile(0.9, value) AS q FROM metrics WHERE metric_name = 'load'",
        "SELECT quantile_cont(scalar_value, 0.9) AS q FROM metrics WHERE metric_name = 'load'",
    ),
    Case(
        "the figures of a histogram",
        "SELECT sum(metric_count(value)) AS n, sum(metric_sum(value)) AS s,"
        " sum(metric_sum(value)) / nullif(sum(metric_count(value)), 0) AS a FROM metrics"
        " WHERE metric_name = 'took'",
        "SELECT sum(histogram_count)::BIGINT AS n, sum(histogram_sum) AS s,"
        " sum(histogram_sum) / nullif(sum(histogram_count), 0) AS a FROM metrics"
        " WHERE metric_name = 'took'",
    ),
    Case(
        "seconds between times keep their fractions",
        "SELECT span_id, EXTRACT(EPOCH FROM (end_timestamp - start_timestamp)) AS s FROM records"
        " WHERE kind = 'span' ORDER BY span_id",
        "SELECT span_id, epoch(end_timestamp - start_timestamp) AS s FROM records"
        " WHERE kind = 'span' ORDER BY span_id",
    ),
    Case(
        "parts of times",
        "SELECT date_trunc('day', start_timestamp) AS d, extract(hour FROM start_timestamp) AS h,"
        " extract(dow FROM start_timestamp) AS w, count() AS n FROM records"
        " GROUP BY d, h, w ORDER BY d, h",
        "SELECT date_trunc('day', start_timestamp) AS d, extract(hour FROM start_timestamp) AS h,"
        " extract(dow FROM start_timestamp) AS w, count(*) AS n FROM records"
        " GROUP BY d, h, w ORDER BY d, h",
    ),
    Case(
        "NULL in aggregates, comparisons and order",
        "SELECT count(http_response_status_code) AS n, avg(http_response_status_code) AS a,"
        " count() FILTER (WHERE http_response_status_code <> 200) AS ne,"
        " count() FILTER (WHERE NOT (http_response_status_code = 200)) AS nn,"
        " count() FILTER (WHERE deployment_environment IS DISTINCT FROM 'production') AS d"
        " FROM records",
        "SELECT count(http_response_status_code) AS n, avg(http_response_status_code) AS a,"
        " count(*) FILTER (WHERE http_response_status_code <> 200) AS ne,"
        " count(*) FILTER (WHERE NOT (http_response_status_code = 200)) AS nn,"
        " count(*) FILTER (WHERE deployment_environment IS DISTINCT FROM 'production') AS d"
        " FROM records",
    ),
    Case(
        # PostgreSQL, and with it Logfire, puts NULL last when ascending and first when descending.
        "NULL sorts as the largest",
        "SELECT DISTINCT deployment_environment AS e FROM records ORDER BY e DESC",
        "SELECT DISTINCT deployment_environment AS e FROM records ORDER BY e DESC NULLS FIRST",
    ),
    Case(
        "tags",
        "SELECT count() FILTER (WHERE array_has(tags, 'b')) AS b,"
        " count() FILTER (WHERE array_length(tags) = 2) AS two FROM records",
        "SELECT count(*) FILTER (WHERE list_contains(tags, 'b')) AS b,"
        " count(*) FILTER (WHERE len(tags) = 2) AS two FROM records",
    ),
    Case(
        "one row a tag",
        "SELECT tag, count() AS n FROM (SELECT unnest(tags) AS tag FROM records)"
        " GROUP BY tag ORDER BY tag",
        "SELECT tag, count(*) AS n FROM (SELECT unnest(tags) AS tag FROM records)"
        " GROUP BY tag ORDER BY tag",
    ),
]


@pytest.fixture(scope="session")
def duck(folder: Path, store: FakeStore) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.sql("SET TimeZone = 'UTC'")
        for name in ("records_all", "metrics"):
            path = str(folder / "all" / f"{name}.parquet")
            connection.read_parquet(path).create_view(name)
        connection.sql(
            "CREATE VIEW records AS SELECT * FROM records_all WHERE kind <> 'pending_span'"
        )
        yield connection


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_duckdb_agrees(
    case: Case, duck: duckdb.DuckDBPyConnection, rows: Callable[..., list[dict[str, Any]]]
) -> None:
    ours = rows(case.logfire)
    theirs = duck.sql(case.duckdb or case.logfire).to_arrow_table().to_pylist()
    assert len(theirs) == len(ours) > 0
    for one, other in zip(theirs, ours, strict=True):
        assert list(one) == list(other)
        for expected, actual in zip(one.values(), other.values(), strict=True):
            if isinstance(expected, float) and isinstance(actual, float | int):
                assert expected == pytest.approx(actual, rel=case.tolerance)
            else:
                assert expected == actual
