"""Tables for Slack: aligned, bounded, and of as many rows as there is room for."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from telemetry.slack.blocks import render_mrkdwn
from telemetry.slack.limits import MAX_TEXT, measure
from telemetry.slack.tables import MAX_ROWS, draw_code, draw_table

HOSTILE = st.text(
    st.one_of(
        st.sampled_from("&<>`*_~|!@#\n\r\t\x00\u202e\u0301\u200bâ€\U0001f534漢"),
        st.characters(codec="utf-8"),
    ),
    max_size=300,
)
VALUES = st.one_of(
    HOSTILE,
    st.sampled_from(["```", "<!channel>", "<http://evil|click>", "x" * 50_000, "e\u0301" * 900]),
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.lists(HOSTILE, max_size=3),
    st.dictionaries(HOSTILE, st.integers(0, 9), max_size=3),
)
ROWS = st.lists(st.dictionaries(HOSTILE, VALUES, max_size=15), max_size=15)


def test_a_table_is_aligned_by_the_width_of_its_characters() -> None:
    rows = [
        {"name": "世界", "share": 0.125, "n": 5},
        {"name": "a|b\nc", "share": 1234567.0, "n": None},
        {"name": True, "share": float("nan")},
    ]

    assert [
        "name          share  n",
        "世界          0.125  5",
        "a|b\\nc  1.23457e+06  -",
        "true            nan  -",
    ] == draw_table(rows).splitlines()


def test_a_value_that_is_no_scalar_is_written_as_json() -> None:
    assert ["kinds", '["a",1]', '{"b":null}'] == draw_table(
        [{"kinds": ["a", 1]}, {"kinds": {"b": None}}]
    ).splitlines()


def test_a_table_leaves_out_what_does_not_fit_and_says_so() -> None:
    rows = [{f"column {number}": "x" * 50 for number in range(9)}] * 30

    heading, *lines = draw_table(rows).splitlines()

    assert heading.endswith("  …")
    assert MAX_ROWS == len(lines)
    assert all(len(line) <= 110 for line in lines)
    assert lines[0].startswith("x" * 31 + "…")


def test_columns_that_just_fit_are_there() -> None:
    rows = [{"a": "x" * 32, "b": "x" * 32, "c": "x" * 32, "d": "12345678"}]

    heading, line = draw_table(rows).splitlines()

    assert 110 == len(line)
    assert heading.endswith("  d")


def test_no_rows_are_no_table() -> None:
    assert ["", ""] == [draw_table([]), draw_table([{}])]
    assert ["", ""] == [draw_code([], MAX_TEXT), draw_code([{}], MAX_TEXT)]


def test_rows_that_are_beyond_the_limit_are_left_out() -> None:
    rows = [{"n": number, "text": "&" * 30} for number in range(9)]

    lines = draw_code(rows, 600).splitlines()

    assert ["```", "n  text", f"0  {'&amp;' * 30}"] == lines[:3]
    assert ["```", 6] == [lines[-1], len(lines)]


@given(ROWS)
def test_a_table_of_anything_is_within_its_bounds(rows: list[dict[str, Any]]) -> None:
    lines = draw_table(rows).splitlines()

    assert measure("\n".join(lines)) <= MAX_TEXT
    assert len(lines) <= MAX_ROWS + 1
    assert all(cell_len(line) <= 110 + len("  …") for line in lines)


@given(ROWS, st.integers(100, MAX_TEXT))
def test_a_table_is_one_block_of_code_that_nothing_in_it_ends(
    rows: list[dict[str, Any]], limit: int
) -> None:
    code = draw_code(rows, limit)

    assert measure(code) <= limit
    if code:
        assert code.startswith("```\n")
        assert code.endswith("\n```")
        assert len(code.splitlines()) <= MAX_ROWS + 3
        shown = render_mrkdwn(code)
        assert shown.startswith('<pre class="slack-code">')
        assert shown.endswith("</pre>")
        assert 2 == shown.count("<")
