from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from telemetry.alerting.case_files import LocatedCase
from telemetry.alerting.cases import NOON, AlertCase, Expectation
from telemetry.alerting.coverage import measure_coverage
from telemetry.alerting.reports import as_json, as_junit, failure_lines, summary
from telemetry.alerting.runner import Miss, Result
from telemetry.alerting.subjects import Subject
from telemetry.definitions.places import Place

FILE = Path("alerts/a.test.yaml")
BUSY = Subject("", "Busy")
HOSTILE = [
    "a\x1b[31mred\x00\x07",
    "]]><evil/>&amp;\"'",
    "two\nlines\ttab\r",
    "\ufffe\uffff\u202egnp",
    "emoji 🎉",
]


def result(
    *messages: str,
    subject: Subject = BUSY,
    name: str = "one",
    fired: bool = True,
    quiet: bool = True,
    rows: tuple[dict[str, Any], ...] = (),
) -> Result:
    case = AlertCase(name=name, expect=(Expectation(fires=True),))
    located = LocatedCase(subject, case, NOON, Place(FILE, 3, 5), (Place(FILE, 6, 9),))
    misses = tuple(Miss(Place(FILE, 6, 9), message, rows) for message in messages)
    return Result(located, misses, fired, quiet, 0.25)


def test_a_failure_is_told_with_its_place_and_rows() -> None:
    rows = ({"service": "sourcing", "n": 11}, {"service": "b", "n": None})
    failed = result("no row has n=12", "another", rows=rows)

    assert [
        "alerts/a.test.yaml:6:9: Busy: one: no row has n=12",
        "    service   n",
        "    sourcing  11",
        "    b",
        "alerts/a.test.yaml:6:9: Busy: one: another",
    ] == list(failure_lines(failed))


def test_many_rows_and_long_values_are_cut() -> None:
    rows = tuple({"n": number, "text": "x" * 100} for number in range(13))
    lines = list(failure_lines(result("no", rows=rows)))

    assert "    … and 3 more" == lines[-1]
    assert 13 == len(lines)
    assert f"    0  {'x' * 59}…" == lines[2]


@pytest.mark.parametrize("text", HOSTILE)
def test_a_failure_steers_no_terminal_and_begins_no_line(text: str) -> None:
    lines = list(
        failure_lines(result("no", subject=Subject("", text), name=text, rows=({text: text},)))
    )

    assert 3 == len(lines)
    assert not any(set("\x00\x07\x1b\r\n\u202e") & set(line) for line in lines)


def test_the_last_line_counts() -> None:
    assert "2 passed, 1 failed in 1.5 s" == summary([result(), result("no"), result()], 1.5)


@pytest.mark.parametrize("text", HOSTILE)
def test_junit_is_well_formed_whatever_tests_are_called(text: str) -> None:
    failed = result(text, subject=Subject("", text), name=text, rows=({"n": text},))
    root = ET.fromstring(as_junit([failed, result()], 1.0))  # noqa: S314 - our own document
    (suite,) = root

    assert ("2", "1") == (suite.get("tests"), suite.get("failures"))
    assert [1, 0] == [len(case) for case in suite]


def test_junit_names_file_and_line() -> None:
    root = ET.fromstring(as_junit([result("no row has n=1")], 1.0))  # noqa: S314 - our own
    case = root[0][0]

    assert {
        "classname": "Busy",
        "name": "one",
        "file": str(FILE),
        "line": "3",
        "time": "0.2500",
    } == case.attrib
    assert "no row has n=1" == case[0].get("message")


def subjects(*alerts: str, dashboard: str = "") -> set[Subject]:
    panels = {Subject(dashboard, "Panel")} if dashboard else set()
    return {*(Subject("", each) for each in alerts), *panels}


def test_json_has_all_of_it() -> None:
    results = [
        result(),
        result("no", name="two", rows=({"n": 1},)),
        result(subject=Subject("d", "Panel"), fired=False),
    ]
    coverage = measure_coverage(results, subjects("Busy", "B", dashboard="d"))
    document = json.loads(json.dumps(as_json(results, coverage)))

    assert (2, 1) == (document["passed"], document["failed"])
    assert [{"line": 6, "message": "no", "rows": [{"n": 1}]}] == document["tests"][1]["misses"]
    assert [{"alert": "Busy"}, {"alert": "Busy"}, {"dashboard": "d", "panel": "Panel"}] == [
        {key: test[key] for key in ("alert", "dashboard", "panel") if key in test}
        for test in document["tests"]
    ]
    assert {
        "percent": 33.3,
        "untested": ["B"],
        "never_firing": [],
        "never_quiet": [],
        "untested_panels": [],
        "panels_without_rows": [{"dashboard": "d", "panel": "Panel"}],
    } == document["coverage"]


def test_an_alert_is_covered_by_a_test_that_fires_and_one_that_does_not() -> None:
    results = [
        result(subject=Subject("", "both"), quiet=False),
        result(subject=Subject("", "both"), fired=False),
        result(subject=Subject("", "only fires"), quiet=False),
        result(subject=Subject("", "never fires"), fired=False),
    ]
    coverage = measure_coverage(results, subjects("both", "only fires", "never fires", "none\n"))

    assert 25 == coverage.percent
    assert [
        "none\\n: has no test",
        "never fires: has no test in which it fires",
        "only fires: has no test in which it stays quiet",
        "coverage 25 % of 4 alerts",
    ] == list(coverage.lines())


def test_a_panel_is_covered_by_a_test_in_which_it_has_rows() -> None:
    panels = [Subject("d", each) for each in ("rows", "empty", "none")]
    results = [
        result(subject=Subject("d", "rows"), quiet=False),
        result(subject=Subject("d", "empty"), fired=False),
        result(quiet=False),
        result(fired=False),
    ]
    coverage = measure_coverage(results, [BUSY, *panels])

    assert 50 == coverage.percent
    assert [
        "d: none: has no test",
        "d: empty: has no test in which it has rows",
        "coverage 50 % of 1 alert and 3 panels",
    ] == list(coverage.lines())


def test_an_alert_and_a_panel_of_one_name_are_two() -> None:
    results = [result(subject=Subject("d", "Busy"))]
    coverage = measure_coverage(results, subjects("Busy", dashboard="d"))

    assert subjects("Busy", dashboard="d") == set(coverage.untested)


def test_without_alerts_and_panels_all_of_them_are_covered() -> None:
    assert 100 == measure_coverage([], []).percent
