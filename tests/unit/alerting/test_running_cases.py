from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from telemetry.alerting.runner import Result, run_cases
from telemetry.alerting.subjects import Subject
from telemetry.metrics import Kind, Metric

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Read

    from telemetry.definitions.alerts import Alert

    Make = Callable[..., Alert]
    Run = Callable[..., Result]


BUSY = Subject("", "Busy")


@pytest.fixture
def run(read: Read, make_alert: Make) -> Run:
    """Run one test of an alert that fires from two records on."""

    def run_it(given: str, *expect: str, **keys: Any) -> Result:
        lines = "".join(f"\n      - {each}" for each in expect)
        text = f"alert: Busy\ntests:\n  - name: one\n    given: {given}\n    expect:{lines}\n"
        (result,) = run_cases(read(text), {BUSY: make_alert(**keys)}, processes=1)
        return result

    return run_it


def said(result: Result) -> list[tuple[int, str]]:
    return [(miss.place.line, miss.message) for miss in result.misses]


TWO = "[{at: -1m, span: a, every: 10s, times: 2}]"


def test_what_is_found_passes(run: Run) -> None:
    result = run(TWO, "{fires: true, rows: [{n: 2}], notifies: true}", "{at: 5m, fires: false}")

    assert ([], True, True) == (said(result), result.had_rows, result.had_none)


@pytest.mark.parametrize(
    ("expectation", "message"),
    [
        ("{fires: false}", "it fires, and should not"),
        ("{fires: true, rows: [{n: 3}]}", "no row has n=3"),
        ("{fires: true, rows: [{n: 2}, {n: 2}]}", "no row has n=2"),
        ("{fires: true, some_rows: [{m: 2}]}", "no row has m=2"),
        (
            "{fires: true, notifies: false}",
            "it is not to notify, and does: has_matches_changed, 0 rows before, 1 now",
        ),
        (
            "{at: 1m, fires: true, notifies: true}",
            "it is to notify, and does not: has_matches_changed, 1 rows before, 1 now",
        ),
        ("{at: 10m, fires: true}", "it is to fire, and has no rows"),
    ],
)
def test_what_is_not_found_is_told_at_its_place(run: Run, expectation: str, message: str) -> None:
    result = run(TWO, "{at: 10m, fires: false}", expectation)

    assert [(7, message)] == said(result)


def test_a_row_too_many_is_told(run: Run) -> None:
    result = run(
        "[{at: -1m, span: a}, {at: -1m, span: b}]",
        "{fires: true, rows: [{n: a}]}",
        sql="SELECT span_name AS n FROM records",
    )

    assert [(6, "a row was not expected: n='b'")] == said(result)


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("has_matches", [False, True, True, False]),
        ("has_matches_changed", [False, True, False, True]),
        ("starts_having_matches", [False, True, False, False]),
        ("matches_changed", [False, True, False, True]),
    ],
)
def test_the_run_before_is_one_period_earlier(run: Run, mode: str, expected: list[bool]) -> None:
    expectations = [
        f"{{at: {at}, fires: {str(fires).lower()}, notifies: {str(told).lower()}}}"
        for at, fires, told in zip(
            ("-1m", "0m", "1m", "5m"), (False, True, True, False), expected, strict=True
        )
    ]
    given = "[{at: -50s, span: a, every: 40s, times: 2}]"

    assert [] == said(run(given, *expectations, notify_when=mode))


def test_a_trace_is_expected_by_its_name(run: Run) -> None:
    sql = "SELECT trace_id FROM records WHERE span_name = 'b'"
    given = "[{at: -1m, span: a, trace: one}, {at: -1m, span: b, trace: two}]"

    assert [] == said(run(given, "{fires: true, rows: [{trace_id: two}]}", sql=sql))
    assert [(6, "no row has trace_id=")] == [
        (line, message[:20])
        for line, message in said(run(given, "{fires: true, rows: [{trace_id: one}]}", sql=sql))
    ]


def test_a_query_that_cannot_be_run_fails_the_test(run: Run) -> None:
    result = run(TWO, "{fires: true}", "{fires: false}", sql="SELECT nope FROM records")

    assert [6, 7] == [miss.place.line for miss in result.misses]
    assert "the query cannot be run: " in result.misses[0].message
    assert (False, False) == (result.had_rows, result.had_none)


def many(read: Read) -> tuple[Any, ...]:
    return read("""\
alert: Busy
tests:
  - for_each: {n: "{{ range(60) }}"}
    name: "test {{ n }}"
    given:
      - {at: -1m, metric: m, every: 1s, times: "{{ n + 1 }}", value: 1}
      - {at: -1m, span: a, every: 1s, times: "{{ n + 1 }}"}
    expect: [{fires: true, rows: [{n: 7, kind: gauge}]}, {at: 1h, fires: false}]
""")


def test_several_processes_give_the_same_results_in_the_same_order(
    read: Read, make_alert: Make
) -> None:
    gauge = Metric(name="m", kind=Kind.GAUGE, unit="1", description="A.", attributes=frozenset())
    sql = "SELECT min(metric_type) AS kind, count(*) AS n FROM metrics HAVING count(*) > 0"
    subjects = {BUSY: make_alert(sql)}
    one, two = (
        [
            (result.test, result.misses, result.had_rows, result.had_none)
            for result in run_cases(
                many(read), subjects, catalogue={"m": gauge}, processes=processes
            )
        ]
        for processes in (1, 2)
    )

    assert [f"test {n}" for n in range(60)] == [each[0].case.name for each in two]
    assert one == two
    assert [6] == [index for index, each in enumerate(two) if not each[1]]
