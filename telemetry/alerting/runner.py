"""Running the unit tests of alerts, and saying what was expected and what there was."""

from __future__ import annotations

import math
import os
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from multiprocessing import get_context
from typing import TYPE_CHECKING, Any, Final

from telemetry.alerting.evaluation import Conditions, Evaluator
from telemetry.alerting.matching import match
from telemetry.alerting.notifications import notifies
from telemetry.alerting.rows import make_rows, trace_ids
from telemetry.errors import InvalidPayload, QueryError
from telemetry.metrics import CATALOGUE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from telemetry.alerting.cases import Expectation, LocatedCase
    from telemetry.definitions.alerts import Alert
    from telemetry.definitions.places import Place
    from telemetry.metrics import Metric

_FEW: Final = 24
"""So many tests take less time than another process takes to start."""

_TRACE: Final = "trace_id"


@dataclass(frozen=True, slots=True)
class Miss:
    """Say what an expectation did not find.

    Attributes:
        place: Of the expectation.
        message: What was expected, and what there was.
        rows: What the alert returned.
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
        fired: Whether the alert had rows in any of its runs.
        stayed_quiet: Whether it had none in any of them.
        seconds: How long it took.
    """

    test: LocatedCase
    misses: tuple[Miss, ...]
    fired: bool
    stayed_quiet: bool
    seconds: float

    @property
    def passed(self) -> bool:
        """Whether all was found."""
        return not self.misses


def run_cases(
    cases: Sequence[LocatedCase],
    alerts: Mapping[str, Alert],
    *,
    catalogue: Mapping[str, Metric] = CATALOGUE,
    processes: int | None = None,
) -> Iterator[Result]:
    """Run tests, several at a time where there are many; give the results in their order.

    Args:
        cases: The tests; each is of one of the alerts.
        alerts: By name.
        catalogue: The metrics that are declared.
        processes: How many at most; None for as many as there are processors.
    """
    jobs = [(case, alerts[case.alert]) for case in cases]
    count = min(processes or os.cpu_count() or 1, len(jobs) // _FEW + 1)
    if count == 1:
        with Evaluator() as evaluator:
            for case, alert in jobs:
                yield run_case(case, alert, evaluator, catalogue)
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


def _run_job(job: tuple[LocatedCase, Alert]) -> Result:
    return run_case(*job, *_own[0])


def run_case(
    test: LocatedCase,
    alert: Alert,
    evaluator: Evaluator,
    catalogue: Mapping[str, Metric] = CATALOGUE,
) -> Result:
    """Run a test.

    Args:
        test: The test.
        alert: Which it is of.
        evaluator: What runs the alert.
        catalogue: The metrics that are declared.
    """
    began = time.perf_counter()
    try:
        evaluator.take(make_rows(test.case.given, test.now, catalogue))
    except InvalidPayload as error:
        miss = Miss(test.place, f"what is given cannot be stored: {error}")
        return Result(test, (miss,), fired=False, stayed_quiet=False, seconds=0.0)
    traces = trace_ids(test.case.given)
    runs = _Runs(conditions_of(alert), evaluator)
    misses: list[Miss] = []
    found: list[bool] = []
    for expectation, place in zip(test.case.expect, test.expected_at, strict=True):
        at = test.now + timedelta(seconds=expectation.at)
        try:
            rows = runs.run(at)
            before = _run_before(expectation, alert, at, runs)
        except QueryError as error:
            misses.append(Miss(place, f"the query cannot be run: {error}"))
            continue
        found.append(bool(rows))
        misses += (
            Miss(place, message, tuple(rows))
            for message in _judge(_with_ids(expectation, traces), alert, before, rows)
        )
    seconds = time.perf_counter() - began
    return Result(test, tuple(misses), any(found), not all(found), seconds)


def conditions_of(alert: Alert) -> Conditions:
    """Return what of an alert decides what a run of it returns."""
    return Conditions(
        sql=alert.sql,
        window=timedelta(seconds=alert.window),
        watermark=timedelta(seconds=alert.watermark),
        environments=alert.environments,
    )


def _with_ids(expectation: Expectation, traces: Mapping[str, str]) -> Expectation:
    """Return what is expected with the IDs of the traces that it calls by their names."""

    def put(row: dict[str, Any]) -> dict[str, Any]:
        name = row.get(_TRACE)
        return {**row, _TRACE: traces[name]} if isinstance(name, str) and name in traces else row

    rows = None if expectation.rows is None else tuple(map(put, expectation.rows))
    return expectation.model_copy(
        update={"rows": rows, "some_rows": tuple(map(put, expectation.some_rows))}
    )


class _Runs:
    """Run an alert, once for each moment: the run before one is often another's own."""

    def __init__(self, conditions: Conditions, evaluator: Evaluator) -> None:
        self._conditions, self._evaluator = conditions, evaluator
        self._rows: dict[datetime, list[dict[str, Any]]] = {}

    def run(self, at: datetime) -> list[dict[str, Any]]:
        """Return the rows as of a moment.

        Raises:
            QueryError: The query cannot be run.
        """
        if at not in self._rows:
            self._rows[at] = self._evaluator.run(self._conditions, at)
        return self._rows[at]


def _run_before(
    expectation: Expectation, alert: Alert, at: datetime, runs: _Runs
) -> list[dict[str, Any]]:
    """Return the rows of the run before, where they decide whether somebody is told."""
    if expectation.notifies is None or alert.notify_when == "has_matches":
        return []
    return runs.run(at - timedelta(seconds=alert.every))


def _judge(
    expectation: Expectation,
    alert: Alert,
    before: Sequence[dict[str, Any]],
    rows: Sequence[dict[str, Any]],
) -> Iterator[str]:
    if expectation.fires != bool(rows):
        yield "it is to fire, and has no rows" if expectation.fires else "it fires, and should not"
        return
    if expectation.rows is not None:
        missing, left = match(expectation.rows, rows)
        for row in missing:
            yield f"no row has {_show(row)}"
        for row in left if not missing else ():
            yield f"a row was not expected: {_show(row)}"
    for row in match(expectation.some_rows, rows)[0]:
        yield f"no row has {_show(row)}"
    told = notifies(alert.notify_when, before, rows)
    if expectation.notifies is not None and told != expectation.notifies:
        had = f"{len(before)} rows before, {len(rows)} now"
        yield (
            f"it is {'' if expectation.notifies else 'not '}to notify, and does"
            f"{'' if told else ' not'}: {alert.notify_when}, {had}"
        )


def _show(row: Mapping[str, Any]) -> str:
    return ", ".join(f"{key}={value!r}" for key, value in row.items())
