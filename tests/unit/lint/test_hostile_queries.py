"""Linting any text ends without an exception."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from telemetry.definitions.panels import PanelKind, QueryKind
from telemetry.definitions.queries import Purpose
from telemetry.lint.analysis import analyze, make_planner
from telemetry.lint.secrets import masked
from telemetry.lint.subjects import Subject, Variable
from tests.unit.lint.conftest import NAMES

WORDS = st.sampled_from(
    [
        "SELECT", "FROM", "records", "metrics", "WHERE", "(", ")", ",", "*", "$v", "'$v'", "${v}",
        "$resolution", "attributes", "->>", "'stage'", "=", "IN", "ANY", "::", "text[]", "sum",
        "scalar_value", "GROUP BY", "1", "'", '"', "--", "/*", "$$", "[", "]", "CASE", "END", ";",
        "WITH", "x", "AS", "UNION ALL", "time_bucket", "start_timestamp", "LIMIT", "?", "\n", ".",
        "metric_name", "LIKE", "'%'", "BETWEEN", "-", "unnest", "LATERAL", "OVER", "json_get",
    ]
)  # fmt: skip


def subjects(sql: str) -> list[Subject]:
    variables = (("v", Variable(multiple=True, values=("a", "b"))),)
    return [
        Subject(
            sql=sql,
            purpose=Purpose.PANEL,
            panel_kind=PanelKind.TABLE,
            query_kind=QueryKind.TIME_SERIES,
            metrics=("n",),
            variables=variables,
        ),
        Subject(sql=sql, purpose=Purpose.ALERT),
        Subject(sql=sql, purpose=Purpose.SLO, table="records"),
    ]


@settings(deadline=None)
@given(st.one_of(st.text(), st.lists(WORDS, max_size=25).map(" ".join)))
def test_linting_any_text_gives_findings_within_it(sql: str) -> None:
    for subject in subjects(sql):
        for note in analyze(subject, NAMES, make_planner()):
            assert 0 <= note.remark.start <= note.remark.end <= len(sql)


@pytest.mark.parametrize(
    "sql",
    [
        "(" * 5000,
        "SELECT " + "(" * 59 + "1" + ")" * 59,
        "SELECT " + "+".join("1" * 900),
        "SELECT * FROM records" + " UNION ALL SELECT * FROM records" * 60,
        "SELECT " + ",".join("1" * 9000),
        "WITH RECURSIVE a AS (SELECT * FROM a) SELECT * FROM a",
        "SELECT '\ud800' FROM records",
        "\ufeffSELECT 1",
        "x" * 300_000,
        "",
        "-- nothing",
    ],
)
def test_linting_hostile_text_ends(sql: str) -> None:
    for subject in subjects(sql):
        analyze(subject, NAMES, make_planner())


@given(st.text())
def test_masking_keeps_the_length(text: str) -> None:
    assert len(text) == len(masked(text))
