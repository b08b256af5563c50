from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from telemetry.alerting.notifications import notifies

if TYPE_CHECKING:
    from telemetry.definitions.alerts import NotifyWhen

ONE: list[dict[str, Any]] = [{"service": "a", "n": 1}]
OTHER: list[dict[str, Any]] = [{"service": "a", "n": 2}]


RUNS = {
    "starts": ([], ONE),
    "stays": (ONE, ONE),
    "changes": (ONE, OTHER),
    "ends": (ONE, []),
    "quiet": ([], []),
}
"""What the run before returned, and what this one does."""


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("has_matches", {"starts", "stays", "changes"}),
        ("has_matches_changed", {"starts", "ends"}),
        ("starts_having_matches", {"starts"}),
        ("matches_changed", {"starts", "changes", "ends"}),
    ],
)
def test_a_mode_decides_which_run_tells_somebody(mode: NotifyWhen, expected: set[str]) -> None:
    assert expected == {name for name, runs in RUNS.items() if notifies(mode, *runs)}


def test_rows_in_another_order_are_the_same_rows() -> None:
    assert not notifies("matches_changed", [*ONE, *OTHER], [*OTHER, *ONE])


def test_the_same_row_twice_is_another_match() -> None:
    assert notifies("matches_changed", ONE, [*ONE, *ONE])
