"""What becomes of Logfire's SQL: the text that DataFusion is given, and what it answers."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from telemetry.errors import InvalidSql
from telemetry.sql.rewrite import rewrite

if TYPE_CHECKING:
    from collections.abc import Callable

NOW = datetime(2026, 11, 24, 12, 30, tzinfo=UTC)
MONDAY = "TIMESTAMP '1970-01-05T00:00:00Z'"


@pytest.mark.parametrize(
    ("logfire", "datafusion"),
    [
        # JSON operators: chains with literal keys are one call.
        ("SELECT a->>'k' AS v FROM t", """SELECT _lf_json_text(a, '["k"]') AS v FROM t"""),
        ("SELECT a->'b'->>'c' v FROM t", """SELECT _lf_json_text(a, '["b","c"]') v FROM t"""),
        ("SELECT a->'l'->0->>'id' v FROM t", """SELECT _lf_json_text(a, '["l",0,"id"]') v FROM t"""),
        ("SELECT (a->'b')->>'c' v FROM t", """SELECT _lf_json_text(a, '["b","c"]') v FROM t"""),
        ("SELECT a->-1->>'c' v FROM t", """SELECT _lf_json_text(a, '[-1,"c"]') v FROM t"""),
        # What the query gives back as JSON is typed; elsewhere it is text.
        ("SELECT a->'b' v FROM t", """SELECT _lf_json_value(a, '["b"]') v FROM t"""),
        ("SELECT 1 v WHERE a->'b' = 'x'", """SELECT 1 v WHERE _lf_json_get(a, '["b"]') = 'x'"""),
        ("SELECT 1 v WHERE NOT a ? 'k'", """SELECT 1 v WHERE NOT _lf_json_contains(a, '["k"]')"""),
        # After text there is no chain to go on with.
        (
            "SELECT a->>'b'->>'c' v FROM t",
            """SELECT _lf_json_text(_lf_json_text(a, '["b"]'), '["c"]') v FROM t""",
        ),
        # || is on the level of ->, from left to right; a cast binds tighter.
        ("SELECT 'x' || a->>'k' v FROM t", """SELECT _lf_json_text('x' || a, '["k"]') v FROM t"""),
        ("SELECT a->>'n'::text v FROM t", """SELECT _lf_json_text(a, '["n"]') v FROM t"""),
        ("SELECT x + 1 ->> 'k' v FROM t", """SELECT _lf_json_text(x + 1, '["k"]') v FROM t"""),
        # Keys that the query computes.
        ("SELECT a->>b v FROM t", "SELECT _lf_json_text(a, _lf_json_key(b)) v FROM t"),
        ("SELECT a->>lower(b) v FROM t", "SELECT _lf_json_text(a, _lf_json_key(lower(b))) v FROM t"),
        # Quotes in keys.
        ("SELECT a->>'it''s' v FROM t", """SELECT _lf_json_text(a, '["it''s"]') v FROM t"""),
        ("SELECT a->>'\"' v FROM t", """SELECT _lf_json_text(a, '["\\""]') v FROM t"""),
        # Casts of JSON give NULL where they fail.
        ("SELECT (a->>'n')::int v FROM t", """SELECT TRY_CAST(_lf_json_text(a, '["n"]') AS int) v FROM t"""),
        ("SELECT CAST(a->>'n' AS int) v FROM t", """SELECT TRY_CAST(_lf_json_text(a, '["n"]') AS int) v FROM t"""),
        ("SELECT CAST(n AS int) v FROM t", "SELECT CAST(n AS int) v FROM t"),
        ("SELECT ((a->>'n'))::numeric(10, 2) v FROM t", """SELECT TRY_CAST(_lf_json_text(a, '["n"]') AS numeric(10, 2)) v FROM t"""),
        # Columns without an alias are called as the user wrote them.
        ("SELECT a->>'k' FROM t", """SELECT _lf_json_text(a, '["k"]') AS "a ->> 'k'" FROM t"""),
        ("SELECT a ->> 'k'=  'y' FROM t", """SELECT _lf_json_text(a, '["k"]')=  'y' AS "a ->> 'k'= 'y'" FROM t"""),
        ("SELECT DISTINCT a->>'k', b FROM t", """SELECT DISTINCT _lf_json_text(a, '["k"]') AS "a ->> 'k'", b FROM t"""),
        ("SELECT (a->>'n')::int n, b::int c FROM t", """SELECT TRY_CAST(_lf_json_text(a, '["n"]') AS int) n, b::int c FROM t"""),
        # Functions.
        ("SELECT time_bucket('1 hour', s) x FROM t", f"SELECT date_bin(INTERVAL '1 hour', s, {MONDAY}) x FROM t"),
        ("SELECT time_bucket(INTERVAL '5m', s) x FROM t", f"SELECT date_bin(INTERVAL '5m', s, {MONDAY}) x FROM t"),
        ("SELECT time_bucket('1 month', s) x FROM t", "SELECT date_bin(INTERVAL '1 month', s, TIMESTAMP '1970-01-01T00:00:00Z') x FROM t"),
        ("SELECT level_num('warn') x", "SELECT 13 x"),
        ("SELECT level_num(b) x FROM t", "SELECT level_num(b) x FROM t"),
        ("SELECT metric_quantile(0.9, value) FILTER (WHERE a->>'k' = 'x') v FROM t", """SELECT _lf_metric_quantile(0.9, array_agg(value) FILTER (WHERE _lf_json_text(a, '["k"]') = 'x')) v FROM t"""),
        ("SELECT metric_increase(value, r) v FROM t", "SELECT _lf_metric_increase(array_agg(named_struct('v', value, 't', r))) v FROM t"),
        ("SELECT metric_sum(value) v FROM t", "SELECT metric_sum(value) v FROM t"),
        ("SELECT json_get_int(a, 'b', 0) v FROM t", """SELECT _lf_json_get_int(a, '["b",0]') v FROM t"""),
        ("SELECT json_length(a) v FROM t", "SELECT _lf_json_length(a, '[]') v FROM t"),
        ("SELECT json_as_text(a, b) v FROM t", "SELECT _lf_json_text(a, _lf_json_key(b)) v FROM t"),
        # Words that look like others.
        ("SELECT t.time_bucket, level.x FROM t", "SELECT t.time_bucket, level.x FROM t"),
        ("SELECT 'a->>''k''' v -- a->>'k'\nFROM t", "SELECT 'a->>''k''' v -- a->>'k'\nFROM t"),
        ("SELECT count(*) FROM t WHERE x IS DISTINCT FROM 'y';", "SELECT count(*) FROM t WHERE x IS DISTINCT FROM 'y'"),
    ],
)  # fmt: skip
def test_the_users_text_is_kept_but_for_what_logfire_adds(logfire: str, datafusion: str) -> None:
    assert datafusion == rewrite(logfire).sql


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("attributes->'k'->'k'->>'n'", "7"),
        ("attributes->'list'->1->>'id'", "b"),
        ("attributes->'list'->9->>'id'", None),
        ("(attributes->>'n')::int + 1", 3),
        ("(attributes->>'k')::int", None),
        ("attributes->>'x' LIKE '1%'", True),
        ("attributes ? 'list' AND NOT attributes ? 'nope'", True),
        ("COALESCE(attributes->>'nope', attributes->>'x')", "1"),
        ("CASE WHEN attributes->>'x' = '1' THEN attributes->>'n' ELSE 'none' END", "2"),
        ("CASE level WHEN 'error' THEN 'bad' ELSE 'good' END", "bad"),
        ("attributes->>'x' IN ('1', '2')", True),
        ("attributes->>'nope' IS NULL", True),
        ("json_length(attributes, 'list')", 2),
        ("extract(epoch FROM end_timestamp - start_timestamp)", 4.25),
        ("date_part('epoch', (end_timestamp - start_timestamp))", 4.25),
        ("extract(epoch FROM start_timestamp)", 1772621999.5),
        ("extract(hour FROM end_timestamp - INTERVAL '1 hour')", 10),
        ("time_bucket('1 hour', start_timestamp)", datetime(2026, 3, 4, 10, tzinfo=UTC)),
        ("time_bucket('1 week', start_timestamp)", datetime(2026, 3, 2, tzinfo=UTC)),
        ("time_bucket('1 month', start_timestamp)", datetime(2026, 3, 1, tzinfo=UTC)),
        ("level_name(level)", "error"),
        ("level >= level_num('warn')", True),
    ],
)
def test_it_means_what_it_means_at_logfire(
    ask: Callable[[str], list[tuple[Any, ...]]], expression: str, value: object
) -> None:
    assert [(value,)] == ask(f"SELECT {expression} AS v FROM records WHERE message = 'late'")


@pytest.mark.parametrize(
    ("sql", "rows"),
    [
        ("SELECT attributes->>'x', count() FROM records GROUP BY attributes->>'x' ORDER BY 1", [("1", 1), (None, 1)]),
        ("SELECT attributes->>'x' AS x, count(*) FROM records GROUP BY x ORDER BY x NULLS FIRST", [(None, 1), ("1", 1)]),
        ("SELECT DISTINCT attributes->>'x' FROM records ORDER BY attributes->>'x'", [("1",), (None,)]),
        ("WITH r(x) AS (SELECT attributes->>'x' FROM records) SELECT x FROM r WHERE x IS NOT NULL", [("1",)]),
        ("SELECT message FROM records WHERE '1' IN (SELECT attributes->>'x' FROM records) ORDER BY 1", [("fine",), ("late",)]),
        ("SELECT (SELECT max(attributes->>'x') FROM records) AS m LIMIT 1", [("1",)]),
        ("SELECT attributes->>'x' FROM records UNION ALL SELECT 'u' ORDER BY 1", [("1",), ("u",), (None,)]),
        ("SELECT message, row_number() OVER (ORDER BY attributes->>'x') FROM records ORDER BY 2", [("late", 1), ("fine", 2)]),
        ("SELECT count(*) FILTER (WHERE attributes->>'x' = '1') FROM records", [(1,)]),
        ("SELECT a.message FROM records a JOIN records b ON a.attributes->>'x' = b.attributes->>'x'", [("late",)]),
    ],
)  # fmt: skip
def test_aliases_break_nothing(
    ask: Callable[[str], list[tuple[Any, ...]]], sql: str, rows: list[tuple[Any, ...]]
) -> None:
    assert rows == ask(sql)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1",
        "select\t*\r\nfrom records -- all\n where duration > 1.5e-3 /* slow /* very */ */",
        "SELECT r.span_name, r.* FROM records AS r LEFT JOIN records p ON p.span_id = r.parent_span_id",
        "SELECT \"span_name\" AS \"a -> b\", E'\\n', $$->>$$, '😀', U&'d' FROM records",
        "SELECT array_has(tags, 'x'), tags[1], [1, 2], ARRAY['a'] FROM records",
        "SELECT CASE WHEN a THEN b ELSE c END, (SELECT max(x) FROM t) FROM t GROUP BY ALL",
        "WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < 9) SELECT * FROM n",
        "SELECT x::timestamp with time zone, x::double precision y, INTERVAL '1 day' FROM t",
        "SELECT sum(x) OVER (PARTITION BY y ORDER BY z ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) FROM t",
        "SELECT t AT TIME ZONE 'Europe/Paris' tz, left(s, 3), now() - interval '5 minutes' FROM t",
        "SELECT extract(year FROM t), trim(both 'x' FROM s), substring(s FROM 2) FROM t",
        "(SELECT 1 UNION SELECT 2) EXCEPT SELECT 3 ORDER BY 1 LIMIT 5 OFFSET 2",
        "SELECT level, message FROM records WHERE level > 9 AND message = 'error'",
        "SELECT count(*) FROM information_schema.columns WHERE table_name = 'records'",
    ],
)
def test_what_is_datafusions_own_is_not_touched(sql: str) -> None:
    assert sql == rewrite(sql).sql


def test_now_is_the_time_that_is_given() -> None:
    written = rewrite("SELECT now() AS a, current_timestamp AS b, current_date AS c", now=NOW).sql

    instant = "arrow_cast('2026-11-24T12:30:00+00:00', 'Timestamp(Nanosecond, Some(\"+00:00\"))')"
    assert f"SELECT {instant} AS a, {instant} AS b, DATE '2026-11-24' AS c" == written


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("SELECT metric_rate(value, t) OVER () FROM metrics", "metric_rate cannot be used as a window"),
        ("SELECT metric_merge(DISTINCT value) FROM metrics", "metric_merge takes no DISTINCT"),
        ("SELECT metric_rate(value) FROM metrics", "metric_rate takes 2 arguments, not 1"),
        ("SELECT time_bucket('1 hour') FROM records", "time_bucket takes 2 arguments, not 1"),
        ("SELECT (1", r"\( is never closed"),
        ("SELECT 1)", r"\) closes nothing"),
        ("SELECT CASE WHEN 1", "CASE is never closed"),
        ("SELECT 'x", "no end"),
        ("SELECT " + "(" * 61 + ")" * 61, "nest deeper than 60"),
        ("SELECT '" + "x" * 2**18 + "'", "longer than 262,144 characters"),
    ],
)  # fmt: skip
def test_what_cannot_be_rewritten_is_told(sql: str, message: str) -> None:
    with pytest.raises(InvalidSql, match=message):
        rewrite(sql)
