"""The newest runs of an alert as a strip of bars."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from telemetry.console.alert_sentences import RUN_MARKS, count_rows
from telemetry.console.showing import show_time

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from telemetry.console.emulator import Run
    from telemetry.emulator.alert_states import RunState

HEIGHT: Final = 40
_STEP, _BAR = 10, 8
_LEAST: Final = 4
"""Pixels of the bar of a run that found nothing: it is there, and low."""


_DID: Final[Mapping[RunState, str]] = {
    "matches": "found rows",
    "clear": "found none",
    "error": "failed",
}


@dataclass(frozen=True, slots=True)
class Bar:
    """Show a run.

    Attributes:
        tone: Its colour's name.
        words: What it was.
    """

    x: int
    y: int
    width: int
    height: int
    tone: str
    words: str


@dataclass(frozen=True, slots=True)
class Strip:
    """Show runs, the newest at the right.

    Attributes:
        width: In the units of the bars.
        height: The same.
        words: What the bars say, for who does not see them.
    """

    bars: Sequence[Bar]
    width: int
    height: int
    words: str


def draw_strip(runs: Sequence[Run], most: int) -> Strip:
    """Return the strip of runs, whose heights are logarithms of numbers of rows.

    Args:
        runs: The newest first.
        most: For how many there is room.
    """
    oldest_first = list(reversed(runs[:most]))
    highest = max((run.result_length for run in oldest_first), default=0)
    left = (most - len(oldest_first)) * _STEP
    bars = [
        _draw_bar(run, left + number * _STEP, highest) for number, run in enumerate(oldest_first)
    ]
    return Strip(bars, most * _STEP, HEIGHT, _describe(oldest_first))


def _draw_bar(run: Run, x: int, highest: int) -> Bar:
    height = _LEAST
    if run.result_length:
        share = math.log1p(run.result_length) / math.log1p(highest)
        height = max(2 * _LEAST, round(share * HEIGHT))
    elif run.state == "error":
        height = HEIGHT
    found = f"failed: {run.error}" if run.state == "error" else count_rows(run.result_length)
    words = f"{show_time(run.at)}: {found}"
    return Bar(x, HEIGHT - height, _BAR, height, RUN_MARKS[run.state].tone, words)


def _describe(runs: Sequence[Run]) -> str:
    if not runs:
        return "There was no run."
    states = Counter(run.state for run in runs)
    told = ", ".join(f"{states[state]} {_DID[state]}" for state in _DID if states[state])
    noun = "run" if len(runs) == 1 else f"{len(runs)} runs"
    return f"The last {noun}, from {show_time(runs[0].at)} UTC on: {told}."
