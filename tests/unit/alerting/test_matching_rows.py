from __future__ import annotations

from typing import Any

import pytest

from telemetry.alerting.matching import equals, match


@pytest.mark.parametrize(
    ("wanted", "rows", "expected"),
    [
        ([{"a": 1}], [{"a": 1, "b": 2}], (0, 0)),
        ([{}], [{"a": 1}], (0, 0)),
        ([{"a": 1}], [{"a": 2}], (1, 1)),
        ([{"gone": None}], [{"a": 1}], (1, 1)),
        ([{"a": 1}], [{"a": 1}, {"a": 1}], (0, 1)),
        ([{"a": 1}, {"a": 1}], [{"a": 1}], (1, 0)),
        ([{"a": 1}, {"a": 2}], [{"a": 2}, {"a": 1}], (0, 0)),
        ([], [{"a": 1}], (0, 1)),
        ([{"a": 1}], [], (1, 0)),
    ],
)
def test_each_row_is_wanted_once(
    wanted: list[dict[str, Any]], rows: list[dict[str, Any]], expected: tuple[int, int]
) -> None:
    missing, left = match(wanted, rows)

    assert expected == (len(missing), len(left))


@pytest.mark.parametrize("wanted", [[{"a": 1}, {"b": 2}], [{"b": 2}, {"a": 1}]])
def test_a_row_that_two_want_goes_to_the_one_that_no_other_row_is_like(
    wanted: list[dict[str, Any]],
) -> None:
    rows = [{"a": 1, "b": 2}, {"a": 1, "b": 3}]

    assert ([], []) == match(wanted, rows)


@pytest.mark.parametrize(
    ("value", "wanted", "expected"),
    [
        (1, 1.0, True),
        (0.1 + 0.2, 0.3, True),
        (79.166666666, 79.17, False),
        (1, 2, False),
        (1, True, False),
        (True, 1, False),
        (False, False, True),
        (None, None, True),
        (0, None, False),
        (None, 0, False),
        (None, "", False),
        ("1", 1, False),
        ("a", "a", True),
        ([1.0, "a"], [1, "a"], True),
        ([1], [1, 2], False),
        ("2026-01-05T12:00:00.000000Z", "2026-01-05T12:00:00Z", True),
        ("2026-01-05T12:00:00.000000Z", "2026-01-05T13:00:00+01:00", True),
        ("2026-01-05T12:00:00.000000Z", "2026-01-05T12:00:01Z", False),
        ("To", "TO", False),
    ],
)
def test_values_are_equal_as_numbers_times_and_null_are(
    value: Any,
    wanted: Any,
    expected: bool,  # noqa: FBT001 - of the table
) -> None:
    assert expected == equals(value, wanted)
