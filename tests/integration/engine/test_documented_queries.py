"""Queries of the kinds that Logfire's documentation teaches: all run, and name their columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from telemetry.emulator.engine import Query

if TYPE_CHECKING:
    from telemetry.emulator.engine import Engine

HISTOGRAM = """
WITH amounts AS (SELECT duration AS amount FROM records WHERE duration > 0),
sizes AS (SELECT 10 AS how_many),
ends AS (SELECT min(amount)::numeric AS low, max(amount)::numeric AS high, how_many
         FROM amounts, sizes GROUP BY how_many),
bases AS (SELECT *, CASE WHEN low = high THEN 1.000000001
                         ELSE exp(ln(high / low) / how_many::double) END AS base FROM ends),
counted AS (SELECT floor(log(base, amount / low))::int AS bucket, COUNT() AS n
            FROM amounts, bases GROUP BY bucket),
every AS (SELECT unnest(generate_series(0, how_many - 1)) AS bucket FROM bases),
middles AS (SELECT bucket, low * power(base, bucket + 0.5) AS middle FROM every, bases)
SELECT round(m.middle, 3)::text AS about, coalesce(c.n, 0) AS n
FROM middles m LEFT JOIN counted c ON m.bucket = c.bucket ORDER BY m.middle
"""

UNPACKED = """
WITH numbered AS (
    SELECT *, unnest(generate_series(1,
        array_length(exp_histogram_positive_bucket_counts, 1)::integer)) AS place
    FROM metrics WHERE metric_type = 'exponential_histogram'),
counted AS (SELECT *, exp_histogram_positive_bucket_counts[place] AS n FROM numbered)
SELECT power(2.0, (exp_histogram_positive_bucket_counts_offset + place)
             / power(2.0, exp_histogram_scale)) AS upper_bound, sum(n) AS n
FROM counted WHERE n > 0 GROUP BY upper_bound ORDER BY upper_bound
"""

TOP_FIVE = """
WITH original AS (
    SELECT time_bucket('1 hour', start_timestamp) AS x, count() AS metric, span_name AS dimension
    FROM records GROUP BY x, dimension),
ranked AS (
    SELECT x, metric, dimension, ROW_NUMBER() OVER (PARTITION BY x ORDER BY metric DESC) AS place
    FROM original)
SELECT x, metric, dimension FROM ranked WHERE place <= 5 ORDER BY x
"""

QUERIES = [
    ("SELECT COUNT() AS count, span_name FROM records GROUP BY span_name ORDER BY count DESC", 2),
    (
        (
            "SELECT count() AS n, exception_type FROM records WHERE is_exception"
            " GROUP BY exception_type ORDER BY n DESC LIMIT 10"
        ),
        2,
    ),
    ("SELECT count() AS n, trace_id FROM records GROUP BY trace_id ORDER BY n DESC", 2),
    ("SELECT start_timestamp FROM records LIMIT 1", 1),
    ("SELECT is_exception, count(*) FROM records GROUP BY is_exception ORDER BY is_exception", 2),
    ("SELECT kind, message, is_exception, tags FROM records ORDER BY is_exception, message", 4),
    ("SELECT message FROM records WHERE level > 'info' AND message ILIKE '%RESOLUTION%'", 1),
    ("SELECT message FROM records WHERE is_exception AND level >= 'error'", 1),
    ("SELECT message FROM records WHERE is_exception OR level >= 'error'", 1),
    ("SELECT message FROM records WHERE array_has(tags, 'a')", 1),
    ("SELECT trace_id, duration, message FROM records ORDER BY duration DESC LIMIT 10", 3),
    ("SELECT trace_id, span_id FROM records WHERE parent_span_id IS NULL", 2),
    ("SELECT * FROM records WHERE duration > 2", 40),
    ("SELECT * FROM records_all WHERE kind = 'pending_span'", 40),
    ("SELECT * FROM metrics", 34),
    ("SELECT message FROM records WHERE start_timestamp >= now() - interval '5 minutes'", 1),
    ("SELECT message FROM records WHERE attributes->>'stage' = 'sourcing'", 1),
    ("SELECT attributes->'item'->>'id' AS id FROM records", 1),
    ("SELECT attributes->>'item'->>'id' AS id FROM records", 1),
    ("SELECT (attributes->>'attempt')::int + 1 AS n FROM records", 1),
    ("SELECT SUM((attributes->'item'->'score')::numeric) AS total FROM records", 1),
    ("SELECT message FROM records WHERE attributes ? 'code'", 1),
    ("SELECT attributes->'item'->'tags' FROM records", 1),
    ("SELECT otel_resource_attributes->>'service.name' AS s, count() FROM records GROUP BY s", 2),
    ("SELECT log_body->>'a' AS a FROM records WHERE log_body IS NOT NULL", 1),
    ("SELECT level_name(level) AS level, log(count()) AS n FROM records GROUP BY level", 2),
    ("SELECT count() AS n FROM records WHERE level = level_num('warn')", 1),
    (
        (
            "SELECT time_bucket('1 minute', start_timestamp) AS x, service_name || ' - ' ||"
            " level_name(level) AS which, count() AS n FROM records GROUP BY x, which"
        ),
        3,
    ),
    (
        (
            "SELECT * FROM (SELECT COUNT() AS count, service_name || ' - ' || span_name AS which"
            " FROM records GROUP BY which ORDER BY count DESC LIMIT 10) ORDER BY count ASC"
        ),
        2,
    ),
    (
        (
            "SELECT SUM(duration) AS total, AVG(duration) AS mean, MEDIAN(duration) AS middle,"
            " MAX(duration) AS worst, span_name FROM records WHERE duration IS NOT NULL"
            " GROUP BY span_name ORDER BY total DESC"
        ),
        5,
    ),
    (
        (
            "SELECT approx_percentile_cont(0.95) WITHIN GROUP (ORDER BY duration) AS P95, span_name"
            " FROM records WHERE duration IS NOT NULL GROUP BY span_name ORDER BY P95 DESC"
        ),
        2,
    ),
    (
        (
            "SELECT time_bucket('5 minutes', start_timestamp) AS x,"
            " approx_percentile_cont(0.8) WITHIN GROUP (ORDER BY duration) AS p80,"
            " approx_percentile_cont(0.9) WITHIN GROUP (ORDER BY duration) AS p90"
            " FROM records GROUP BY x"
        ),
        3,
    ),
    (
        (
            "SELECT parents.message AS parent, children.message AS child FROM records parents"
            " JOIN records children ON children.trace_id = parents.trace_id"
            " AND children.parent_span_id = parents.span_id"
        ),
        2,
    ),
    (
        "SELECT message, EXTRACT(EPOCH FROM (end_timestamp - start_timestamp)) AS s FROM records",
        2,
    ),
    (
        (
            "SELECT count() FILTER (WHERE http_response_status_code >= 500) * 100.0 / count()"
            " AS share FROM records WHERE http_response_status_code IS NOT NULL"
        ),
        1,
    ),
    (
        (
            "SELECT time_bucket('1 minute', recorded_timestamp) AS x, metric_quantile(0.95, value)"
            " AS p FROM metrics WHERE metric_name = 'took' GROUP BY x ORDER BY x"
        ),
        2,
    ),
    (
        (
            "SELECT metric_name, metric_quantile(0.5, value) FILTER (WHERE metric_type = 'gauge')"
            " AS g FROM metrics GROUP BY metric_name"
        ),
        2,
    ),
    (
        (
            "SELECT time_bucket('5 minutes', recorded_timestamp) AS x,"
            " metric_rate(value, recorded_timestamp) AS per_second FROM metrics"
            " WHERE metric_name = 'bytes' GROUP BY x ORDER BY x"
        ),
        2,
    ),
    (
        (
            "SELECT time_bucket('5 minutes', recorded_timestamp) AS x, SUM(metric_count(value))"
            " AS n, SUM(metric_sum(value)) / NULLIF(SUM(metric_count(value)), 0) AS mean,"
            " MIN(metric_min(value)) AS low, MAX(metric_max(value)) AS high FROM metrics"
            " WHERE metric_name = 'took' GROUP BY x"
        ),
        5,
    ),
    (
        (
            "SELECT metric_name, metric_avg(metric_merge(value)) AS mean FROM metrics"
            " GROUP BY metric_name"
        ),
        2,
    ),
    (
        (
            "SELECT metric_increase(value, recorded_timestamp) AS n, attributes->>'stage' AS stage"
            " FROM metrics WHERE metric_name = 'venues_created' GROUP BY stage"
        ),
        2,
    ),
    ("SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'", 1),
    ("SELECT service_name FROM records WHERE service_name IN ('svc-sourcing', 'b')", 1),
    ("SELECT kind FROM records WHERE service_name = ANY(ARRAY['svc-sourcing', 'b']::text[])", 1),
    (HISTOGRAM, 2),
    (UNPACKED, 2),
    (TOP_FIVE, 3),
]


@pytest.mark.parametrize(("sql", "columns"), QUERIES)
def test_a_documented_query_runs(engine: Engine, sql: str, columns: int) -> None:
    result = engine.run_sync(Query(sql, limit=10))
    assert columns == len(result.schema)
    assert not [name for name in result.schema.names if name.startswith("_lf_")]
