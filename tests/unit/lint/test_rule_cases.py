"""Each rule against its cases in ``cases/<code>.yml``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from telemetry.lint.registry import all_rules

if TYPE_CHECKING:
    from tests.unit.lint.conftest import Lint

CASES = Path(__file__).parent / "cases"


def read_cases() -> list[Any]:
    return [
        pytest.param(file.stem, name, case, id=f"{file.stem}-{name}")
        for file in sorted(CASES.glob("*.yml"))
        for name, case in yaml.safe_load(file.read_text(encoding="utf-8")).items()
    ]


def definition_of(case: dict[str, Any]) -> str:
    """Return the YAML a case is about: its own, or one around its SQL."""
    if "yaml" in case:
        return str(case["yaml"])
    if "alert" in case:
        alert = {"kind": "Alert", "name": "A", "window": "15m", "every": "5m", "sql": case["alert"]}
        channel = {"kind": "Channel", "label": "c", "config": {"type": "email"}}
        return json.dumps([{**alert, "channels": [{"channel": "c"}]}, channel])
    if "slo" in case:
        slo = {"kind": "SLO", "name": "S", "scope_value": "s", "target": 99, "total": "TRUE"}
        channel = {"kind": "Channel", "label": "c", "config": {"type": "email"}}
        told = {"alerts": {"fast": {"channels": [{"channel": "c"}]}}}
        return json.dumps([{**slo, **told, "bad": case["slo"]}, channel])
    panel = {"name": "P", "kind": "values", "sql": case["sql"], **case.get("panel", {})}
    return json.dumps(
        {
            "kind": "Dashboard",
            "slug": "d",
            "name": "D",
            "variables": case.get("variables", []),
            "groups": [{"title": "G", "panels": [panel]}],
        }
    )


@pytest.mark.parametrize(("code", "name", "case"), read_cases())
def test_a_rule_finds_what_its_cases_say(
    code: str, name: str, case: dict[str, Any], lint_files: Lint
) -> None:
    report = lint_files({"case.yaml": definition_of(case)})

    found = [f"{each.message}{each.hint and f'. {each.hint}'}" for each in report.findings]
    codes = sorted({each.code for each in report.findings})

    if case.get("passes"):
        assert ([], []) == (codes, found)
    else:
        assert sorted({code, *case.get("also", [])}) == codes, found
        assert [] == [
            text for text in case.get("says", []) if not any(text in one for one in found)
        ]
        assert case.get("count", len(found)) == len(found), found


@pytest.mark.parametrize("rule", all_rules(), ids=lambda rule: rule.code)
def test_every_rule_has_a_case_that_fails_and_one_that_passes(rule: Any) -> None:
    file = CASES / f"{rule.code}.yml"
    cases = yaml.safe_load(file.read_text(encoding="utf-8")) if file.exists() else {}

    assert {True, False} == {bool(case.get("passes")) for case in cases.values()}


@pytest.mark.parametrize("rule", all_rules(), ids=lambda rule: rule.code)
def test_every_rule_documents_what_not_to_write_and_what_to_write(rule: Any) -> None:
    text = rule.documentation()

    assert [] == [part for part in ("Anti-pattern::", "Best practice::") if part not in text]
