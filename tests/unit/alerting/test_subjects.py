"""What can be tested: alerts, and panels that have a query."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from telemetry.alerting.subjects import PanelQuery, Subject, subjects_of
from telemetry.definitions import load_definitions
from telemetry.definitions.declarations import combine

if TYPE_CHECKING:
    from pathlib import Path

DASHBOARD = """\
kind: Dashboard
slug: d
name: D
duration: 6h
variables: [{type: text, name: shared}, {type: text, name: both, default: shared}]
groups:
  - title: G
    panels:
      - {name: Note, kind: markdown, text: Hello}
      - name: Twice
        kind: table
        sql: SELECT 1 AS first
        variables: [{type: text, name: both, default: own}]
      - {name: Twice, kind: table, sql: SELECT 2 AS second}
"""
ALERT = "{kind: Alert, name: Twice, window: 5m, every: 1m, sql: SELECT 1 AS n FROM records}"


def test_alerts_and_panels_with_queries_are_subjects_each_with_a_name_of_its_own(
    tmp_path: Path,
) -> None:
    (tmp_path / "d.yaml").write_text(DASHBOARD)
    (tmp_path / "a.yaml").write_text(ALERT)
    subjects = subjects_of(load_definitions([tmp_path], combine()).check())
    first = subjects[Subject("d", "Twice")]

    assert [Subject("", "Twice"), Subject("d", "Twice"), Subject("d", "Twice (2)")] == sorted(
        subjects
    )
    assert isinstance(first, PanelQuery)
    assert ("SELECT 1 AS first", 6 * 3600) == (first.sql, first.duration)
    assert {"shared": "", "both": "own"} == {each.name: each.default for each in first.variables}


def test_panels_of_perses_json_are_subjects_too(tmp_path: Path) -> None:
    query = {"kind": "TimeSeriesQuery", "spec": {"plugin": {"spec": {"query": "SELECT 1"}}}}
    panel = {"kind": "Panel", "spec": {"display": {"name": "P"}, "queries": [query]}}
    for slug, duration in (("a", "6h"), ("b", "1h30m"), ("c", None)):
        spec = {"panels": {"p": panel}} | ({"duration": duration} if duration else {})
        document = {"kind": "Dashboard", "metadata": {"name": slug}, "spec": spec}
        (tmp_path / f"{slug}.json").write_text(json.dumps(document))
    subjects = subjects_of(load_definitions([tmp_path], combine()).check())

    assert {"a": ("SELECT 1", 21600), "b": ("SELECT 1", 3600), "c": ("SELECT 1", 3600)} == {
        subject.dashboard: (owner.sql, owner.duration)
        for subject, owner in subjects.items()
        if isinstance(owner, PanelQuery)
    }
