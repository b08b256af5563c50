"""Walking an alert over stored history: what each of its runs would have returned.

In one pass where the query allows, and otherwise with a query for each run.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from telemetry.alerting.history import MOST_ROWS
from telemetry.alerting.one_pass import AT, NotOnePass, bind_now, make_one_pass
from telemetry.errors import InvalidSql, QueryError, TelemetryError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from telemetry.alerting.evaluation import Conditions
    from telemetry.alerting.history import History
    from telemetry.alerting.one_pass import OnePass

    Progress = Callable[[int, int], object]
    Rows = list[dict[str, Any]]

MOST_RUNS: Final = 5_000
"""How many are run with a query each."""

_LONG_AGO: Final = datetime(1971, 1, 1, tzinfo=UTC)
"""When there was no telemetry."""

_SECOND: Final = timedelta(seconds=1)

_TOO_MUCH: Final = ("took longer", "timed out", "timeout", "memory", "resources exhausted")
"""Words in refusals of what a shorter stretch of time may not need."""

_PARTS: Final = 8
"""How many a stretch is cut into that takes too much."""


class TooManyRunsError(TelemetryError):
    """Refuse to run an alert more often than makes sense."""


@dataclass(slots=True)
class Answers:
    """Hold what an alert's runs returned.

    Attributes:
        rows: By the time of the run; in order, all of them.
        is_one_pass: Whether one query answered for many.
        reason: Why not.
        queries: How many were asked.
        cut: The runs of which there may be more rows than the query API gives.
    """

    rows: dict[datetime, Rows]
    is_one_pass: bool = False
    reason: str = ""
    queries: int = 0
    cut: list[datetime] = field(default_factory=list)


def times_of_runs(every: timedelta, after: datetime, until: datetime) -> list[datetime]:
    """Return when an alert runs: at multiples of its frequency."""
    step = int(every.total_seconds())
    first = int(after.timestamp()) // step * step + step
    return [
        datetime.fromtimestamp(second, UTC)
        for second in range(first, int(until.timestamp()) + 1, step)
    ]


def evaluate(
    conditions: Conditions,
    every: timedelta,
    times: Sequence[datetime],
    history: History,
    progress: Progress = lambda *_: None,
) -> Answers:
    """Return what an alert's runs would have returned.

    Args:
        conditions: What decides that.
        every: How long after each run the next one follows.
        times: When they are, in order.
        history: What is looked at.
        progress: Is told how many of how many runs are done.

    Raises:
        QueryError: The query cannot be run.
        TooManyRunsError: It would take a query for each run, and there are too many.
    """
    walk = _Walk(conditions, history, progress)
    if not times:
        return walk.answers({})
    try:
        one_pass = make_one_pass(
            conditions.sql, every=every, window=conditions.window, watermark=conditions.watermark
        )
        return walk.in_one_pass(one_pass, times)
    except NotOnePass as error:
        walk.reason = error.message
    except InvalidSql:
        raise
    except QueryError as error:
        # Told as it is where the query itself is to blame: then each run meets it, too.
        walk.reason = f"the engine refuses it: {error}"
    return walk.one_by_one(times)


def evaluate_one_by_one(
    conditions: Conditions,
    times: Sequence[datetime],
    history: History,
    progress: Progress = lambda *_: None,
) -> Answers:
    """Return the same as ``evaluate`` with a query for each run.

    Raises:
        QueryError: The query cannot be run.
        TooManyRunsError: There are too many.
    """
    return _Walk(conditions, history, progress).one_by_one(times)


class _Walk:
    def __init__(self, conditions: Conditions, history: History, progress: Progress) -> None:
        self.reason = ""
        self._conditions = conditions
        self._history = history
        self._progress = progress
        self._queries = 0
        self._cut: list[datetime] = []
        self._told = False

    def answers(self, rows: dict[datetime, Rows], *, is_one_pass: bool = False) -> Answers:
        reason = "" if is_one_pass else self.reason
        return Answers(rows, is_one_pass, reason, self._queries, sorted(set(self._cut)))

    def one_by_one(self, times: Sequence[datetime]) -> Answers:
        self._cut = []
        return self.answers(self._run_each(times))

    def in_one_pass(self, one_pass: OnePass, times: Sequence[datetime]) -> Answers:
        found = self._ask_range(one_pass.write, times)
        rows = {at: found.get(at, [])[: one_pass.limit] for at in times}
        self._cut = [] if one_pass.limit is not None else self._cut
        if one_pass.always_answers:
            occupied = self._ask_range(one_pass.write_occupied, times)
            empty = [at for at in times if at not in occupied]
            rows |= self._run_each(empty) if one_pass.mentions_now else self._run_empty(empty)
        return self.answers(rows, is_one_pass=True)

    def _run_empty(self, times: Sequence[datetime]) -> dict[datetime, Rows]:
        """Return what runs without anything to look at have: all the same."""
        if not times:
            return {}
        rows = self._ask(self._conditions.sql, _LONG_AGO, _LONG_AGO + _SECOND)
        return dict.fromkeys(times, rows)

    def _run_each(self, times: Sequence[datetime]) -> dict[datetime, Rows]:
        if len(times) > MOST_RUNS:
            raise TooManyRunsError(
                f"each of {len(times):,} runs would take a query, and at most {MOST_RUNS:,} are"
                f" made{self.reason and f' ({self.reason})'}: look back less far, with --last"
            )
        self._history.announce(len(times))
        rows: dict[datetime, Rows] = {}
        for number, at in enumerate(times, 1):
            end = at - self._conditions.watermark
            sql = bind_now(self._conditions.sql, end)
            rows[at] = self._ask(sql, end - self._conditions.window, end)
            if len(rows[at]) >= MOST_ROWS:
                self._cut.append(at)
            self._progress(number, len(times))
        return rows

    def _ask_range(
        self, write: Callable[[datetime, datetime], str], times: Sequence[datetime]
    ) -> dict[datetime, Rows]:
        """Return the rows by run; asked for in parts where there are too many for one answer."""
        found: dict[datetime, Rows] = {}
        most = len(times)
        stretches = [times]
        while stretches:
            stretch = stretches.pop()
            if len(stretch) > most:
                starts = range(0, len(stretch), most)
                stretches += [stretch[start : start + most] for start in reversed(starts)]
                continue
            first, last = stretch[0], stretch[-1]
            try:
                rows = self._ask_stretch(write(first, last), first, last)
            except QueryError as error:
                if len(stretch) == 1 or not any(word in str(error).lower() for word in _TOO_MUCH):
                    raise
                # That took long, and so would all others of this length.
                most = max(1, len(stretch) // _PARTS)
                stretches.append(stretch)
                continue
            if len(rows) >= MOST_ROWS and len(stretch) > 1:
                middle = len(stretch) // 2
                stretches += [stretch[middle:], stretch[:middle]]
                continue
            if len(rows) >= MOST_ROWS:
                self._cut.append(first)
            for row in rows:
                at = datetime.fromtimestamp(row.pop(AT), UTC)
                found.setdefault(at, []).append(row)
        return found

    def _ask_stretch(self, sql: str, first: datetime, last: datetime) -> Rows:
        """Ask for all rows of some runs; the query has the exact bounds itself."""
        wait = self._conditions.watermark
        return self._ask(
            sql, first - wait - self._conditions.window - _SECOND, last - wait + _SECOND
        )

    def _ask(self, sql: str, after: datetime, until: datetime) -> Rows:
        self._queries += 1
        return self._history.ask(sql, after, until, self._conditions.environments)
