"""The keys are held against a comparison of values that shares nothing with them."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from fractions import Fraction
from itertools import pairwise
from typing import Any

import pytest
from document_strategies import numbers, values
from hypothesis import given, settings

from functions.runtime.store.ordering import sort_key, type_bounds

TYPES: tuple[type | tuple[type, ...], ...] = (
    type(None),
    bool,
    (int, float),
    datetime,
    str,
    bytes,
    list,
    dict,
)


def rank(value: object) -> int:
    return next(place for place, kind in enumerate(TYPES) if isinstance(value, kind))


def compare(one: Any, other: Any) -> int:
    """Compare as https://firebase.google.com/docs/firestore/manage-data/data-types says."""
    if rank(one) != rank(other):
        return -1 if rank(one) < rank(other) else 1
    if isinstance(one, list):
        steps = [compare(*pair) for pair in zip(one, other, strict=False)]
        return next((step for step in steps if step), compare(len(one), len(other)))
    if isinstance(one, dict):
        flat_one = [each for pair in sorted(one.items()) for each in pair]
        return compare(flat_one, [each for pair in sorted(other.items()) for each in pair])
    if one is None:
        return 0
    if isinstance(one, str):
        one, other = one.encode(), other.encode()
    if rank(one) == rank(0):
        one, other = exact(one), exact(other)
    return int(one > other) - int(one < other)


def exact(number: float) -> tuple[int, Fraction]:
    if math.isnan(number):
        return -2, Fraction(0)
    if math.isinf(number):
        return (1 if number > 0 else -1), Fraction(0)
    return 0, Fraction(number)


def sign(one: bytes, other: bytes) -> int:
    return (one > other) - (one < other)


@settings(deadline=None)
@given(values, values)
def test_keys_compare_as_firestore_compares_values(one: object, other: object) -> None:
    assert compare(one, other) == sign(sort_key(one), sort_key(other))


@settings(deadline=None)
@given(numbers, numbers)
def test_integers_and_floats_compare_exactly(one: float, other: float) -> None:
    assert compare(one, other) == sign(sort_key(one), sort_key(other))


@settings(deadline=None)
@given(values, values)
def test_no_key_is_the_beginning_of_another(one: object, other: object) -> None:
    assert (compare(one, other) == 0) == sort_key(other).startswith(sort_key(one))


@settings(deadline=None)
@given(values)
def test_a_key_is_within_the_bounds_of_its_type(value: object) -> None:
    lowest, above = type_bounds(sort_key(value))
    assert lowest <= sort_key(value) < above


@settings(deadline=None)
@given(values, values)
def test_the_bounds_of_a_type_hold_no_other_type(one: object, other: object) -> None:
    lowest, above = type_bounds(sort_key(one))
    assert (rank(one) == rank(other)) == (lowest <= sort_key(other) < above)


def test_types_come_in_the_documented_order() -> None:
    ordered = [
        None,
        False,
        True,
        math.nan,
        -math.inf,
        -(2**63),
        -1,
        -0.5,
        0,
        5e-324,
        1,
        1.5,
        2**53,
        2**53 + 1,
        2**63 - 1,
        2.0**63,
        math.inf,
        datetime(1, 1, 1, tzinfo=UTC),
        datetime(1969, 12, 31, tzinfo=UTC),
        datetime(1970, 1, 1, 0, 0, 0, 1, tzinfo=UTC),
        datetime(9999, 12, 31, tzinfo=UTC),
        "",
        "\0",
        "a",
        "a\0",
        "a\0b",
        "aa",
        "b",
        "\uffff",
        "\U00010000",  # by UTF-8, not by UTF-16
        b"",
        b"\0",
        b"\0\0",
        b"\xff",
        [],
        [1, 2, 3],
        [1, 2, 3, 1],
        [2],
        ["a"],
        {},
        {"a": "aaa", "b": "baz"},
        {"a": "foo", "b": "bar"},
        {"a": "foo", "b": "bar", "c": "qux"},
        {"a": "foo", "b": "baz"},
        {"b": "aaa", "c": "baz"},
        {"c": "aaa"},
    ]
    for lower, higher in pairwise(ordered):
        assert sort_key(lower) < sort_key(higher), (lower, higher)


@pytest.mark.parametrize(
    ("one", "same"), [(1, 1.0), (0, -0.0), (math.nan, -math.nan), (2**62, 2.0**62), ([1], [1.0])]
)
def test_equal_numbers_of_either_type_have_one_key(one: object, same: object) -> None:
    assert sort_key(one) == sort_key(same)


@pytest.mark.parametrize(("one", "other"), [(1, True), (0, False), ("a", b"a"), (None, "")])
def test_values_of_different_types_have_different_keys(one: object, other: object) -> None:
    assert sort_key(one) != sort_key(other)
