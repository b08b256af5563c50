from __future__ import annotations

from pathlib import Path

from telemetry.lint.registry import all_rules

PAGE = Path(__file__).parents[3] / "docs" / "lint.md"


def test_the_page_lists_every_rule() -> None:
    rows = [f"| {rule.code} | `{rule.name}` | {rule.title()} |" for rule in all_rules()]
    expected = "\n".join(["| code | name | finds |", "| --- | --- | --- |", *rows])
    listed = PAGE.read_text(encoding="utf-8").partition("<!-- rules -->\n")[2]

    assert expected == listed.partition("\n<!-- /rules -->")[0]
