from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from telemetry.alerting.timeline import LogEntry, MetricEntry, SpanEntry

if TYPE_CHECKING:
    from conftest import Load, Read

    from telemetry.alerting.timeline import Entry


def entries(read: Read, defaults: str, given: str) -> tuple[Entry, ...]:
    text = f"""\
alert: Busy
defaults: {defaults}
tests: [{{name: one, given: {given}, expect: [{{fires: true}}]}}]
"""
    return read(text)[0].case.given


def test_attributes_are_put_together(read: Read) -> None:
    (entry,) = entries(
        read, "{span: a, attributes: {x: 1, y: 2}}", "[{at: 0m, attributes: {y: 3, z: 4}}]"
    )

    assert {"x": 1, "y": 3, "z": 4} == entry.attributes


def test_null_takes_a_default_away(read: Read) -> None:
    (entry,) = entries(
        read, "{span: a, attributes: {x: 1, y: 2}}", "[{at: 0m, attributes: {y: null}}]"
    )

    assert {"x": 1} == entry.attributes


def test_what_an_entry_says_itself_goes_first(read: Read) -> None:
    (entry,) = entries(read, "{span: a, level: error, at: -1m}", "[{span: b, level: warn}]")

    assert isinstance(entry, SpanEntry)
    assert ("b", "warn", -60) == (entry.span, entry.level, entry.at)


def test_defaults_of_one_kind_are_none_of_another(read: Read) -> None:
    span, log, metric = entries(
        read,
        "{span: a, duration: 3, level: error, value: 7, service_name: s}",
        "[{at: 0m}, {at: 0m, log: hello}, {at: 0m, metric: m}]",
    )

    assert isinstance(span, SpanEntry)
    assert ("a", 3) == (span.span, span.duration)
    assert isinstance(log, LogEntry)
    assert ("hello", "error") == (log.log, log.level)
    assert isinstance(metric, MetricEntry)
    assert ("m", 7) == (metric.metric, metric.value)
    assert ["s"] * 3 == [each.service_name for each in (span, log, metric)]


@pytest.mark.parametrize(
    ("defaults", "message"),
    [
        ("{atributes: {x: 1}}", "no entry has the key atributes"),
        ("{attributes: 5}", "attributes wants keys"),
        ("5", "defaults wants keys of entries"),
    ],
)
def test_defaults_that_are_none_are_told(load: Load, defaults: str, message: str) -> None:
    text = f"alert: A\ndefaults: {defaults}\ntests: [{{name: a, expect: [{{fires: true}}]}}]\n"
    (problem,) = load(text).problems

    assert (2, message) == (problem.place.line, problem.message)


@pytest.mark.parametrize("given", ["[{at: 0m, attributes: 5}]", "[5]", "5", "{until: 0m}"])
def test_entries_that_are_none_are_told(load: Load, given: str) -> None:
    text = f"""\
alert: A
defaults: {{span: a, attributes: {{x: 1}}}}
tests:
  - name: a
    given: {given}
    expect: [{{fires: true}}]
"""
    assert {5} == {problem.place.line for problem in load(text).problems}


def test_a_column_or_an_attribute_may_be_called_as_a_query_is(read: Read) -> None:
    (test,) = read("""\
alert: A
tests:
  - name: a
    given: [{at: 0m, span: a, attributes: {total: 5, sql: gone.sql}}]
    expect: [{fires: true, rows: [{total: 5, bad: gone.sql}]}]
""")
    expected: tuple[dict[str, Any], ...] = ({"total": 5, "bad": "gone.sql"},)

    assert {"total": 5, "sql": "gone.sql"} == test.case.given[0].attributes
    assert expected == test.case.expect[0].rows


@pytest.mark.parametrize(
    ("expectation", "message"),
    [
        ("{fires: false, rows: [{n: 1}]}", "contradict"),
        ("{fires: false, some_rows: [{n: 1}]}", "contradict"),
        ("{fires: true, rows: []}", "contradict"),
        ("{at: 0m}", "'fires' is missing"),
    ],
)
def test_an_expectation_that_contradicts_itself_is_told(
    load: Load, expectation: str, message: str
) -> None:
    text = f"alert: A\ntests:\n  - name: a\n    expect:\n      - {expectation}\n"
    (problem,) = load(text).problems

    assert 5 == problem.place.line
    assert message in problem.message


@pytest.mark.parametrize("year", ["1969", "2500"])
def test_a_time_that_otlp_does_not_reach_is_told(load: Load, year: str) -> None:
    text = f"alert: A\nnow: {year}-01-01\ntests:\n  - {{name: a, expect: [{{fires: true}}]}}\n"
    (problem,) = load(text).problems

    assert 2 == problem.place.line
    assert "a year between 1990 and 2200" in problem.message


def test_a_time_without_a_zone_is_utc(read: Read) -> None:
    first, second = read("""\
alert: A
now: 2026-07-01T12:00:00
tests:
  - {name: a, expect: [{fires: true}]}
  - {name: b, now: "2026-07-01T12:00:00+02:00", expect: [{fires: true}]}
""")
    assert "2026-07-01T12:00:00+00:00" == first.now.isoformat()
    assert "2026-07-01T10:00:00+00:00" == second.now.isoformat()
