from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from backtest_history import NOW

from telemetry.alerting.backtest import evaluate, times_of_runs
from telemetry.alerting.evaluation import Conditions
from telemetry.alerting.one_pass import NotOnePass, make_one_pass
from telemetry.alerting.runner import conditions_of
from telemetry.definitions import load_definitions, load_names

if TYPE_CHECKING:
    from backtest_history import EngineHistory

    from telemetry.alerting.evaluation import Evaluator

ROOT = Path(__file__).parents[3]
ALERTS = {
    each.model.name: each.model
    for each in load_definitions([ROOT / "alerts"], load_names()).check().alerts
}

MINUTE = timedelta(minutes=1)
ONE_PASS = {
    "groups": "SELECT service_name, count(*) AS n FROM records GROUP BY service_name",
    "groups by place": "SELECT span_name, level, count(*) FROM records GROUP BY 1, 2",
    "groups by alias": "SELECT attributes->>'stage' AS s, count(*) AS n FROM records GROUP BY s",
    "groups by text": "SELECT attributes->>'stage', count(*) FROM records"
    " GROUP BY attributes->>'stage'",
    "having": "SELECT attributes->>'stage' AS s, count(*) AS n FROM records"
    " WHERE level >= 'error' OR level = 'warn' GROUP BY 1 HAVING count(*) > 10",
    "having an alias": "SELECT service_name, count(*) AS n FROM records GROUP BY 1 HAVING n > 10",
    "order and limit": "SELECT attributes->>'stage' AS s, count(*) AS n FROM records"
    " GROUP BY 1 ORDER BY n DESC, s LIMIT 1",
    "order by place": "SELECT span_name, max(start_timestamp) AS t FROM records GROUP BY 1"
    " ORDER BY 2 DESC LIMIT 2",
    "order without limit": "SELECT span_name, count(*) FROM records GROUP BY 1 ORDER BY 1",
    "comments": "-- What?\nSELECT count(*) AS n -- of all\nFROM records -- here\n"
    "WHERE level >= 'error' -- bad\nHAVING count(*) > 3; -- done",
    "all rows": "SELECT trace_id, span_id, start_timestamp FROM records WHERE level >= 'error'",
    "typed values": "SELECT attributes->'n', attributes->'stage' AS s, attributes FROM records"
    " WHERE (attributes->>'n')::int >= 11",
    "cases": "SELECT CASE WHEN level >= 'error' THEN 'bad' ELSE 'good' END AS k, count(*) AS n"
    " FROM records GROUP BY CASE WHEN level >= 'error' THEN 'bad' ELSE 'good' END",
    "all rows in order": "SELECT span_id FROM records WHERE level >= 'error'"
    " ORDER BY start_timestamp, span_id LIMIT 3",
    "distinct": "SELECT DISTINCT attributes->>'stage' AS s, service_name FROM records",
    "distinct in order": "SELECT DISTINCT span_name FROM records ORDER BY span_name LIMIT 2",
    "nothing": "SELECT count(*) AS n FROM records HAVING count(*) = 0",
    "nothing of a kind": "SELECT count(*) AS n, max(start_timestamp) AS t FROM records"
    " WHERE level >= 'error'",
    "nothing, and no aggregate in the list": "SELECT 'silent' AS s FROM records"
    " WHERE level = 'warn' HAVING count(*) = 0",
    "now": "SELECT span_name, now() AS t, count(*) FILTER (WHERE start_timestamp >= now() -"
    " interval '2 minutes') AS recent FROM records GROUP BY 1",
    "now in groups": "SELECT start_timestamp >= now() - interval '1 minute' AS recent, count(*)"
    " FROM records GROUP BY 1",
    "now in conditions": "SELECT max(start_timestamp) AS t FROM records"
    " WHERE start_timestamp < current_timestamp - interval '90 seconds' GROUP BY service_name",
    "now, and nothing": "SELECT count(*) AS n, now() AS t FROM records"
    " HAVING count(*) = 0 AND to_char(now() AT TIME ZONE 'Europe/London', '%H:%M') >= '11:45'",
    "table alias": "SELECT r.span_name, r.attributes->>'stage' AS s, count(*) AS n"
    " FROM records AS r WHERE r.attributes ? 'stage' AND attributes ? 'n' GROUP BY 1, 2",
    "distinct from": "SELECT count(*) AS n FROM records"
    " WHERE attributes->>'stage' IS DISTINCT FROM 'sourcing' HAVING count(*) > 2",
    "last values": "SELECT service_name, last_value(span_id ORDER BY start_timestamp, span_id),"
    " count(DISTINCT span_name) AS k FROM records GROUP BY 1",
    "extract": "SELECT max(EXTRACT(EPOCH FROM now() - start_timestamp)) AS age FROM records"
    " GROUP BY span_name",
    "pending, too": "SELECT kind, count(*) AS n FROM records_all GROUP BY kind",
    "metrics": "SELECT metric_name, metric_increase(value, recorded_timestamp) AS n FROM metrics"
    " GROUP BY 1 HAVING metric_increase(value, recorded_timestamp) > 5",
    "metrics, all": "SELECT metric_increase(value, recorded_timestamp) AS n FROM metrics",
    "buckets": "SELECT time_bucket('2 minutes', start_timestamp) AS x, count(*) FROM records"
    " GROUP BY x",
    "quoted names": 'SELECT "span_name" AS "The Name", count(*) "N" FROM records GROUP BY 1',
}  # fmt: skip
TIMES = {"5m every 2m, late": (5, 2, 1), "30m every 5m, late": (30, 5, 3)}
MORE_TIMES = {
    "5m every 1m": (5, 1, 0),
    "1m every 10m": (1, 10, 0),
    "10m every 10m": (10, 10, 0),
    "1h every 2m": (60, 2, 10),
}
IN_ALL_TIMES = ("having", "all rows", "order and limit", "now, and nothing", "metrics")


def said(rows: list[dict[str, Any]]) -> list[str]:
    return sorted(repr(row) for row in rows)


def assert_equal(
    conditions: Conditions, every: timedelta, history: EngineHistory, evaluator: Evaluator
) -> None:
    times = times_of_runs(every, NOW - timedelta(minutes=75), NOW)
    answers = evaluate(conditions, every, times, history)

    assert ("", True) == (answers.reason, answers.is_one_pass)
    assert {at: said(evaluator.run(conditions, at)) for at in times} == {
        at: said(rows) for at, rows in answers.rows.items()
    }
    assert list(times) == list(answers.rows)


@pytest.mark.parametrize(
    ("query", "time"),
    [
        *((query, time) for query in ONE_PASS for time in TIMES),
        *((query, time) for query in IN_ALL_TIMES for time in MORE_TIMES),
    ],
)
def test_one_pass_answers_what_each_run_does(
    query: str, time: str, history: EngineHistory, evaluator: Evaluator
) -> None:
    window, every, watermark = (TIMES | MORE_TIMES)[time]
    conditions = Conditions(
        sql=ONE_PASS[query], window=window * MINUTE, watermark=watermark * MINUTE
    )

    assert_equal(conditions, every * MINUTE, history, evaluator)


def test_one_pass_sees_only_the_environments_of_the_alert(
    history: EngineHistory, evaluator: Evaluator
) -> None:
    conditions = Conditions(
        sql="SELECT count(*) AS n FROM records", window=5 * MINUTE, environments=("staging",)
    )

    assert_equal(conditions, MINUTE, history, evaluator)


@pytest.mark.parametrize("name", ["High error rate", "Retries rising", "Pipeline stall"])
def test_these_of_our_alerts_are_one_pass_and_answer_what_each_run_does(
    name: str, history: EngineHistory, evaluator: Evaluator
) -> None:
    alert = ALERTS[name]

    assert_equal(conditions_of(alert), timedelta(seconds=alert.every), history, evaluator)


def is_one_pass(sql: str) -> bool:
    try:
        make_one_pass(sql, every=MINUTE, window=5 * MINUTE, watermark=MINUTE)
    except NotOnePass:
        return False
    return True


def test_the_guide_says_which_of_our_alerts_are_one_pass() -> None:
    guide = (ROOT / "docs" / "backtesting-alerts.md").read_text()

    for name, alert in ALERTS.items():
        kind = "one pass" if is_one_pass(alert.sql) else "a query each"
        assert f"\n| {name} | {kind} |" in guide


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ("WITH a AS (SELECT 1) SELECT * FROM a", "it has a WITH"),
        ("SELECT * FROM records", "it selects *"),
        ("SELECT records.* FROM records", "it selects *"),
        ("SELECT count(*) FROM records, metrics", "it reads something else than one table"),
        ("SELECT count(*) FROM records a JOIN records b ON true", "it joins tables"),
        ("SELECT 1 FROM (SELECT 1)", "it has a subquery"),
        ("SELECT 1 FROM records WHERE 1 IN (SELECT 1)", "it has a subquery"),
        ("SELECT DISTINCT ON (span_name) level FROM records", "it has a DISTINCT ON"),
        ("SELECT rank() OVER (ORDER BY level) FROM records", "it has a window function"),
        ("SELECT 1 FROM records UNION SELECT 2", "it puts together several SELECTs"),
        ("SELECT level FROM records LIMIT 3 OFFSET 1", "it has an OFFSET"),
        ("SELECT level FROM records LIMIT 1 + 1", "its LIMIT is no number"),
        (
            "SELECT level, count(*) FROM records GROUP BY ROLLUP (level)",
            "it groups in several ways",
        ),
        ("SELECT count(*) FROM records GROUP BY ()", "it groups by nothing"),
        ("SELECT unnest(tags) FROM records", "it makes several rows of one"),
        ("SELECT current_date FROM records", "it asks for the date, and not for now()"),
        ("SELECT level FROM records WHERE random() > 0.5", "it depends on chance"),
        ("SELECT 1", "it has no table"),
        ("SELECT value FROM generate_series(1, 2)", "it reads something else than one table"),
        ("SELECT span_name AS attributes FROM records", "attributes"),
        ("SELECT span_name AS mystage_at FROM records", "a name that is ours"),
        ("(SELECT level FROM records)", "it begins with no SELECT"),
    ],
)
def test_what_cannot_be_one_pass_says_why(sql: str, reason: str) -> None:
    with pytest.raises(NotOnePass, match=re.escape(reason)):
        make_one_pass(sql, every=MINUTE, window=5 * MINUTE, watermark=0 * MINUTE)
