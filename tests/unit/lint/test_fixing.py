from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from telemetry.lint.fixing import fix, fix_all

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


@pytest.mark.parametrize("prefix", ["E", "x", "U&"])
def test_a_text_with_a_prefix_is_told_of_and_left_alone(
    prefix: str, lint_files: Lint, folder: Path
) -> None:
    written = DASHBOARD.format(service=f"{prefix}'$service'", stages=ANY)
    before = lint_files({"d.yaml": written})
    assert {} == fix(before)
    assert "MS021" in {each.code for each in before.findings}
    assert written == (folder / "d.yaml").read_text(encoding="utf-8")


SHARED = """\
kind: Dashboard
slug: {slug}
name: D
variables:
  - {{type: list, name: stages, values: [sourcing, writers], multiple: {multiple}}}
groups:
  - title: All
    panels:
      - {{name: Failures, kind: values, sql: shared.sql}}
"""
QUERY = "SELECT count(*) FROM records WHERE attributes->>'stage' = $stages\n"


def test_what_mends_one_query_and_breaks_another_of_the_same_file_is_taken_back(
    lint_files: Lint, folder: Path
) -> None:
    files = {
        "shared.sql": QUERY,
        "a.yaml": SHARED.format(slug="a", multiple="true"),
        "b.yaml": SHARED.format(slug="b", multiple="false"),
    }
    report, made = fix_all(lint_files(files), lint_files)
    assert {} == made
    assert QUERY == (folder / "shared.sql").read_text(encoding="utf-8")
    assert ["MS024"] == [each.code for each in report.findings]


def test_mending_goes_on_until_nothing_is_left(lint_files: Lint, folder: Path) -> None:
    written = DASHBOARD.format(service="$service", stages="IN ('$stages')")
    report, made = fix_all(lint_files({"d.yaml": written}), lint_files)
    assert () == report.findings
    assert {folder / "d.yaml": 2} == made
    mended = DASHBOARD.format(service="$service", stages=ANY)
    assert mended == (folder / "d.yaml").read_text(encoding="utf-8")
