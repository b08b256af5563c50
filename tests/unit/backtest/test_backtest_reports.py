from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from telemetry.alerting.backtest import Answers, times_of_runs
from telemetry.alerting.backtest_reports import (
    Difference,
    Interval,
    compare,
    describe,
    draw,
    lines_of,
    lines_of_differences,
    summarise,
)
from telemetry.definitions import Alert

if TYPE_CHECKING:
    from telemetry.alerting.backtest_reports import Backtest

START = datetime(2026, 3, 5, 12, tzinfo=UTC)


def minute(number: int) -> datetime:
    return START + timedelta(minutes=number)


def walked(counts: str, notify_when: str = "has_matches_changed", every: int = 60) -> Backtest:
    """Return what became of an alert whose runs had so many rows, the one before them first."""
    alert = Alert.model_validate(
        {
            "kind": "Alert",
            "name": "Errors",
            "sql": "SELECT 1",
            "window": "5m",
            "every": f"{every // 60}m",
            "notify_when": notify_when,
        }
    )
    times = [START + timedelta(seconds=every * number) for number in range(len(counts))]
    rows: dict[datetime, list[dict[str, Any]]] = {
        at: [{"n": number} for number in range(int(count))]
        for at, count in zip(times, counts, strict=True)
    }
    return summarise(alert, times, Answers(rows))


def test_runs_that_follow_each_other_are_one_interval() -> None:
    found = walked("00120300")

    assert (
        Interval(minute(2), minute(4), 2, 2),
        Interval(minute(5), minute(6), 1, 3),
    ) == found.intervals
    assert 3 == found.firing_runs


def test_the_run_before_the_first_does_not_count() -> None:
    found = walked("110")

    assert (Interval(minute(1), minute(2), 1, 1),) == found.intervals
    assert [minute(1), minute(2)] == list(found.times)


@pytest.mark.parametrize(
    ("notify_when", "minutes"),
    [
        ("has_matches", [1, 3, 4, 5]),
        ("has_matches_changed", [2, 3, 6]),
        ("starts_having_matches", [3]),
        ("matches_changed", [2, 3, 5, 6]),
    ],
)
def test_notifications_are_those_of_the_mode(notify_when: str, minutes: list[int]) -> None:
    assert tuple(map(minute, minutes)) == walked("1101120", notify_when).notifications


def test_differences_are_where_only_one_fires() -> None:
    current, other = walked("0111000110"), walked("0001110110")

    assert [
        Difference(minute(1), minute(3), is_current=True),
        Difference(minute(4), minute(6), is_current=False),
    ] == compare(current, other)
    assert [] == compare(current, current)


def test_definitions_that_run_at_different_times_can_be_compared() -> None:
    current, other = walked("0111111"), walked("0010", every=120)

    assert [
        Difference(minute(1), minute(4), is_current=True),
        Difference(minute(6), minute(7), is_current=True),
    ] == compare(current, other)


def test_the_chart_has_higher_blocks_the_more_runs_fired() -> None:
    assert "··█·" == draw(walked("00010"))
    assert "·▄█▁" == draw(walked("0" + "00000000" + "01010101" + "11111111" + "00010000"), width=4)


def test_the_text_says_it_all() -> None:
    summary = (
        "Errors would have fired 1 time in 4 runs, every 1m: 2 runs with rows, 2 notifications"
        " (has_matches_changed)"
    )

    assert [
        summary,
        "2026-03-05 12:01  ·██·  2026-03-05 12:04 UTC",
        "from (UTC)        until             for  runs  most rows",
        "2026-03-05 12:02  2026-03-05 12:04  2m   2     7",
    ] == lines_of(walked("00170"))
    assert ["Both fire at the same times: the current one and new.yaml"] == lines_of_differences(
        [], "new.yaml"
    )


def test_json_says_it_all() -> None:
    document = describe(walked("00170"))

    assert [
        {
            "from": "2026-03-05T12:02:00Z",
            "until": "2026-03-05T12:04:00Z",
            "seconds": 120,
            "runs": 2,
            "most_rows": 7,
        }
    ] == document["intervals"]
    assert (4, 2, ["2026-03-05T12:02:00Z", "2026-03-05T12:04:00Z"]) == (
        document["runs"],
        document["firing_runs"],
        document["notifications"],
    )


def test_runs_are_at_multiples_of_the_frequency() -> None:
    every = timedelta(minutes=5)
    after, until = minute(0), minute(10) + timedelta(seconds=59)

    assert [minute(5), minute(10)] == times_of_runs(every, after, until)
    assert [minute(5)] == times_of_runs(every, after + timedelta(seconds=1), minute(9))
