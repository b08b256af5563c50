from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from telemetry.lint.fixing import fix

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.lint.conftest import Lint

DASHBOARD = """\
kind: Dashboard
slug: health
name: Health
variables:
  - {{type: text, name: service}}
  - {{type: list, name: stages, values: [sourcing, writers], multiple: true}}
groups:
  - title: All
    panels:
      - name: Failures
        kind: values
        sql: |
          SELECT count(*) FROM records
          WHERE service_name = {service}
            AND attributes->>'stage' {stages}
"""
ANY = "= ANY($stages::text[])"


@pytest.mark.parametrize(
    ("service", "stages", "fixed"),
    [
        ("'$service'", ANY, ANY),
        ("'${service}'", ANY, ANY),
        ("$service", "= $stages", ANY),
        ("$service", "IN ($stages)", ANY),
        ("$service", "= ANY($stages)", ANY),
        ("$service", "<> $stages", "<> ALL($stages::text[])"),
        ("'$service'", "NOT IN ( $stages )", "<> ALL($stages::text[])"),
    ],
)
def test_a_fix_leaves_nothing_to_find(
    service: str, stages: str, fixed: str, lint_files: Lint, folder: Path
) -> None:
    before = lint_files({"d.yaml": DASHBOARD.format(service=service, stages=stages)})

    fix(before)
    after = lint_files()

    file = folder / "d.yaml"
    expected = DASHBOARD.format(service=service.strip("'"), stages=fixed)
    assert expected == file.read_text(encoding="utf-8")
    assert () == after.findings
    assert {} == fix(after)


def test_a_file_with_templates_is_left_alone(lint_files: Lint, folder: Path) -> None:
    text = DASHBOARD.format(service="'$service'", stages=ANY) + "# {{ stages[0].name }}\n"
    report = lint_files({"d.yaml": text})

    assert {} == fix(report)
    assert text == (folder / "d.yaml").read_text(encoding="utf-8")


def test_a_place_that_is_not_certain_is_left_alone(lint_files: Lint, folder: Path) -> None:
    sql = "\"SELECT count(*)\\tFROM records WHERE service_name = '$service'\""
    text = DASHBOARD.format(service="$service", stages=ANY) + (
        f"      - {{name: X, kind: values, sql: {sql}}}\n"
    )
    report = lint_files({"d.yaml": text})

    assert ["MS021"] == [each.code for each in report.findings]
    assert {} == fix(report)
    assert text == (folder / "d.yaml").read_text(encoding="utf-8")


def test_the_ends_of_lines_are_kept(lint_files: Lint, folder: Path) -> None:
    text = DASHBOARD.format(service="'$service'", stages=ANY).replace("\n", "\r\n")
    (folder / "d.yaml").write_bytes(text.encode())

    fix(lint_files())

    assert text.replace("'$service'", "$service").encode() == (folder / "d.yaml").read_bytes()
