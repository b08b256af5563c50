"""``mystage test`` and ``mystage lint`` on dashboards with tests beside them."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest
from commands import mystage
from pipeline_queries import DEFINITIONS, ROOT

from telemetry.alerting.case_files import load_cases
from telemetry.alerting.runner import run_cases
from telemetry.alerting.subjects import subjects_of
from telemetry.definitions import load_names

if TYPE_CHECKING:
    from pathlib import Path

DASHBOARD = """\
kind: Dashboard
slug: busy
name: Busy
description: What is done.
variables:
  - {type: list, name: service, label: Service, values: [a, b], multiple: true}
groups:
  - title: All
    panels:
      - {name: Runs, kind: values, sql: busy/runs.sql}
      - {name: Note, kind: markdown, text: Hello}
"""
SQL = """\
SELECT count(*) AS runs FROM records WHERE service_name = ANY($service::text[]) LIMIT 1
"""
TESTS = """\
dashboard: busy
panel: Runs
tests:
  - name: runs are counted
    given: [{at: -1m, span: x, service_name: a}, {include: ../_b.yaml}]
    expect: [{rows: [{runs: 2}]}, {variables: {service: b}, rows: [{runs: 1}]}]
  - name: what happened is counted
    given: {file: _captured.json, moment: "2026-03-01T03:30:00Z"}
    expect: [{rows: [{runs: 1}]}]
"""
ROW = {
    "start_timestamp": "2026-03-01T03:29:00Z",
    "end_timestamp": "2026-03-01T03:29:00Z",
    "trace_id": "a" * 32,
    "span_id": "b" * 16,
    "kind": "span",
    "level": 9,
    "span_name": "x",
    "message": "",
    "service_name": "a",
}


@pytest.fixture
def tests(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Go to a project with a tested dashboard; give the file of its tests."""
    folder = tmp_path / "dashboards" / "busy"
    folder.mkdir(parents=True)
    (folder.parent / "busy.yaml").write_text(DASHBOARD)
    (folder.parent / "_b.yaml").write_text("{at: -1m, span: x, service_name: b}\n")
    (folder / "runs.sql").write_text(SQL)
    (folder / "_captured.json").write_text(json.dumps({"columns": [], "rows": [ROW]}))
    (folder / "runs.test.yaml").write_text(TESTS)
    monkeypatch.chdir(tmp_path)
    return folder / "runs.test.yaml"


@pytest.mark.parametrize(
    "paths", [(), ("dashboards",), ("dashboards/busy",), ("dashboards/busy/runs.test.yaml",)]
)
def test_panels_are_tested_with_their_dashboard_wherever_one_begins(
    tests: Path, paths: tuple[str, ...]
) -> None:
    ended = mystage("test", *paths, "--min-coverage", "100")

    assert (0, "") == (ended.code, ended.stderr)
    assert ["2 passed, 0 failed", "coverage 100 % of 1 panel"] == [
        line.partition(" in ")[0] for line in ended.stdout.splitlines()
    ]


def test_a_panel_that_shows_something_else_is_told_with_its_rows(tests: Path) -> None:
    (tests.parent / "runs.sql").write_text(SQL.replace("count(*)", "2 * count(*)"))
    ended = mystage("test", "--match", "busy: runs runs are")

    assert 1 == ended.code
    assert [
        "dashboards/busy/runs.test.yaml:6:14: busy: Runs: runs are counted: no row has runs=2",
        "    runs",
        "    4",
        "dashboards/busy/runs.test.yaml:6:35: busy: Runs: runs are counted: no row has runs=1",
        "    runs",
        "    2",
        "0 passed, 1 failed",
    ] == [line.partition(" in ")[0] for line in ended.stdout.splitlines()]


def test_panels_without_tests_and_without_rows_are_told(tests: Path) -> None:
    panel = "      - {name: Other, kind: values, sql: busy/runs.sql}\n"
    (tests.parents[1] / "busy.yaml").write_text(DASHBOARD + panel)
    (tests.parent / "runs.sql").write_text(SQL.replace("LIMIT 1", "HAVING count(*) < 0"))
    tests.write_text("dashboard: busy\npanel: Runs\ntests: [{name: n, expect: {rows: []}}]\n")
    ended = mystage("test", "--min-coverage", "1")

    assert (1, "coverage is below 1 %\n") == (ended.code, ended.stderr)
    assert [
        "busy: Other: has no test",
        "busy: Runs: has no test in which it has rows",
        "coverage 0 % of 2 panels",
    ] == ended.stdout.splitlines()[1:]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("panel: Runs", "panel: Rnus", "has no panel 'Rnus' with a query. Nearest: Runs"),
        ("panel: Runs", "panel: Note", "has no panel 'Note' with a query"),
        ("dashboard: busy", "dashboard: bussy", "no dashboard 'bussy'. Nearest: busy"),
        ("service: b}", "service: c}", "6:35: the values of 'service' are some of a, b"),
        ("_captured.json", "_lost.json", "8:19: there is no file dashboards/busy/_lost.json"),
    ],
)
def test_what_cannot_be_tested_is_told(tests: Path, old: str, new: str, message: str) -> None:
    tests.write_text(TESTS.replace(old, new))
    ended = mystage("test")

    assert (1, "") == (ended.code, ended.stdout)
    assert message in ended.stderr


def test_the_linter_takes_no_test_for_a_dashboard(tests: Path) -> None:
    ended = mystage("lint")

    assert (0, "no findings in 2 files, 1 query") == (ended.code, ended.stderr.strip())


def test_a_captured_file_that_would_be_a_dashboard_is_told(tests: Path) -> None:
    (tests.parent / "_captured.json").rename(tests.parent / "captured.json")
    tests.write_text(TESTS.replace("_captured", "captured"))
    ended = mystage("test")

    assert 1 == ended.code
    assert "captured.json:1:1: a .json file is taken for a dashboard" in ended.stderr
    assert "Call it _captured.json" in ended.stderr


def test_the_schema_of_tests_is_printed() -> None:
    published = (ROOT / "docs" / "tests.schema.json").read_text(encoding="utf-8")

    assert published == mystage("schema", "tests").stdout


def test_the_example_of_the_guide_passes(tmp_path: Path) -> None:
    guide = (ROOT / "docs" / "testing-dashboards.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```yaml\n(.*?)```", guide, re.DOTALL)
    (tmp_path / "guide.test.yaml").write_text(example)
    read = load_cases([tmp_path], load_names())
    results = run_cases(read.cases, subjects_of(DEFINITIONS), processes=1)

    assert ((), [(), ()]) == (read.problems, [each.misses for each in results])
