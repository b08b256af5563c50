"""What a back-test found: when an alert would have fired, and how often it would have told."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

from telemetry.alerting.notifications import notifies

if TYPE_CHECKING:
    from collections.abc import Sequence

    from telemetry.alerting.backtest import Answers
    from telemetry.definitions.alerts import Alert

WIDTH: Final = 60
"""Characters of a chart."""

_QUIET: Final = "·"
_BLOCKS: Final = "▁▂▃▄▅▆▇█"
_UNITS: Final = ((86400, "d"), (3600, "h"), (60, "m"), (1, "s"))


@dataclass(frozen=True, slots=True)
class Interval:
    """Hold a stretch of time that an alert fired in.

    Attributes:
        begin: When the first run had rows.
        end: When the next run after the last of them was due.
        runs: How many there were.
        most_rows: As many as one of them had at most.
    """

    begin: datetime
    end: datetime
    runs: int
    most_rows: int


@dataclass(frozen=True, slots=True)
class Backtest:
    """Hold what became of an alert.

    Attributes:
        alert: The alert.
        times: When it ran.
        intervals: When it fired.
        notifications: When it told somebody.
        answers: What its runs returned.
    """

    alert: Alert
    times: Sequence[datetime]
    intervals: tuple[Interval, ...]
    notifications: tuple[datetime, ...]
    answers: Answers

    @property
    def firing_runs(self) -> int:
        """How many of the runs had rows."""
        return sum(each.runs for each in self.intervals)


@dataclass(frozen=True, slots=True)
class Difference:
    """Hold a stretch of time in which only one of two definitions fired.

    Attributes:
        begin: Its first moment.
        end: When both did the same again.
        is_current: Whether the current definition is the one that fired.
    """

    begin: datetime
    end: datetime
    is_current: bool


def summarise(alert: Alert, times: Sequence[datetime], answers: Answers) -> Backtest:
    """Return what became of an alert.

    Args:
        alert: The alert.
        times: When it ran, the run before the first of interest among them.
        answers: What its runs returned.
    """
    told = tuple(
        at
        for before, at in pairwise(times)
        if notifies(alert.notify_when, answers.rows[before], answers.rows[at])
    )
    return Backtest(alert, times[1:], _find_intervals(alert, times[1:], answers), told, answers)


def _find_intervals(
    alert: Alert, times: Sequence[datetime], answers: Answers
) -> tuple[Interval, ...]:
    step = timedelta(seconds=alert.every)
    found: list[Interval] = []
    for at in times:
        count = len(answers.rows[at])
        if not count:
            continue
        if found and found[-1].end == at:
            last = found.pop()
            interval = Interval(last.begin, at + step, last.runs + 1, max(last.most_rows, count))
        else:
            interval = Interval(at, at + step, 1, count)
        found.append(interval)
    return tuple(found)


def compare(current: Backtest, other: Backtest) -> list[Difference]:
    """Return when one of two definitions fired and the other did not."""
    moments = sorted(
        {
            moment
            for each in (*current.intervals, *other.intervals)
            for moment in (each.begin, each.end)
        }
    )
    found: list[Difference] = []
    for begin, end in pairwise(moments):
        is_current = _fires(current, begin)
        if is_current == _fires(other, begin):
            continue
        if found and (found[-1].end, found[-1].is_current) == (begin, is_current):
            begin = found.pop().begin  # noqa: PLW2901 - the same stretch goes on
        found.append(Difference(begin, end, is_current))
    return found


def _fires(backtest: Backtest, at: datetime) -> bool:
    return any(each.begin <= at < each.end for each in backtest.intervals)


def draw(backtest: Backtest, width: int = WIDTH) -> str:
    """Return one line over time: the higher a block, the more of its runs had rows."""
    count = len(backtest.times)
    width = min(width, count)
    line = ""
    for number in range(width):
        part = backtest.times[number * count // width : (number + 1) * count // width]
        share = sum(bool(backtest.answers.rows[at]) for at in part) / len(part)
        # Rounded up: one run of many that fired is to be seen.
        line += _BLOCKS[-int(-share * len(_BLOCKS) // 1) - 1] if share else _QUIET
    return line


def describe(backtest: Backtest) -> dict[str, Any]:
    """Return all of it as JSON."""
    answers, alert = backtest.answers, backtest.alert
    return {
        "alert": alert.name,
        "every_seconds": alert.every,
        "window_seconds": alert.window,
        "watermark_seconds": alert.watermark,
        "notify_when": alert.notify_when,
        "from": _iso(backtest.times[0]) if backtest.times else None,
        "until": _iso(backtest.times[-1]) if backtest.times else None,
        "runs": len(backtest.times),
        "firing_runs": backtest.firing_runs,
        "notifications": list(map(_iso, backtest.notifications)),
        "intervals": [
            {
                "from": _iso(each.begin),
                "until": _iso(each.end),
                "seconds": int((each.end - each.begin).total_seconds()),
                "runs": each.runs,
                "most_rows": each.most_rows,
            }
            for each in backtest.intervals
        ],
        "chart": draw(backtest),
        "one_pass": answers.is_one_pass,
        "not_one_pass_because": answers.reason or None,
        "queries": answers.queries,
        "runs_with_more_rows_than_given": list(map(_iso, answers.cut)),
    }


def describe_differences(differences: Sequence[Difference]) -> list[dict[str, Any]]:
    """Return differences as JSON."""
    return [
        {
            "from": _iso(each.begin),
            "until": _iso(each.end),
            "seconds": int((each.end - each.begin).total_seconds()),
            "only": "current" if each.is_current else "other",
        }
        for each in differences
    ]


def lines_of(backtest: Backtest) -> list[str]:
    """Return all of it as text."""
    alert, intervals = backtest.alert, backtest.intervals
    summary = (
        f"{_count(len(intervals), 'time')} in {_count(len(backtest.times), 'run')}, every"
        f" {_short(alert.every)}: {_count(backtest.firing_runs, 'run')} with rows,"
        f" {_count(len(backtest.notifications), 'notification')} ({alert.notify_when})"
    )
    lines = [f"{alert.name} would have fired {summary}"]
    if backtest.times:
        first, last = backtest.times[0], backtest.times[-1]
        lines += [f"{_minute(first)}  {draw(backtest)}  {_minute(last)} UTC"]
    if intervals:
        lines += _table(
            ("from (UTC)", "until", "for", "runs", "most rows"),
            [
                (
                    _minute(each.begin),
                    _minute(each.end),
                    _short((each.end - each.begin).total_seconds()),
                    str(each.runs),
                    str(each.most_rows),
                )
                for each in intervals
            ],
        )
    return lines


def lines_of_differences(differences: Sequence[Difference], other: str) -> list[str]:
    """Return differences as text.

    Args:
        differences: All of them.
        other: What to call the definition that is not the current one.
    """
    if not differences:
        return [f"Both fire at the same times: the current one and {other}"]
    return [
        f"They differ {_count(len(differences), 'time')}",
        *_table(
            ("from (UTC)", "until", "for", "only"),
            [
                (
                    _minute(each.begin),
                    _minute(each.end),
                    _short((each.end - each.begin).total_seconds()),
                    "current" if each.is_current else other,
                )
                for each in differences
            ],
        ),
    ]


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in (head, *rows)
    ]


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _minute(at: datetime) -> str:
    return at.strftime("%Y-%m-%d %H:%M")


def _iso(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")


def _short(seconds: float) -> str:
    left, parts = int(seconds), []
    for size, unit in _UNITS:
        number, left = divmod(left, size)
        if number:
            parts.append(f"{number}{unit}")
    return " ".join(parts) or "0s"
