"""The SQL that looks for an id: whatever the id is, it is a value and never more."""

from __future__ import annotations

import pytest
import sqlglot
from hypothesis import given
from hypothesis import strategies as st
from sqlglot.tokens import TokenType

from telemetry import semconv
from telemetry.errors import InvalidId
from telemetry.journeys import check_id, find_sql, is_trace_id, spans_sql

HARMLESS = "x"
TRACE_ID = "01a22466fe6b1249d1c4f459badde4d1"

ids = st.text(min_size=1, max_size=40).filter(lambda text: bool(text.strip().strip("\"'`")))


def tokens(sql: str) -> list[tuple[TokenType, str]]:
    return [(token.token_type, token.text) for token in sqlglot.tokenize(sql, read="postgres")]


def without_strings(sql: str) -> list[tuple[TokenType, str]]:
    return [(kind, "" if kind is TokenType.STRING else text) for kind, text in tokens(sql)]


@given(ids)
def test_an_id_changes_nothing_of_a_query_but_its_strings(text: str) -> None:
    try:
        wanted = check_id(text)
    except InvalidId:
        return
    sql = find_sql(wanted)

    if not is_trace_id(wanted.lower()):
        assert without_strings(find_sql(HARMLESS)) == without_strings(sql)
    strings = [value for kind, value in tokens(sql) if kind is TokenType.STRING]
    assert len(semconv.ITEM_IDS) + 1 == strings.count(wanted)


@given(st.text(max_size=40))
def test_a_trace_id_from_elsewhere_is_a_string_too(text: str) -> None:
    sql = spans_sql(text.replace("\0", ""))

    assert without_strings(spans_sql(HARMLESS)) == without_strings(sql)


def test_what_looks_like_a_trace_id_is_looked_for_as_one_besides() -> None:
    assert f"trace_id = '{TRACE_ID}' OR" in find_sql(TRACE_ID.upper())
    assert "trace_id = " not in find_sql("performances/p1")


def test_an_entity_is_found_with_its_kind_or_without_and_never_by_a_part_of_its_id() -> None:
    assert """strpos(attributes->>'entity_ids', '"venues/v1"') > 0""" in find_sql("venues/v1")
    assert """strpos(attributes->>'entity_ids', '/v1"') > 0""" in find_sql("v1")


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("  abc\n", "abc"),  # copied with its line
        ('"abc"', "abc"),  # copied out of JSON
        ("a'b", "a'b"),
    ],
)
def test_an_id_is_taken_as_it_was_meant(text: str, wanted: str) -> None:
    assert wanted == check_id(text)


@pytest.mark.parametrize("text", ["", " ", "''", "x" * 201, "a\0b", "a\nb", "\ud800"])
def test_what_cannot_be_an_id_is_refused(text: str) -> None:
    with pytest.raises(InvalidId):
        check_id(text)
