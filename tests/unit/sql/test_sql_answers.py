"""Queries whose rewriting is easily got wrong, and what the engine answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from telemetry.sql.resolution import render
from telemetry.sql.rewrite import rewrite

if TYPE_CHECKING:
    from collections.abc import Callable

    Ask = Callable[[str], list[tuple[Any, ...]]]

SECONDS = "extract(epoch FROM"
LATE = "FROM records WHERE message = 'late'"


@pytest.mark.parametrize(
    ("sql", "rows"),
    [
        # Brackets that are more than brackets around an operand stay.
        ("SELECT message FROM records WHERE '1' IN (attributes->>'x')", [("late",)]),
        ("SELECT DISTINCT ON (attributes->>'x') attributes->>'x' FROM records", [("1",), (None,)]),
        ("SELECT count(*) FROM records GROUP BY (attributes->>'x')", [(1,), (1,)]),
        ("SELECT v FROM (VALUES ('{\"a\": 1}'::text)) AS t(v) WHERE v->>'a' = '1'", [('{"a": 1}',)]),
        # An item that is grouped by is the same there.
        ("SELECT attributes->'x', count(*) FROM records GROUP BY attributes->'x' ORDER BY 1", [("1", 1), (None, 1)]),
        ("SELECT attributes->'n' AS n, count(*) FROM records GROUP BY 1 ORDER BY 1", [("2", 1), (None, 1)]),
        # Text beside JSON is no JSON.
        ("SELECT attributes->'x' FROM records UNION ALL SELECT 'plain' ORDER BY 1", [("1",), ("plain",), (None,)]),
        ("SELECT json_get(attributes, 'k')::int AS n FROM records", [(None,), (None,)]),
        ("SELECT ((attributes->>'x') || (attributes->>'n'))::int + 1 AS n FROM records", [(13,), (None,)]),
    ],
)  # fmt: skip
def test_brackets_and_types_stay_what_they_were(
    ask: Ask, sql: str, rows: list[tuple[Any, ...]]
) -> None:
    assert sorted(rows, key=repr) == sorted(ask(sql), key=repr)


@pytest.mark.parametrize(
    ("expression", "seconds"),
    [
        (f"{SECONDS} end_timestamp - start_timestamp)", 4.25),
        (f"{SECONDS} start_timestamp - end_timestamp)", -4.25),
        (f"{SECONDS} coalesce(end_timestamp - start_timestamp, NULL))", 4.25),
        (f"{SECONDS} max(end_timestamp - start_timestamp) OVER ())", 4.25),
        ("date_part('epoch', end_timestamp - start_timestamp)", 4.25),
        (f"{SECONDS} start_timestamp)", 1772621999.5),
        (f"{SECONDS} start_timestamp - INTERVAL '1.5 seconds')", 1772621998.0),
        (f"{SECONDS} start_timestamp::date)", 1772582400.0),
        (f"{SECONDS} INTERVAL '1 day 1.5 seconds')", 86401.5),
        (f"{SECONDS} INTERVAL '1 month')", 2592000.0),
    ],
)
def test_an_epoch_keeps_its_fraction_whatever_it_is_of(
    ask: Ask, expression: str, seconds: float
) -> None:
    assert [(seconds,)] == ask(f"SELECT {expression} AS s {LATE}")


def test_the_epoch_of_a_difference_that_a_subquery_made_keeps_its_fraction(ask: Ask) -> None:
    took = "(SELECT end_timestamp - start_timestamp AS took, message FROM records)"

    assert [(4.25,)] == ask(f"SELECT extract(epoch FROM took) AS s {LATE.replace('records', took)}")


@pytest.mark.parametrize(
    ("sql", "rows"),
    [
        ("SELECT max(level) >= 'error' AS v FROM records", [(True,)]),
        ("SELECT (level) = 'error' AS v {late}", [(True,)]),
        ("SELECT level >= '10' AS v {late}", [(True,)]),
        ("SELECT level::text || 'x' = '17x' AS v {late}", [(True,)]),
        ("SELECT 'a' || level = 'a17' AS v {late}", [(True,)]),
        # What the query calls level is compared as what it is.
        ("WITH n AS (SELECT level_name(level) level FROM records) SELECT level FROM n WHERE level = 'error'", [("error",)]),
        ("WITH n(level) AS (SELECT level_name(level) FROM records) SELECT level FROM n WHERE level = 'error'", [("error",)]),
        ("SELECT level FROM (SELECT level_name(level) FROM records) AS n(level) WHERE level = 'error'", [("error",)]),
        ("WITH n AS (SELECT message AS level FROM records) SELECT level FROM n WHERE level = 'late'", [("late",)]),
        ("WITH n AS (SELECT max(level) AS level FROM records) SELECT level FROM n WHERE level >= 'error'", [(17,)]),
        ("WITH n AS (SELECT r.level AS level FROM records r) SELECT level FROM n WHERE level = 'error'", [(17,)]),
        ("WITH n AS (SELECT * FROM records), m AS (SELECT n.level AS level FROM n) SELECT level FROM m WHERE level = 'error'", [(17,)]),
    ],
)  # fmt: skip
def test_a_level_is_compared_as_what_it_is(ask: Ask, sql: str, rows: list[tuple[Any, ...]]) -> None:
    assert rows == ask(sql.format(late=LATE))


@pytest.mark.parametrize(
    ("condition", "messages"),
    [
        ("message = ANY($some::text[])", ["late"]),
        ("attributes->>'x' = ANY($numbers::text[])", ["late"]),
        ("level = ANY($levels::text[])", ["late"]),
        ("message = $one", ["fine"]),
        ("message = 'late' AND NOT message = ANY($none::text[])", ["late"]),
    ],
)
def test_rendered_variables_select_what_they_name(
    ask: Ask, condition: str, messages: list[str]
) -> None:
    variables = {
        "some": ["late", "it's"],
        "numbers": ["1", "2"],
        "levels": ["warn", "error"],
        "one": "fine",
        "none": [],
    }
    sql = render(f"SELECT message FROM records WHERE {condition}", variables, "1 minute")

    assert [(message,) for message in messages] == ask(sql)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT attributes->>'k' FROM records NATURAL JOIN records_all",
        "SELECT attributes->>'k' FROM records AS r(start_timestamp, attributes)",
        "SELECT attributes->>'k' FROM records JOIN records ON true",
    ],
)
def test_no_column_of_an_attribute_is_used_where_it_might_be_another(sql: str) -> None:
    rewritten = rewrite(sql, hot_keys={"records_all": ["k"]})

    assert frozenset() == rewritten.hot
    assert rewritten.sql == rewritten.unrouted_sql


@pytest.mark.parametrize("width", ["1 month", "1mon", "3months", "1 year"])
def test_buckets_of_months_begin_with_a_month(width: str) -> None:
    assert "'1970-01-01T00:00:00Z'" in rewrite(f"SELECT time_bucket('{width}', t) FROM r").sql
