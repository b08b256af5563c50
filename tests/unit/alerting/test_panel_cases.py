"""Tests of panels: what a reader of the dashboard would see, and what is said where it is not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from telemetry.alerting.case_files import find_strays
from telemetry.alerting.runner import run_cases
from telemetry.alerting.subjects import PanelQuery, Subject
from telemetry.definitions.panels import ListVariable, TextVariable

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Load, Read

    from telemetry.alerting.runner import Result

    Run = Callable[..., Result]

NAMES = Subject("d", "Names")
SQL = """\
SELECT time_bucket($resolution, start_timestamp) AS x, span_name AS name, now() AS seen
FROM records WHERE span_name = ANY($names::text[]) AND span_name <> $not ORDER BY name, x"""
VARIABLES = (
    ListVariable(type="list", name="names", values=("a", "b", "c"), multiple=True),
    TextVariable(type="text", name="not"),
)
GIVEN = """[{for_each: {name: [c, a, b, d]}, span: "{{ name }}", at: -30m},
 {at: -1h, span: a}, {at: 1m, span: b}]"""


def panel(sql: str = SQL) -> PanelQuery:
    return PanelQuery(sql=sql, duration=3600, variables=VARIABLES)


def text_of(*expect: str, given: str = GIVEN, head: str = "") -> str:
    lines = "".join(f"\n      - {each}" for each in expect)
    return (
        f"dashboard: d\npanel: Names\n{head}tests:\n  - name: one\n    given:\n      {given}\n"
        f"    expect:{lines}\n"
    )


@pytest.fixture
def run(read: Read) -> Run:
    """Run a test of a panel that shows spans by name."""

    def run_it(*expect: str, sql: str = SQL, **keys: Any) -> Result:
        (result,) = run_cases(read(text_of(*expect, **keys)), {NAMES: panel(sql)}, processes=1)
        return result

    return run_it


def said(result: Result) -> list[str]:
    return [miss.message for miss in result.misses]


def test_the_time_is_that_of_the_dashboard_by_default(run: Run) -> None:
    result = run(
        "{rows: [{name: a}, {name: b}, {name: c}], in_order: true, columns: [x, name, seen]}"
    )

    assert ([], True, False) == (said(result), result.had_rows, result.had_none)


@pytest.mark.parametrize(
    ("keys", "names"),
    [
        ("last: 2h", "aabc"),
        ("last: 30m", ""),
        ("last: 1801s", "abc"),
        ("from: -61m", "aabc"),
        ("from: -61m, to: -59m", "a"),
        ("from: -61m, to: 1m", "aabbc"),
        ("at: 1m", "abbc"),
        ("at: 1m, last: 1m", "b"),
        ("at: 30m", "b"),
        ("at: 30m, from: -30m", "b"),
        ("at: 30m, from: -31m, to: 0m", "abc"),
    ],
)
def test_another_time_can_be_chosen(run: Run, keys: str, names: str) -> None:
    rows = ", ".join(f"{{name: {name}}}" for name in names)
    result = run(f"{{{keys}, rows: [{rows}], in_order: {str(bool(names)).lower()}}}")

    assert [] == said(result)
    assert (bool(names), not names) == (result.had_rows, result.had_none)


def test_now_is_when_the_dashboard_is_looked_at_whatever_time_it_shows(run: Run) -> None:
    result = run(
        '{some_rows: [{seen: "2026-01-05T12:00:00Z"}]}',
        '{at: 10m, from: -1h, to: 0m, some_rows: [{seen: "2026-01-05T12:10:00Z"}]}',
    )

    assert [] == said(result)


@pytest.mark.parametrize(
    ("keys", "bucket"),
    [
        ("last: 31m", "11:30:00"),
        ("last: 24h", "11:30:00"),
        ("last: 7d", "09:00:00"),
        ("resolution: 1 day", "00:00:00"),
    ],
)
def test_the_resolution_is_what_fits_the_time_unless_it_is_chosen(
    run: Run, keys: str, bucket: str
) -> None:
    given = "[{at: -1800s, span: b}]"
    rows = f'[{{x: "2026-01-05T{bucket}Z"}}]'

    assert [] == said(run(f"{{{keys}, rows: {rows}}}", given=given))


@pytest.mark.parametrize(
    ("variables", "names"),
    [
        ("{names: b}", "b"),
        ("{names: [b, c]}", "bc"),
        ("{not: b}", "ac"),
        ("{names: [a], not: a}", ""),
    ],
)
def test_variables_have_the_values_that_are_chosen(run: Run, variables: str, names: str) -> None:
    rows = ", ".join(f"{{name: {name}}}" for name in names)

    assert [] == said(run(f"{{variables: {variables}, rows: [{rows}]}}"))


@pytest.mark.parametrize(
    ("expectation", "messages"),
    [
        ("{count: 2}", ["it has 3 rows, not 2"]),
        ("{columns: [name, x, seen]}", ["its columns are x, name, seen, not name, x, seen"]),
        ("{rows: []}", ["a row was not expected: x="] * 3),
        ("{rows: [{name: a}, {name: b}]}", ["a row was not expected: x="]),
        ("{rows: [{name: a}, {name: b}, {name: d}]}", ["no row has name='d'"]),
        (
            "{rows: [{name: b}, {name: a}, {name: c}], in_order: true}",
            ["row 1 has not name='b'", "row 2 has not name='a'"],
        ),
        ("{rows: [{name: a}], in_order: true}", ["it has 3 rows, not 1"]),
        ("{some_rows: [{name: c}, {name: d}]}", ["no row has name='d'"]),
        ("{last: 1m, some_rows: [{name: c}]}", ["no row has name='c'"]),
    ],
)
def test_what_is_not_shown_is_told(run: Run, expectation: str, messages: list[str]) -> None:
    found = said(run(expectation))

    assert messages == [each[: len(wanted)] for each, wanted in zip(found, messages, strict=True)]


def test_a_trace_is_expected_by_its_name(run: Run) -> None:
    sql = "SELECT trace_id FROM records"
    given = "[{at: -1m, span: a, trace: one}]"

    assert [] == said(run("{rows: [{trace_id: one}]}", sql=sql, given=given))


def test_a_query_that_cannot_be_run_fails_the_test(run: Run) -> None:
    result = run("{rows: []}", sql="SELECT nope FROM records")

    assert ["the query cannot be run: "] == [each[:25] for each in said(result)]
    assert (False, False) == (result.had_rows, result.had_none)


def test_a_test_may_be_of_another_panel_than_the_file(read: Read) -> None:
    text = text_of("{count: 1}").replace("- name: one", "- name: one\n    panel: Other")

    assert [Subject("d", "Other")] == [each.subject for each in read(text)]


@pytest.mark.parametrize(
    ("expectation", "message"),
    [
        ("{at: 1m}", "it expects nothing"),
        ("{last: 1h, from: -1h, count: 1}", "`last` or `from`, not both"),
        ("{from: 0m, count: 1}", "`from` is not before"),
        ("{from: -1h, to: -2h, count: 1}", "`from` is not before"),
        ("{last: 0s, count: 1}", "greater than 0"),
        ("{in_order: true, count: 1}", "`in_order` wants `rows`"),
        ("{count: -1}", "greater than or equal to 0"),
        ("{fires: true}", "fires"),
        ("{variables: {names: []}, count: 1}", "at least 1"),
    ],
)
def test_expectations_that_cannot_be_are_told(load: Load, expectation: str, message: str) -> None:
    problems = load(text_of(expectation)).problems

    assert {9} == {each.place.line for each in problems}
    assert any(message in str(each) for each in problems)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("panel: Names\n", "", "the test 'one' says no `panel`, nor does the file"),
        ("dashboard: d\n", "", "either `alert` or `dashboard`"),
        ("panel: Names\n", "alert: Busy\n", "either `alert` or `dashboard`"),
        ("dashboard: d\n", "dashboard: D D\n", "is no slug"),
    ],
)
def test_files_that_cannot_be_are_told(load: Load, old: str, new: str, message: str) -> None:
    (problem,) = load(text_of("{count: 1}").replace(old, new)).problems

    assert message in problem.message


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("panel: Names", "panel: Namse", "no panel 'Namse' with a query. Nearest: Names"),
        ("dashboard: d", "dashboard: dd", "there is no dashboard 'dd'. Nearest: d"),
        ("names: a", "name: a", "there is no variable 'name': there are names, not"),
        ("names: a", "names: e", "the values of 'names' are some of a, b, c"),
        ("names: a", "not: [a, b]", "the variable 'not' has one value"),
    ],
)
def test_what_there_is_not_is_told(read: Read, old: str, new: str, message: str) -> None:
    cases = read(text_of("{variables: {names: a}, count: 1}").replace(old, new))
    (problem,) = find_strays(cases, {NAMES: panel()})

    assert str(problem).endswith(message)


def test_what_there_is_is_not_told(read: Read) -> None:
    cases = read(text_of("{variables: {names: [a, b], not: anything}, count: 1}"))

    assert [] == list(find_strays(cases, {NAMES: panel()}))
