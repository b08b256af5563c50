"""``mystage test``: what it prints, how it ends, and what it says when it cannot."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from commands import mystage

ALERTS = """\
- kind: Alert
  name: Busy
  window: 5m
  every: 1m
  sql: SELECT count(*) AS n FROM records HAVING count(*) > 1
- kind: Alert
  name: Quiet
  window: 5m
  every: 1m
  sql: SELECT 1 AS n FROM records HAVING count(*) = 0
"""
RIGHT = """\
alert: Busy
defaults: {span: work}
tests:
  - name: two are many
    given: [{at: -2m, every: 1m, times: 2}]
    expect: [{fires: true, rows: [{n: 2}]}]
  - name: one is not
    given: [{at: -1m}]
    expect: [{fires: false}]
"""
WRONG = RIGHT.replace("fires: false", "fires: true")


@pytest.fixture
def alerts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Go to a project with two alerts, of which the tests of one pass."""
    folder = tmp_path / "alerts"
    folder.mkdir()
    (folder / "all.yaml").write_text(ALERTS)
    (folder / "busy.test.yaml").write_text(RIGHT)
    monkeypatch.chdir(tmp_path)
    return folder


def test_what_passes_ends_with_0(alerts: Path) -> None:
    ended = mystage("test")

    assert (0, "") == (ended.code, ended.stderr)
    assert ended.stdout.startswith("2 passed, 0 failed in ")
    assert 1 == len(ended.stdout.splitlines())


def test_what_fails_is_told_with_its_place_and_ends_with_1(alerts: Path) -> None:
    (alerts / "busy.test.yaml").write_text(WRONG)
    ended = mystage("test")

    assert 1 == ended.code
    assert [
        "alerts/busy.test.yaml:9:14: Busy: one is not: it is to fire, and has no rows",
        "1 passed, 1 failed",
    ] == [line.partition(" in ")[0] for line in ended.stdout.splitlines()]


def test_a_file_is_tested_with_the_alerts_of_its_folder(alerts: Path) -> None:
    (alerts / "wrong.test.yaml").write_text(WRONG)

    assert 0 == mystage("test", "alerts/busy.test.yaml").code
    assert 1 == mystage("test", "alerts/wrong.test.yaml").code


def test_only_what_matches_is_tested(alerts: Path) -> None:
    (alerts / "busy.test.yaml").write_text(WRONG)
    ended = mystage("test", "--match", "TWO ARE")

    assert 0 == ended.code
    assert ended.stdout.startswith("1 passed, 0 failed")


def test_a_match_that_finds_nothing_is_no_success(alerts: Path) -> None:
    ended = mystage("test", "--match", "three")

    assert (1, "Error: no test's alert, panel or name contains 'three'\n") == (
        ended.code,
        ended.stderr,
    )


def test_as_json_it_prints_one_document(alerts: Path) -> None:
    (alerts / "busy.test.yaml").write_text(WRONG)
    ended = mystage("test", "--json")

    assert 1 == ended.code
    assert (1, 1) == (ended.json["passed"], ended.json["failed"])
    assert [("two are many", True), ("one is not", False)] == [
        (each["name"], each["passed"]) for each in ended.json["tests"]
    ]
    assert ["Quiet"] == ended.json["coverage"]["untested"]


def test_a_row_with_decimals_and_nan_is_json(alerts: Path) -> None:
    sql = "SELECT 1.5::decimal(9, 2) AS d, 'NaN'::double AS x FROM records"
    (alerts / "all.yaml").write_text(ALERTS.replace("SELECT count(*) AS n FROM records", sql, 1))
    ended = mystage("test", "--json", "--match", "two are many")
    (test,) = ended.json["tests"]

    assert [{"d": 1.5, "x": None}] == test["misses"][0]["rows"]


def test_junit_is_written_to_a_file(alerts: Path) -> None:
    (alerts / "busy.test.yaml").write_text(WRONG)
    ended = mystage("test", "--junit", "out.xml")
    (suite,) = ET.parse("out.xml").getroot()  # noqa: S314 - our own document

    assert 1 == ended.code
    assert [("two are many", 0), ("one is not", 1)] == [
        (case.get("name"), len(case)) for case in suite
    ]


def test_junit_that_cannot_be_written_is_told(alerts: Path) -> None:
    ended = mystage("test", "--junit", "gone/out.xml")

    assert (1, "Error: gone/out.xml cannot be written: No such file or directory\n") == (
        ended.code,
        ended.stderr,
    )


def test_alerts_without_tests_are_told(alerts: Path) -> None:
    ended = mystage("test", "--coverage")

    assert 0 == ended.code
    assert ["Quiet: has no test", "coverage 50 % of 2 alerts"] == ended.stdout.splitlines()[1:]


@pytest.mark.parametrize(("least", "code"), [("50", 0), ("50.1", 1), ("100", 1)])
def test_too_little_coverage_fails(alerts: Path, least: str, code: int) -> None:
    ended = mystage("test", "--min-coverage", least)

    assert code == ended.code
    assert (f"coverage is below {least} %\n" if code else "") == ended.stderr


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (RIGHT.replace("Busy", "Bussy"), "4:11: there is no alert 'Bussy'"),
        (RIGHT.replace("fires: false", "firs: false"), "9:"),
        ("alert: [", "no YAML"),
        ("", "busy.test.yaml:1:1: there is no test in it"),
        (RIGHT.replace("at: -1m", "at: soon"), "8:18: 'soon' is no duration"),
    ],
)
def test_tests_that_cannot_be_read_are_told_with_their_place(
    alerts: Path, text: str, message: str
) -> None:
    (alerts / "busy.test.yaml").write_text(text)
    ended = mystage("test")

    assert (1, "") == (ended.code, ended.stdout)
    assert message in ended.stderr
    assert "alerts/busy.test.yaml:" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_alerts_that_cannot_be_told_apart_are_told(alerts: Path) -> None:
    (alerts / "more.yaml").write_text(ALERTS)
    ended = mystage("test")

    assert 1 == ended.code
    assert "the alert 'Busy' is defined at alerts/all.yaml:1:3 too" in ended.stderr


def test_without_a_folder_the_command_line_is_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    ended = mystage("test")

    assert 64 == ended.code
    assert "there are no folders dashboards and alerts here" in ended.stderr


@pytest.mark.parametrize("arguments", [("gone",), ("--min-coverage", "101"), ("--nope",)])
def test_wrong_usage_is_told(alerts: Path, arguments: tuple[str, ...]) -> None:
    assert 64 == mystage("test", *arguments).code


def test_many_tests_run_in_several_processes_and_leave_nothing_behind(
    alerts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    text = RIGHT.replace("  - name: two", '  - for_each: {n: "{{ range(60) }}"}\n    name: two')
    (alerts / "busy.test.yaml").write_text(text)
    ended = mystage("test")

    assert 0 == ended.code, ended.stderr
    assert ended.stdout.startswith("61 passed, 0 failed")
    assert ["alerts"] == [each.name for each in tmp_path.iterdir()]


def test_the_pipelines_own_alerts_and_panels_are_all_tested(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(Path(__file__).parents[2])
    ended = mystage("test", "--min-coverage", "100")

    assert 0 == ended.code, ended.stdout
    assert "coverage 100 % of 10 alerts and 48 panels" == ended.stdout.splitlines()[-1]
