from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from telemetry.cli import exits, main
from telemetry.lint.registry import all_rules

if TYPE_CHECKING:
    from pathlib import Path

ALERT = """\
kind: Alert
name: High error rate
window: 15m
every: 5m
channels: [{channel: on-call}]
sql: SELECT count(*) AS n FROM metrics WHERE metric_name = 'task_failled'
---
{kind: Channel, label: on-call, config: {type: email}}
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "alerts").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as exit_info:
        main([*arguments])
    code = exit_info.value.code
    assert isinstance(code, int)
    return code


def test_lint_tells_one_finding_a_line(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "alerts" / "a.yaml").write_text(ALERT, encoding="utf-8")

    assert exits.FINDINGS == run("lint")
    out, err = capsys.readouterr()
    expected = (
        "alerts/a.yaml:6:60: MS005 the metric task_failled is not declared."
        " Nearest: task_failed [alert High error rate]\n"
    )
    assert expected == out
    assert "1 finding in 1 file, 1 query\n" == err


def test_lint_of_what_is_right_ends_with_0(project: Path) -> None:
    text = ALERT.replace("failled", "failed")
    (project / "alerts" / "a.yaml").write_text(text, encoding="utf-8")

    assert exits.OK == run("lint", "--no-cache", "alerts/a.yaml")


@pytest.mark.parametrize(
    "arguments", [("lint",), ("lint", "gone.yaml"), ("lint", "--explain", "X")]
)
def test_wrong_usage_is_told(
    arguments: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    assert exits.USAGE == run(*arguments)


def test_lint_of_one_file_knows_the_channels_of_others(project: Path) -> None:
    alert, _, channel = ALERT.replace("failled", "failed").partition("---\n")
    (project / "alerts" / "a.yaml").write_text(alert, encoding="utf-8")
    (project / "alerts" / "channels.yaml").write_text(channel, encoding="utf-8")

    assert exits.OK == run("lint", "alerts/a.yaml")


def test_annotations_of_github_are_escaped(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = ALERT.replace("task_failled", "a%b").replace("High error rate", "'50%, and: more'")
    (project / "alerts" / "a,b.yaml").write_text(text, encoding="utf-8")

    run("lint", "--format", "github")

    expected = (
        "::error file=alerts/a%2Cb.yaml,line=6,col=60,title=MS005 names.unknown-metric::"
        "the metric a%25b is not declared. Declare it, as with declare_counter"
        " [alert 50%25, and: more]\n"
    )
    assert expected == capsys.readouterr().out


def test_json_is_one_document(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "alerts" / "a.yaml").write_text(ALERT, encoding="utf-8")

    run("lint", "--format", "json")

    expected = {
        "file": "alerts/a.yaml",
        "line": 6,
        "column": 60,
        "code": "MS005",
        "rule": "names.unknown-metric",
        "message": "the metric task_failled is not declared",
        "hint": "Nearest: task_failed",
        "subject": "alert High error rate",
    }
    assert [expected] == json.loads(capsys.readouterr().out)["findings"]


def test_sarif_has_the_rules_and_the_places(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / "alerts" / "a.yaml").write_text(ALERT, encoding="utf-8")

    run("lint", "--format", "sarif")

    log: dict[str, Any] = json.loads(capsys.readouterr().out)
    (result,) = log["runs"][0]["results"]
    rules = log["runs"][0]["tool"]["driver"]["rules"]
    assert "2.1.0" == log["version"]
    assert "MS005" == result["ruleId"] == rules[result["ruleIndex"]]["id"]
    assert {
        "artifactLocation": {"uri": "alerts/a.yaml"},
        "region": {"startLine": 6, "startColumn": 60, "endColumn": 74},
    } == result["locations"][0]["physicalLocation"]


def test_fix_mends_and_looks_again(project: Path) -> None:
    dashboard = (
        "{kind: Dashboard, slug: d, name: D, variables: [{type: text, name: v}], groups:"
        " [{title: G, panels: [{name: P, kind: values,"
        " sql: \"SELECT count(*) FROM records WHERE service_name = '$v'\"}]}]}\n"
    )
    file = project / "alerts" / "d.yaml"
    file.write_text(dashboard, encoding="utf-8")

    assert exits.OK == run("lint", "--fix")
    assert dashboard.replace("'$v'", "$v") == file.read_text(encoding="utf-8")


def test_check_names_everything_that_uses_an_unknown_name(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    dashboard = (
        "---\n{kind: Dashboard, slug: health, name: D, groups: [{title: G, panels: ["
        "{name: Failures, kind: values, sql: SELECT count(*) FROM metrics WHERE"
        " metric_name = 'task_failled'}]}]}\n"
    )
    (project / "alerts" / "a.yaml").write_text(ALERT + dashboard, encoding="utf-8")

    assert exits.FINDINGS == run("check")
    expected = (
        'metric task_failled: not declared. Used by dashboard health, panel "Failures";'
        " alert High error rate"
    )
    assert expected == capsys.readouterr().out.splitlines()[-1]


@pytest.mark.parametrize("rule", all_rules(), ids=lambda rule: rule.code)
def test_each_rule_can_be_explained(rule: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert exits.OK == run("lint", "--explain", rule.name)
    assert f"{rule.code} {rule.name}\n\n{rule.documentation()}\n" == capsys.readouterr().out
