from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from telemetry.alerting.evaluation import MOST_ROWS
from telemetry.alerting.timeline import MetricEntry, SpanEntry
from telemetry.errors import QueryError

if TYPE_CHECKING:
    from conftest import Ask, Asking

MINUTE = timedelta(minutes=1)
NAMES = "SELECT span_name AS n FROM records ORDER BY 1"


def span(name: str, at: str, **keys: Any) -> SpanEntry:
    return SpanEntry.model_validate({"at": at, "span": name, **keys})


def names(rows: list[dict[str, Any]]) -> list[str]:
    return [row["n"] for row in rows]


def test_a_window_is_open_at_its_start_and_closed_at_its_end(ask: Ask) -> None:
    given = span("start", "-5m"), span("in", "-299s"), span("end", "0m"), span("after", "1s")

    assert ["end", "in"] == names(ask(NAMES, *given, window=5 * MINUTE))


def test_a_watermark_moves_the_window_back(ask: Ask) -> None:
    given = (
        span("start", "-6m"),
        span("in", "-359s"),
        span("end", "-1m"),
        span("late", "-59s"),
    )

    assert ["end", "in"] == names(ask(NAMES, *given, window=5 * MINUTE, watermark=MINUTE))


def test_a_window_is_one_of_points_by_when_they_were_recorded(ask: Ask) -> None:
    given = [
        MetricEntry.model_validate({"at": at, "metric": at, "value": 1})
        for at in ("-5m", "-4m", "0m", "1s")
    ]
    sql = "SELECT metric_name AS n FROM metrics ORDER BY recorded_timestamp"

    assert ["-4m", "0m"] == names(ask(sql, *given, window=5 * MINUTE))


def test_now_is_the_end_of_the_window(ask: Ask) -> None:
    sql = "SELECT now() AS n, count(*) FROM records"

    assert ["2026-01-05T12:00:00.000000Z"] == names(ask(sql))
    assert ["2026-01-05T12:09:00.000000Z"] == names(ask(sql, at=10 * MINUTE, watermark=MINUTE))


@pytest.mark.parametrize(
    ("environments", "expected"),
    [((), ["a", "b", "c"]), (("production",), ["a"]), (("production", "staging"), ["a", "b"])],
)
def test_only_rows_of_the_environments_are_seen(
    ask: Ask, environments: tuple[str, ...], expected: list[str]
) -> None:
    given = (
        span("a", "-1m", environment="production"),
        span("b", "-1m", environment="staging"),
        span("c", "-1m"),
    )

    assert expected == names(ask(NAMES, *given, environments=environments))


def test_rows_of_the_test_before_are_gone(ask: Ask) -> None:
    assert ["a"] == names(ask(NAMES, span("a", "-1m")))
    assert ["b"] == names(ask(NAMES, span("b", "-1m")))
    assert [] == names(ask(NAMES))


def test_values_are_those_of_json(ask: Ask) -> None:
    (row,) = ask(
        "SELECT 1.25::decimal(10, 2) AS d, 'NaN'::double AS nan, NULL AS nothing, [1, 2] AS some"
    )

    assert {"d": 1.25, "nan": None, "nothing": None, "some": [1, 2]} == row


@pytest.mark.parametrize("sql", ["SELECT nope FROM records", "SELECT", "DROP TABLE records"])
def test_a_query_that_cannot_be_run_says_so_and_the_next_one_runs(ask: Ask, sql: str) -> None:
    with pytest.raises(QueryError):
        ask(sql, span("a", "-1m"))

    assert ["a"] == names(ask(NAMES, span("a", "-1m")))


def test_no_run_returns_more_rows_than_logfire_does(ask: Ask) -> None:
    assert MOST_ROWS == len(ask(f"SELECT value FROM generate_series(1, {MOST_ROWS + 5})"))


def test_an_answer_has_its_columns_without_rows(asking: Asking) -> None:
    answer = asking("SELECT span_name AS n, duration FROM records")

    assert (("n", "duration"), ()) == answer


def test_a_query_that_one_pass_cannot_plan_is_planned_thoroughly(asking: Asking) -> None:
    sql = """
    WITH names(name) AS (VALUES ('a'), ('b')),
    wanted AS (SELECT trace_id FROM records WHERE span_name = 'a')
    SELECT name, count(records.span_name) AS n FROM names
    LEFT JOIN records ON records.span_name = name
        AND records.trace_id IN (SELECT trace_id FROM wanted)
    GROUP BY name ORDER BY name
    """
    given = (span("a", "-1m", trace="one"), span("b", "-1m", trace="one"), span("b", "-1m"))

    assert ({"name": "a", "n": 1}, {"name": "b", "n": 1}) == asking(sql, *given).rows
    # The rows of the test before are gone from it, too.
    assert ({"name": "a", "n": 0}, {"name": "b", "n": 0}) == asking(sql, given[2]).rows
