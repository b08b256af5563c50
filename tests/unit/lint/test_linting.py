from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from telemetry.definitions.places import Place
from telemetry.lint.secrets import find_secrets

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.lint.conftest import Lint

DASHBOARD = """\
kind: Dashboard
slug: health
name: Health
variables:
  - {type: text, name: service}
  - {type: list, name: stages, values: [sourcing, writers], multiple: true}
groups:
  - title: All
    panels:
      - name: Failures
        kind: values
        sql: |
          SELECT count(*)
          FROM metrics
          WHERE service_name = $service AND metric_name = 'tasks_failed'
            AND attributes->>'stage' = ANY($stages::text[])
"""


def test_a_finding_points_into_a_block_of_yaml(lint_files: Lint, folder: Path) -> None:
    report = lint_files({"health.yaml": DASHBOARD})

    assert [(Place(folder / "health.yaml", 15, 59), "MS005", 14)] == [
        (each.place, each.code, each.width) for each in report.findings
    ]
    assert ['dashboard health, panel "Failures"'] == [each.subject for each in report.findings]


def test_a_finding_points_into_an_sql_file(lint_files: Lint, folder: Path) -> None:
    panel = "      - {name: Failures, kind: values, sql: failures.sql}\n"
    dashboard = "kind: Dashboard\nslug: d\nname: D\ngroups:\n  - title: G\n    panels:\n" + panel

    report = lint_files(
        {"d.yaml": dashboard, "failures.sql": "SELECT count(*)\nFROM records\nWHERE statge = 1\n"}
    )

    assert [Place(folder / "failures.sql", 3, 7)] == [each.place for each in report.findings]


def test_a_finding_points_into_a_condition(lint_files: Lint, folder: Path) -> None:
    slo = (
        "kind: SLO\nname: S\nscope_value: s\ntarget: 99\ntotal: kind = 'span'\nbad: levl > 3\n"
        "alerts: {fast: {channels: [{channel: c}]}}\n---\n"
        "{kind: Channel, label: c, config: {type: email}}\n"
    )

    report = lint_files({"slo.yaml": slo})

    assert [Place(folder / "slo.yaml", 6, 6)] == [each.place for each in report.findings]


def test_a_finding_in_exported_json_points_at_the_line_of_its_query(
    lint_files: Lint, folder: Path
) -> None:
    query = {"query": "SELECT count(*)\nFROM spans"}
    plugin = {"kind": "LogfireNonTimeSeriesQuery", "spec": query}
    panel = {
        "spec": {
            "display": {"name": "P"},
            "plugin": {"kind": "Values", "spec": {}},
            "queries": [{"kind": "NonTimeSeriesQuery", "spec": {"plugin": plugin}}],
        }
    }
    exported = {"kind": "Dashboard", "metadata": {"name": "d"}, "spec": {"panels": {"P": panel}}}
    text = json.dumps(exported, indent=1)

    report = lint_files({"d.json": text})

    line = next(n for n, line in enumerate(text.splitlines(), 1) if "FROM spans" in line)
    assert [("MS002", line)] == [(each.code, each.place.line) for each in report.findings]


def test_a_secret_is_repeated_nowhere(lint_files: Lint) -> None:
    secret = "https://hooks.slack.com/services/T0000/B0000/abcdefgh"
    panel = f"SELECT count(*) FROM metrics WHERE metric_name = '{secret}'"

    report = lint_files(
        {
            "health.yaml": DASHBOARD
            + f"      - {{name: X, kind: values, sql: {json.dumps(panel)}}}\n"
        }
    )

    assert {"MS005", "MS041"} == {each.code for each in report.findings}
    assert "abcdefgh" not in repr(report.findings)


def test_what_a_template_repeats_is_found_once(lint_files: Lint) -> None:
    alert = (
        "for_each: {stage: '{{ stages }}'}\nkind: Alert\nname: Failures of {{ stage.name }}\n"
        "window: 15m\nevery: 5m\nchannels: [{channel: c}]\n"
        "sql: SELECT count(*) FROM spans\n---\n{kind: Channel, label: c, config: {type: email}}\n"
    )

    report = lint_files({"alerts.yaml": alert})

    assert ["MS002"] == [each.code for each in report.findings]


def test_a_silencer_in_sql_silences_the_file_it_is_in(lint_files: Lint) -> None:
    silencer = "          -- lint: ignore MS005 (declared by another repository) until 2027-01-31\n"

    report = lint_files({"health.yaml": DASHBOARD + silencer})

    assert ((), 1) == (report.findings, report.silenced)


def test_findings_are_remembered_until_something_changes(lint_files: Lint, tmp_path: Path) -> None:
    cache = tmp_path / ".mystage" / "lint-cache"
    first = lint_files({"health.yaml": DASHBOARD}, cache=cache)
    second = lint_files({"health.yaml": DASHBOARD}, cache=cache)
    changed = lint_files({"health.yaml": DASHBOARD.replace("count(*)", "max(unit)")}, cache=cache)

    assert [1, 0, 1] == [each.analyzed for each in (first, second, changed)]
    assert first.findings == second.findings


@pytest.mark.parametrize("content", ["", "{", "[]", '{"a": 1}', "\x00", '{"a": [["MS001"]]}'])
def test_a_damaged_cache_is_as_good_as_none(content: str, lint_files: Lint, tmp_path: Path) -> None:
    cache = tmp_path / "lint-cache"
    expected = lint_files({"health.yaml": DASHBOARD}).findings
    cache.write_text(content, encoding="utf-8")

    assert expected == lint_files(cache=cache).findings
    cache.write_text(
        json.dumps({key: [[1, 2]] for key in json.loads(cache.read_text(encoding="utf-8"))}),
        encoding="utf-8",
    )
    assert expected == lint_files(cache=cache).findings


def test_many_queries_are_judged_in_processes_of_their_own(lint_files: Lint) -> None:
    panels = "".join(
        f"      - {{name: P{n}, kind: values, sql: SELECT max(duration) + {n} FROM recods}}\n"
        for n in range(220)
    )
    text = f"kind: Dashboard\nslug: d\nname: D\ngroups:\n  - title: G\n    panels:\n{panels}"

    report = lint_files({"d.yaml": text})

    assert [(n + 7, "MS002") for n in range(220)] == [
        (each.place.line, each.code) for each in report.findings
    ]


@pytest.mark.parametrize(
    "secret",
    [
        "https://hooks.slack.com/services/T0000/B0000/abcdefgh",
        "https://discord.com/api/webhooks/1234/abcdefgh",
        "https://example.webhook.office.com/webhookb2/abcdefgh",
        "pylf_v1_eu_abcdefghijklmnop",
        "AKIAABCDEFGHIJKLMNOP",
        "AIza" + "a" * 35,
        "ghp_" + "a" * 36,
        "xoxb-1234567890-abc",
        "-----BEGIN RSA PRIVATE KEY-----",
        "postgres://me:correct-horse@host/db",
        "password=correct-horse",
        'PASSWD: "correct-horse"',
        "routing_key: 0123456789abcdef",
        "api-key=0123456789abcdef",
    ],
)
def test_secrets_of_all_kinds_are_found(secret: str) -> None:
    assert 1 == len(list(find_secrets(f"text before {secret} and behind")))


@pytest.mark.parametrize(
    "text",
    [
        "url: ${SLACK_WEBHOOK_URL}",
        "routing_key: ${PAGERDUTY_KEY}",
        "https://example.org/a:b@c",
        "the password is in the vault",
        "count(*) FILTER (WHERE attributes->>'token' = 'x')",
    ],
)
def test_references_to_secrets_are_none(text: str) -> None:
    assert [] == list(find_secrets(text))
