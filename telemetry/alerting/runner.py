"""Running the unit tests of alerts and panels, and saying what was expected and what there was."""

from __future__ import annotations

import math
import os
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from multiprocessing import get_context
from typing import TYPE_CHECKING, Any, Final

from telemetry.alerting.cases import Expectation, PanelExpectation
from telemetry.alerting.evaluation import Answer, Conditions, Evaluator
from telemetry.alerting.judgements import judge_alert, judge_panel
from telemetry.alerting.rows import make_rows, trace_ids
from telemetry.alerting.subjects import PanelQuery
from telemetry.errors import InvalidPayload, QueryError
from telemetry.metrics import CATALOGUE
from telemetry.preview.asking import Choice, chosen_values
from telemetry.sql.resolution import render

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    import pyarrow as pa

    from telemetry.alerting.case_files import LocatedCase
    from telemetry.alerting.subjects import Subject
    from telemetry.definitions.alerts import Alert
    from telemetry.definitions.places import Place
    from telemetry.metrics import Metric

    Owner = Alert | PanelQuery

_FEW: Final = 24
"""So many tests take less time than another process takes to start."""


@dataclass(frozen=True, slots=True)
class Miss:
    """Say what an expectation did not find.

    Attributes:
        place: Of the expectation.
        message: What was expected, and what there was.
        rows: What the query returned.
    """

    place: Place
    message: str
    rows: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class Result:
    """Hold what became of a test.

    Attributes:
        test: The test.
        misses: What it did not find; none if it passed.
        had_rows: Whether there were rows in any of its expectations: of an alert, whether it fired.
        had_none: Whether there were none in any of them.
        seconds: How long it took.
    """

    test: LocatedCase
    misses: tuple[Miss, ...]
    had_rows: bool
    had_none: bool
    seconds: float

    @property
    def passed(self) -> bool:
        """Whether all was found."""
        return not self.misses


def run_cases(
    cases: Sequence[LocatedCase],
    subjects: Mapping[Subject, Owner],
    *,
    catalogue: Mapping[str, Metric] = CATALOGUE,
    processes: int | None = None,
) -> Iterator[Result]:
    """Run tests, several at a time where there are many; give the results in their order.

    Args:
        cases: The tests; each is of one of the subjects.
        subjects: The alerts and panels.
        catalogue: The metrics that are declared.
        processes: How many at most; None for as many as there are processors.
    """
    jobs = [(case, subjects[case.subject]) for case in cases]
    count = min(processes or os.cpu_count() or 1, len(jobs) // _FEW + 1)
    if count == 1:
        with Evaluator() as evaluator:
            for case, owner in jobs:
                yield run_case(case, owner, evaluator, catalogue)
        return
    size = max(1, math.ceil(len(jobs) / (count * 4)))
    with ProcessPoolExecutor(
        count,
        # Spawned: a fork would take DataFusion's threads for its own.
        mp_context=get_context("spawn"),
        initializer=_start,
        # What packages declare is not imported there.
        initargs=(dict(catalogue),),
    ) as pool:
        yield from pool.map(_run_job, jobs, chunksize=size)


_own: list[tuple[Evaluator, Mapping[str, Metric]]] = []


def _start(catalogue: Mapping[str, Metric]) -> None:
    """Make what a process runs tests with, for as long as it lives."""
    _own.append((Evaluator().__enter__(), catalogue))


def _run_job(job: tuple[LocatedCase, Owner]) -> Result:
    return run_case(*job, *_own[0])


def run_case(
    test: LocatedCase,
    owner: Owner,
    evaluator: Evaluator,
    catalogue: Mapping[str, Metric] = CATALOGUE,
) -> Result:
    """Run a test.

    Args:
        test: The test.
        owner: The alert or panel that it is of.
        evaluator: What runs its query.
        catalogue: The metrics that are declared.
    """
    began = time.perf_counter()
    try:
        evaluator.take(_rows_of(test, catalogue))
    except InvalidPayload as error:
        miss = Miss(test.place, f"what is given cannot be stored: {error}")
        return Result(test, (miss,), had_rows=False, had_none=False, seconds=0.0)
    run = (
        _PanelRun(owner, evaluator)
        if isinstance(owner, PanelQuery)
        else _AlertRun(owner, evaluator)
    )
    traces = trace_ids(test.entries)
    misses: list[Miss] = []
    found: list[bool] = []
    for expectation, place in zip(test.expectations, test.expected_at, strict=True):
        try:
            rows, messages = run.judge(expectation, test.now, traces)
        except QueryError as error:
            misses.append(Miss(place, f"the query cannot be run: {error}"))
            continue
        found.append(bool(rows))
        misses += (Miss(place, message, tuple(rows)) for message in messages)
    seconds = time.perf_counter() - began
    return Result(test, tuple(misses), any(found), not all(found), seconds)


def _rows_of(test: LocatedCase, catalogue: Mapping[str, Metric]) -> dict[str, list[pa.RecordBatch]]:
    """Return what is given: of the time line, and of files.

    Raises:
        InvalidPayload: Some of it cannot be stored.
    """
    rows = make_rows(test.entries, test.now, catalogue)
    for captured in test.captured:
        for name, batch in captured.move_to(test.now).items():
            rows.setdefault(name, []).append(batch)
    return rows


def conditions_of(alert: Alert) -> Conditions:
    """Return what of an alert decides what a run of it returns."""
    return Conditions(
        sql=alert.sql,
        window=timedelta(seconds=alert.window),
        watermark=timedelta(seconds=alert.watermark),
        environments=alert.environments,
    )


class _AlertRun:
    """Run an alert, once for each moment: the run before one is often another's own."""

    def __init__(self, alert: Alert, evaluator: Evaluator) -> None:
        self._alert, self._evaluator = alert, evaluator
        self._conditions = conditions_of(alert)
        self._rows: dict[datetime, list[dict[str, Any]]] = {}

    def judge(
        self, expectation: Expectation | PanelExpectation, now: datetime, traces: Mapping[str, str]
    ) -> tuple[Sequence[dict[str, Any]], list[str]]:
        """Return the rows of a run, and what it does not do.

        Raises:
            QueryError: The query cannot be run.
        """
        assert isinstance(expectation, Expectation)  # noqa: S101 - an alert's are
        at = now + timedelta(seconds=expectation.at)
        rows, before = self._run(at), self._run_before(expectation, at)
        return rows, list(judge_alert(expectation, self._alert, before, rows, traces))

    def _run(self, at: datetime) -> list[dict[str, Any]]:
        if at not in self._rows:
            self._rows[at] = self._evaluator.run(self._conditions, at)
        return self._rows[at]

    def _run_before(self, expectation: Expectation, at: datetime) -> list[dict[str, Any]]:
        """Return the rows of the run before, where they decide whether somebody is told."""
        if expectation.notifies is None or self._alert.notify_when == "has_matches":
            return []
        return self._run(at - timedelta(seconds=self._alert.every))


class _PanelRun:
    """Ask a panel's query as a reader of its dashboard does."""

    def __init__(self, panel: PanelQuery, evaluator: Evaluator) -> None:
        self._panel, self._evaluator = panel, evaluator

    def judge(
        self, expectation: Expectation | PanelExpectation, now: datetime, traces: Mapping[str, str]
    ) -> tuple[Sequence[dict[str, Any]], list[str]]:
        """Return the rows of a panel, and what it does not show.

        Raises:
            QueryError: The query cannot be run.
        """
        assert isinstance(expectation, PanelExpectation)  # noqa: S101 - a panel's are
        answer = self._ask(expectation, now)
        return answer.rows, list(judge_panel(expectation, answer, traces))

    def _ask(self, expectation: PanelExpectation, now: datetime) -> Answer:
        at = now + timedelta(seconds=expectation.at)
        until = now + timedelta(seconds=expectation.end)
        since = at - timedelta(seconds=expectation.last or self._panel.duration)
        if expectation.from_ is not None:
            since = now + timedelta(seconds=expectation.from_)
        choice = Choice(
            since=since,
            until=until,
            variables=expectation.variables,
            resolution=expectation.resolution,
        )
        values = chosen_values(self._panel.variables, choice.variables)
        sql = render(self._panel.sql, values, choice.chosen_resolution)
        return self._evaluator.ask(sql, now=at, after=since, until=until)
