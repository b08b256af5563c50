"""Places in what DataFusion was given lead back to the user's text."""

from __future__ import annotations

import pytest

from telemetry.sql.pieces import offset_of
from telemetry.sql.rewrite import rewrite

SQL = """SELECT attributes->'a'->>'b' AS first,
  'über 😀' || nope,
  level >= 'error' AND missing
FROM records"""


@pytest.mark.parametrize("word", ["first", "nope", "missing", "FROM", "AS", "😀"])
def test_a_word_is_found_where_the_user_wrote_it(word: str) -> None:
    rewritten = rewrite(SQL)
    offset = rewritten.sql.index(word)
    line = rewritten.sql.count("\n", 0, offset) + 1
    column = offset - (rewritten.sql.rfind("\n", 0, offset) + 1) + 1

    assert SQL.index(word) == offset_of(SQL, *rewritten.to_user(line, column))


def test_text_that_was_put_in_leads_to_what_it_stands_for() -> None:
    rewritten = rewrite("SELECT x,\n time_bucket('1 hour', t) FROM records")

    assert (2, 2) == rewritten.to_user(2, 4)


def test_a_place_beyond_the_end_is_the_end() -> None:
    assert (4, 13) == rewrite(SQL).to_user(99, 1)


def test_identifiers_are_found_by_name() -> None:
    rewritten = rewrite('SELECT a,\n  NoPe, "NoPe" FROM records')

    assert [(2, 3), (2, 9), None] == [
        rewritten.find_identifier(name) for name in ("nope", "NoPe", "other")
    ]


def test_places_are_those_of_the_text_without_columns_of_attributes() -> None:
    sql = "SELECT attributes->>'k' AS k FROM records WHERE wrong"
    rewritten = rewrite(sql, hot_keys={"records_all": ["k"]})
    column = rewritten.unrouted_sql.index("wrong") + 1

    assert rewritten.sql != rewritten.unrouted_sql
    assert (1, sql.index("wrong") + 1) == rewritten.to_user(1, column)
