"""What is kept of a run's rows, and what they are compared by."""

from __future__ import annotations

from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telemetry.alerting.notifications import notifies
from telemetry.definitions.alerts import NotifyWhen
from telemetry.emulator.alerting.results import MOST_BYTES, MOST_ROWS, is_told, summarize

ROWS = st.lists(
    st.fixed_dictionaries({"n": st.integers(0, 2), "s": st.sampled_from(["", "a", None])}),
    max_size=4,
)


@given(ROWS, ROWS, st.sampled_from(get_args(NotifyWhen)))
def test_a_run_is_told_by_what_is_kept_as_by_all_of_its_rows(
    before: list[dict[str, Any]], rows: list[dict[str, Any]], mode: NotifyWhen
) -> None:
    assert notifies(mode, before, rows) == is_told(mode, summarize(before), summarize(rows))


def test_a_change_behind_the_rows_that_are_kept_is_one() -> None:
    before = [{"n": number} for number in range(MOST_ROWS + 5)]
    rows = [*before[:-1], {"n": -1}]

    assert summarize(before).rows == summarize(rows).rows
    assert is_told("matches_changed", summarize(before), summarize(rows))


@pytest.mark.parametrize(
    ("rows", "kept"),
    [
        ([], 0),
        ([{"n": 1}] * MOST_ROWS, MOST_ROWS),
        ([{"n": 1}] * (MOST_ROWS + 1), MOST_ROWS),
        ([{"n": "x" * (MOST_BYTES // 4)}] * 10, 3),
        ([{"n": "x" * MOST_BYTES}], 0),
    ],
)
def test_rows_are_kept_within_bounds(rows: list[dict[str, Any]], kept: int) -> None:
    result = summarize(rows)

    assert (rows[:kept], len(rows), kept < len(rows)) == (
        result.rows,
        result.length,
        result.is_cut,
    )
