"""Values from outside, made exportable."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telemetry.attributes import MAX_ITEMS, MAX_TEXT, clean_scalar, clean_text, clean_value

scalars = st.text() | st.booleans() | st.integers() | st.floats() | st.binary() | st.none()
values = st.recursive(
    scalars,
    lambda children: (
        st.lists(children)
        | st.tuples(children, children)
        | st.dictionaries(st.text() | st.integers(), children)
    ),
    max_leaves=20,
)


@given(values)
def test_any_value_becomes_one_that_otlp_holds(value: object) -> None:
    cleaned, kind = clean_value(value)

    items = cleaned if isinstance(cleaned, list) else [cleaned]
    for item in items:
        assert isinstance(item, str | bool | int | float)
        if isinstance(item, str):
            item.encode("utf-8")
        if isinstance(item, int):
            item.to_bytes(8, "big", signed=True)
    if kind is not None:
        assert isinstance(cleaned, str)
        assert {"object": dict, "array": list}[kind] is type(json.loads(cleaned))


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=100))
def test_ordinary_text_stays_as_it_is(text: str) -> None:
    assert text == clean_text(text)


@given(scalars)
def test_cleaning_twice_is_cleaning_once(value: object) -> None:
    once = clean_scalar(value)

    assert repr(once) == repr(clean_scalar(once))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("text", ("text", None)),
        (True, (True, None)),
        (7, (7, None)),
        (2**63 - 1, (2**63 - 1, None)),
        (2**63, ("9223372036854775808", None)),
        (-(2**63), (-(2**63), None)),
        (1.5, (1.5, None)),
        (None, ("None", None)),
        (b"\xff", ("\\xff", None)),
        ("\ud800", ("?", None)),
        (["a", "b"], (["a", "b"], None)),
        ((1, 2), ([1, 2], None)),
        ([True, 1], ("[true, 1]", "array")),
        ([], ("[]", "array")),
        ([2**70, 1], ("[1180591620717411303424, 1]", "array")),
        ({"a": [1]}, ('{"a": [1]}', "object")),
        ({}, ("{}", "object")),
    ],
    ids=ascii,
)
def test_values_are_kept_where_they_can_be(value: object, expected: object) -> None:
    assert expected == clean_value(value)


def test_long_text_is_cut_and_says_so() -> None:
    cut = clean_text("x" * 20_000)

    assert cut.startswith("x" * MAX_TEXT)
    assert cut.endswith("… (20,000 characters)")


def test_json_that_is_cut_is_no_json_any_more() -> None:
    text, kind = clean_value({"a": "x" * 20_000})

    assert kind is None
    assert str(text).startswith('{"a": "xxx')


def test_a_long_list_is_cut() -> None:
    cleaned, _ = clean_value(range(3))
    assert cleaned == "range(0, 3)"
    cleaned, _ = clean_value(list(range(5_000)))
    assert isinstance(cleaned, list)
    assert len(cleaned) == MAX_ITEMS
