from __future__ import annotations

from typing import Any

import pytest

from telemetry.emulator.engine.series import Growth, growth

SECOND = 1_000_000


def point(at: float, value: float | None, **fields: Any) -> dict[str, Any]:
    given: dict[str, Any] = {
        "type": "sum",
        "temporality": "cumulative",
        "is_monotonic": True,
        "series": 1,
        "start": 0,
        "scalar": value,
        "count": None,
        "t": int(at * SECOND),
    }
    return given | fields


def delta(start: float, at: float, value: float, **fields: Any) -> dict[str, Any]:
    return point(at, value, temporality="delta", start=int(start * SECOND), **fields)


@pytest.mark.parametrize(
    ("points", "expected"),
    [
        pytest.param([], None, id="nothing"),
        pytest.param([point(1, None)], None, id="a point without a value"),
        pytest.param([point(1, 5)], None, id="one cumulative point only says where it stands"),
        pytest.param([point(0, 5), point(10, 8)], Growth(3, 10), id="two"),
        pytest.param([point(10, 8), point(0, 5)], Growth(3, 10), id="in any order"),
        pytest.param(
            [point(0, 5), point(10, 8), point(20, 2), point(30, 3)],
            Growth(6, 30),
            id="a drop is a restart",
        ),
        pytest.param(
            [point(0, 5), point(10, 9, start=5 * SECOND)],
            Growth(9, 10),
            id="a later start is a restart, even without a drop",
        ),
        pytest.param(
            [point(0, 5, is_monotonic=False), point(10, 2, is_monotonic=False)],
            Growth(-3, 10),
            id="what goes up and down falls too",
        ),
        pytest.param([delta(0, 10, 4)], Growth(4, 10), id="one delta point"),
        pytest.param([delta(0, 10, 4), delta(10, 20, 6)], Growth(10, 20), id="delta points add up"),
        pytest.param(
            [point(0, 1), point(10, 2), point(5, 7, series=2), point(25, 9, series=2)],
            Growth(3, 25),
            id="series are told apart",
        ),
        pytest.param(
            [point(0, 1), point(10, 2), point(50, 7, series=2)],
            Growth(1, 10),
            id="a series that tells nothing adds nothing",
        ),
        pytest.param(
            [
                point(10, None, temporality="delta", count=3),
                point(20, None, temporality="delta", count=4),
            ],
            Growth(7, 20),
            id="a histogram counts its observations",
        ),
        pytest.param(
            [
                point(0, 1, temporality=None, is_monotonic=None),
                point(10, 4, temporality=None, is_monotonic=None),
            ],
            Growth(3, 10),
            id="a gauge grows from its first to its last reading",
        ),
    ],
)
def test_growth(points: list[dict[str, Any]], expected: Growth | None) -> None:
    assert expected == growth(points)


def test_the_rate_is_the_increase_per_second() -> None:
    assert 0.5 == Growth(10, 20).rate


def test_points_of_no_duration_have_no_rate() -> None:
    assert Growth(10, 0).rate is None


def test_a_delta_point_without_a_start_covers_no_time() -> None:
    assert Growth(4, 0) == growth([delta(0, 10, 4) | {"start": None}])
