"""Queries that mean harm, or nothing: they are refused, and soon."""

from __future__ import annotations

import contextlib
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from telemetry.errors import InvalidSql
from telemetry.sql.rewrite import rewrite
from telemetry.sql.tokens import MAX_DEPTH

HOT = {"records_all": ["k"], "metrics": ["k"]}

SOUP = st.sampled_from(
    """
    SELECT FROM WHERE GROUP BY ORDER LIMIT WITH AS DISTINCT ON UNION ALL JOIN LATERAL NATURAL CASE
    WHEN THEN END CAST EXTRACT EPOCH FILTER OVER IN ANY BETWEEN AND NOT IS NULL INTERVAL ARRAY
    VALUES records metrics attributes level a b t time_bucket level_num level_name json_get now
    metric_rate metric_quantile date_part count unnest INTO INSERT -> ->> ? || :: [ ] ( ) { } , ; .
    = < >= <> + - * / % ^ ~ @> #> : $ $1 $x ' '' " "" "x" 'k' 'error' '1 hour' E'a' $$x$$ -- /* */
    1 1.5 1e9 é 😀 \\ ` # @ ! | & U&'x' x'41' _lf_x "_lf_x" \ufeff \x00 \ud800
    """.split()  # noqa: SIM905 - a list of literals would be hard to read
)
SEPARATORS = st.sampled_from([" ", " ", " ", "", "\n", "\r\n", "\t"])


def timed(sql: str) -> float:
    started = time.process_time()
    with contextlib.suppress(InvalidSql):
        rewrite(sql, hot_keys=HOT)
    return time.process_time() - started


@given(words=st.lists(st.tuples(SOUP, SEPARATORS), max_size=40))
@settings(max_examples=300, deadline=None)
def test_any_words_are_rewritten_or_refused(words: list[tuple[str, str]]) -> None:
    sql = "SELECT " + "".join(word + separator for word, separator in words)
    try:
        rewritten = rewrite(sql, hot_keys=HOT)
    except InvalidSql:
        return

    line, column = rewritten.to_user(1, 1)
    assert line >= 1
    assert column >= 1


@given(sql=st.text(max_size=60))
@settings(max_examples=200, deadline=None)
def test_any_text_is_rewritten_or_refused(sql: str) -> None:
    try:
        rewrite("SELECT " + sql, hot_keys=HOT)
    except InvalidSql:
        return


@pytest.mark.parametrize("depth", [MAX_DEPTH - 5, MAX_DEPTH + 1, 5_000])
@pytest.mark.parametrize(
    ("opening", "closing"),
    [
        ("(", ")"),
        ("abs(", ")"),
        ("[", "]"),
        ("CAST(", " AS int)"),
        ("json_get(a->b, ", ")"),
        ("1 + (", " || 'x')::int"),
        ("CASE WHEN a THEN ", " END"),
        ("(a->'k' ->> (", "))"),
        ("(SELECT ", ")"),
        ("level IN (", ")"),
        ("extract(epoch FROM ", ")"),
        ("- ", ""),
        ("NOT ", ""),
    ],
)
def test_however_deep_it_nests_there_is_an_answer(opening: str, closing: str, depth: int) -> None:
    assert timed(f"SELECT {opening * depth}1{closing * depth}") < 1


@pytest.mark.parametrize(
    ("first", "more"),
    [
        ("a", " + a"),
        ("a", " || a"),
        ("a", "->b"),
        ("a", "->'b'"),
        ("a", " || a->'b'"),
        ("a", "::int"),
        ("a", "[1]"),
        ("a", ".b"),
        ("- a", " - - a"),
        ("a->>'k'", ", a->>'k'"),
        ("a", " FROM a"),
        ("a FROM b", ", b"),
        ("DISTINCT a->>'k' FROM b ORDER BY a", ", a->>'k'"),
        ("a FROM records WHERE level > 'info'", " OR level = 'warn'"),
        ("a FROM records WHERE level > 'info'", " AND attributes->>'k' = 'x'"),
        ("a FROM records", " JOIN records ON attributes->>'k' = 'x'"),
        ("metric_rate(v, t)", ", metric_rate(v, t)"),
    ],
)
def test_time_grows_with_length_and_no_faster(first: str, more: str) -> None:
    timed("SELECT 1")
    repeated = 4_000 // len(more)
    some = timed(f"SELECT {first}{more * repeated}")
    much = timed(f"SELECT {first}{more * repeated * 4}")

    assert much < 12 * some + 0.1


def test_subqueries_that_name_each_other_many_times_are_followed_once() -> None:
    names = [f"q{number}" for number in range(30)]
    passed_on = ", ".join(
        f"{name} AS (SELECT a.* FROM {before} a, {before} b, {before} c)"
        for before, name in zip(["q", *names], names, strict=False)
    )
    sql = (
        f"WITH q AS (SELECT level AS level FROM records), {passed_on}"
        " SELECT 1 FROM q29 WHERE level = 'error'"
    )

    assert timed(sql) < 2
    assert rewrite(sql).sql.endswith("WHERE level = 17")


def test_a_byte_order_mark_is_no_part_of_the_query() -> None:
    assert " SELECT 1" == rewrite("\ufeffSELECT 1").sql


def test_half_a_character_is_refused() -> None:
    with pytest.raises(InvalidSql, match="half of a character"):
        rewrite("SELECT '\ud83d'")


def test_a_number_too_long_to_be_an_index_is_left_to_the_engine() -> None:
    assert "_lf_json_key(" in rewrite(f"SELECT a->>{'9' * 5_000} FROM t").sql
