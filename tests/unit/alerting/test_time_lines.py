from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from pydantic import ValidationError

from telemetry.alerting.timeline import MOST, Entry, MetricEntry, SpanEntry

if TYPE_CHECKING:
    from conftest import Load


def offsets(**keys: Any) -> list[float]:
    return list(Entry.model_validate(keys).offsets())


@pytest.mark.parametrize(
    ("written", "expected"),
    [("0m", 0), ("-5m", -300), ("10m", 600), ("+90s", 90), ("-PT1H", -3600), (" -1d ", -86400)],
)
def test_a_time_is_relative_to_the_tests(written: str, expected: int) -> None:
    assert [expected] == offsets(at=written)


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ({"at": "-1m", "every": "20s", "times": 3}, [-60, -40, -20]),
        ({"at": "-1m", "every": "20s", "until": "0m"}, [-60, -40, -20, 0]),
        ({"at": "-1m", "every": "25s", "until": "0m"}, [-60, -35, -10]),
        ({"at": "0m", "every": "1m", "until": "0m"}, [0]),
        ({"at": "0m", "per_minute": 4, "times": 3}, [0, 15, 30]),
        ({"at": "-1m", "per_minute": 3, "until": "0m"}, [-60, -40, -20, 0]),
        ({"at": "1m", "times": 2}, [60, 60]),
    ],
)
def test_an_entry_stands_for_as_many_as_it_says(
    keys: dict[str, Any], expected: list[float]
) -> None:
    assert expected == offsets(**keys)


def test_what_repeats_so_many_times_a_minute_ends_with_until_despite_of_rounding() -> None:
    assert 7 * 60 + 1 == len(Entry.model_validate({"at": "-1h", "until": "0m", "per_minute": 7}))


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"at": "soon"}, "no duration"),
        ({"at": "0m", "every": "1m"}, "what repeats ends"),
        ({"at": "0m", "every": "1m", "times": 2, "until": "5m"}, "what repeats ends"),
        ({"at": "0m", "until": "5m"}, "`until` wants"),
        ({"at": "0m", "until": "-5m", "every": "1m"}, "before `at`"),
        ({"at": "0m", "every": "0s", "times": 2}, "more than nothing"),
        ({"at": "0m", "every": -5, "times": 2}, "more than nothing"),
        ({"at": "0m", "every": "1m", "per_minute": 1, "times": 2}, "not both"),
        ({"at": "0m", "per_minute": MOST, "until": "1h"}, "more than 100,000"),
        ({"at": "0m", "times": MOST + 1, "every": "1s"}, "100000"),
        ({"at": "999999999w"}, "less than or equal"),
        ({"at": "-999999999w"}, "greater than or equal"),
        ({"at": "0m", "every": "500w", "times": 5}, "ten years"),
        ({"at": "0m", "per_minute": 1e-300, "times": 2}, "ten years"),
        ({"at": "0m", "per_minute": float("inf"), "times": 2}, "finite"),
        ({"at": "0m", "attributes": {"a": [{"b": 2**63}]}}, "64 bits"),
    ],
)
def test_what_cannot_be_a_time_line_is_told(keys: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        offsets(**keys)


def test_an_error_is_told_with_its_place(load: Load) -> None:
    text = """\
alert: Busy
tests:
  - name: wrong
    given:
      - {at: 0m, span: work}
      - {at: 0m, span: work, every: soon, times: 2}
      - {at: 0m}
    expect: [{fires: true}]
"""
    found = [
        (problem.place.line, problem.place.column, problem.message)
        for problem in load(text).problems
    ]

    assert [(6, 37), (7, 9)] == [each[:2] for each in found]
    assert "no duration" in found[0][2]
    assert "an entry has one of `span`, `log`, `metric` and `file`" in found[1][2]


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ({}, False),
        ({"level": "error"}, True),
        ({"level": "fatal"}, True),
        ({"level": "warn"}, False),
        ({"exception": "builtins.OSError"}, True),
        ({"level": "error", "status": "ok"}, False),
        ({"status": "error"}, True),
    ],
)
def test_a_span_is_an_error_by_its_level_or_exception_unless_it_says_so(
    keys: dict[str, Any],
    expected: bool,  # noqa: FBT001 - of the table
) -> None:
    assert expected == SpanEntry.model_validate({"at": "0m", "span": "work", **keys}).is_error


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"id": "a", "every": "1s", "times": 2}, "`id` is of one span"),
        ({"exception_message": "gone"}, "wants `exception`"),
    ],
)
def test_what_no_span_can_be_is_told(keys: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        SpanEntry.model_validate({"at": "0m", "span": "work", **keys})


@pytest.mark.parametrize(
    ("value", "expected"),
    [(5, [5, 5, 5]), ([0, 10], [0, 5, 10]), ([10, 0], [10, 5, 0]), (0, [0, 0, 0])],
)
def test_two_values_are_a_ramp(value: Any, expected: list[float]) -> None:
    keys = {"at": "0m", "every": "1m", "times": 3, "metric": "m", "value": value}

    assert expected == list(MetricEntry.model_validate(keys).amounts())


def test_a_ramp_of_one_point_is_its_beginning() -> None:
    keys = {"at": "0m", "metric": "m", "value": [3, 9]}

    assert [3] == list(MetricEntry.model_validate(keys).amounts())


@pytest.mark.parametrize("keys", [{}, {"value": 1, "values": [2]}, {"values": []}])
def test_a_point_has_either_a_value_or_values(keys: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="a counter or gauge has `value`"):
        MetricEntry.model_validate({"at": "0m", "metric": "m", **keys})
