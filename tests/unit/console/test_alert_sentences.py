"""Alerts in plain words, and their runs as bars."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any, get_args

import pytest

from telemetry.console.alert_sentences import (
    DELIVERY_MARKS,
    MARKS,
    MODES,
    RUN_MARKS,
    describe_standing,
)
from telemetry.console.emulator import Run, Standing
from telemetry.console.run_strip import draw_strip
from telemetry.definitions.alerts import NotifyWhen
from telemetry.emulator.alert_states import AlertState, DeliveryState, RunState

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def make_run(minutes_ago: int, state: str, rows: int = 0, error: str | None = None) -> Run:
    at = NOW - minutes_ago * MINUTE
    return Run.model_validate(
        {
            "id": uuid.uuid4(),
            "at": at,
            "window_start": at - MINUTE,
            "window_end": at,
            "state": state,
            "result": [],
            "result_length": rows,
            "error": error,
            "notified": False,
            "reason": None,
        }
    )


def describe(state: str, runs: list[Run], *, is_whole: bool = True, **changes: Any) -> str:
    content = {"last_run": NOW if runs else None, "next_run": None, "snoozed_until": None}
    standing = Standing.model_validate({"id": uuid.uuid4(), "state": state} | content | changes)
    matches = runs[0].result_length if runs else 0
    return describe_standing(standing, runs, matches, NOW, is_whole=is_whole)


@pytest.mark.parametrize(
    ("marks", "names"),
    [
        (MARKS, AlertState),
        (RUN_MARKS, RunState),
        (DELIVERY_MARKS, DeliveryState),
        (MODES, NotifyWhen),
    ],
)
def test_everything_there_is_has_words(marks: dict[str, Any], names: Any) -> None:
    assert set(get_args(names)) == set(marks)


FIRING = [make_run(1, "matches", 1_200), make_run(2, "error"), make_run(3, "matches", 1)]


@pytest.mark.parametrize(
    ("state", "runs", "more", "words"),
    [
        ("firing", FIRING, {}, "Firing since 11:57:00 UTC: 1,200 rows in the last run."),
        # Nobody knows what came before.
        (
            "firing",
            FIRING,
            {"is_whole": False},
            "Firing since before 11:57:00 UTC: 1,200 rows in the last run.",
        ),
        (
            "firing",
            [make_run(1, "matches", 1), make_run(2, "clear"), make_run(3, "matches", 1)],
            {"is_whole": False},
            "Firing since 11:59:00 UTC: 1 row in the last run.",
        ),
        # Another day is named.
        (
            "firing",
            [make_run(24 * 60, "matches", 1)],
            {},
            "Firing since 2026-05-03 12:00:00 UTC: 1 row in the last run.",
        ),
        # The runs were dropped meanwhile.
        ("firing", [], {}, "Firing now: 0 rows in the last run."),
        ("ok", [make_run(1, "clear")], {}, "OK: the last run found nothing."),
        ("error", [make_run(1, "error", error="no")], {}, "The last run failed: no"),
        (
            "snoozed",
            [],
            {"snoozed_until": NOW + MINUTE},
            "Snoozed until 12:01:00 UTC: it tells nobody.",
        ),
        (
            "snoozed",
            [make_run(1, "clear")],
            {"snoozed_until": NOW + MINUTE},
            "Snoozed until 12:01:00 UTC: it tells nobody. The last run found nothing.",
        ),
        (
            "no data",
            [],
            {"next_run": NOW + MINUTE},
            "No data: it was not run so far. The first run is due at 12:01:00 UTC.",
        ),
        ("inactive", [], {}, "Inactive: it is not run."),
    ],
)
def test_a_standing_is_told_in_words(
    state: str, runs: list[Run], more: dict[str, Any], words: str
) -> None:
    assert words == describe(state, runs, **more)


def test_bars_grow_with_rows_and_stand_in_order_of_time() -> None:
    runs = [make_run(1, "matches", 1_000_000), make_run(2, "matches", 1), make_run(3, "clear")]

    strip = draw_strip(runs, 5)

    heights = [bar.height for bar in strip.bars]
    assert sorted(heights) == heights
    assert 3 == len(set(heights))
    assert all(bar.y + bar.height == strip.height for bar in strip.bars)
    assert strip.width == strip.bars[-1].x + 10
    assert "The last 3 runs, from 2026-05-04 11:57:00 UTC on: 2 found rows, 1 found none." == (
        strip.words
    )


def test_of_many_runs_the_newest_are_drawn() -> None:
    runs = [make_run(n, "clear") for n in range(9)]

    strip = draw_strip(runs, 4)

    assert [f"{run.at:%Y-%m-%d %H:%M:%S}: 0 rows" for run in reversed(runs[:4])] == [
        bar.words for bar in strip.bars
    ]


def test_without_runs_there_is_no_bar() -> None:
    strip = draw_strip([], 4)

    assert ([], "There was no run.") == (list(strip.bars), strip.words)
