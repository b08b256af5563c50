"""Captured records: what ``mystage query --format json`` prints is given to tests."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from telemetry.alerting.cases import NOON
from telemetry.alerting.evaluation import Conditions
from telemetry.alerting.runner import run_cases
from telemetry.alerting.subjects import Subject
from telemetry.alerting.timeline import MetricEntry, SpanEntry

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Ask, Load, Read

    from telemetry.definitions.alerts import Alert

    Make = Callable[..., Alert]
    Write = Callable[..., None]

MOMENT = datetime(2025, 3, 1, 3, 30, tzinfo=UTC)
"""When what was captured happened."""

SPAN = {
    "start_timestamp": "2025-03-01T03:29:00.000000Z",
    "end_timestamp": "2025-03-01T03:29:02.000000Z",
    "trace_id": "a" * 32,
    "span_id": "b" * 16,
    "kind": "span",
    "level": 17,
    "span_name": "work",
    "message": "",
    "duration": 2.0,
    "attributes": {"n": 5, "deep": {"list": [1, None]}},
    "tags": ["a", "b"],
}
POINT = {
    "recorded_timestamp": "2025-03-01T03:28:00+00:00",
    "metric_name": "m",
    "metric_type": "sum",
    "aggregation_temporality": "delta",
    "scalar_value": 7.5,
}


def entry(file: str, moment: str = "2025-03-01T03:30:00Z") -> str:
    return f'{{file: {file}, moment: "{moment}"}}'


def text_of(given: str) -> str:
    expect = "[{fires: true, rows: [{n: 1}]}, {at: 4m, fires: false}]"
    return f"alert: Busy\ntests:\n  - name: one\n    given: {given}\n    expect: {expect}\n"


@pytest.fixture
def write(folder: Path) -> Write:
    """Write a captured file."""

    def write_it(name: str, content: Any) -> None:
        text = content if isinstance(content, str) else json.dumps(content)
        (folder / name).write_text(text, encoding="utf-8")

    return write_it


def shapes() -> dict[str, Any]:
    other = {**SPAN, "span_id": "c" * 16}
    lines = [json.dumps(SPAN), json.dumps(other)]
    messages = [
        {"type": "schema", "schema": {"fields": []}},
        {"type": "data", "rows": [SPAN]},
        {"type": "data", "rows": [other]},
        {"type": "end", "row_count": 2},
    ]
    return {
        "_a.json": {"columns": [], "rows": [SPAN, other]},
        "_b.json": {"schema": {}, "data": [SPAN, other]},
        "_c.json": [SPAN, other],
        "d.ndjson": "\n".join(lines) + "\n\n",
        "e.ndjson": "\n".join(map(json.dumps, messages)),
    }


@pytest.mark.parametrize("name", sorted(shapes()))
def test_files_are_what_a_query_printed_or_rows_or_messages_a_line(
    read: Read, write: Write, make_alert: Make, name: str
) -> None:
    write(name, shapes()[name])
    sql = "SELECT count(*) / 2 AS n FROM records HAVING count(*) > 1"
    (result,) = run_cases(
        read(text_of(entry(name))), {Subject("", "Busy"): make_alert(sql)}, processes=1
    )

    assert () == result.misses


def test_times_are_moved_so_that_the_moment_is_the_tests_own(read: Read, write: Write) -> None:
    write("_a.json", {"rows": [{**SPAN, "end_timestamp": "2025-03-01T04:29:00+01:00"}]})
    (captured,) = read(text_of(f"[{entry('_a.json')}]"))[0].captured
    (row,) = captured.move_to(NOON)["records_all"].to_pylist()

    assert NOON - timedelta(minutes=1) == row["start_timestamp"] == row["end_timestamp"]
    assert MOMENT == captured.moment


def test_columns_are_as_they_were(evaluator: Any, read: Read, write: Write) -> None:
    write("_a.json", {"rows": [{**SPAN, "log_body": "plain", "_lf_extra": 1, "day": "x"}]})
    (captured,) = read(text_of(entry("_a.json")))[0].captured
    evaluator.take({name: [batch] for name, batch in captured.move_to(NOON).items()})
    sql = (
        "SELECT span_name, level_name(level) AS level, attributes, tags, duration, log_body,"
        " service_name FROM records"
    )

    assert [
        {
            "span_name": "work",
            "level": "error",
            "attributes": SPAN["attributes"],
            "tags": ["a", "b"],
            "duration": 2.0,
            "log_body": "plain",
            "service_name": None,
        }
    ] == evaluator.run(Conditions(sql=sql, window=timedelta(minutes=5)), NOON)


def test_what_was_queried_can_be_given_again(
    ask: Ask, evaluator: Any, read: Read, write: Write
) -> None:
    given = (
        SpanEntry.model_validate({"at": "-1m", "span": "a", "attributes": {"x": [1, {"y": 2}]}}),
        MetricEntry.model_validate({"at": "-1m", "metric": "h", "values": [1, 2, 300]}),
        MetricEntry.model_validate(
            {"at": "-2m", "every": "1m", "times": 2, "metric": "c", "value": 3}
        ),
    )
    rows = [*ask("SELECT * FROM records", *given), *ask("SELECT * FROM metrics", *given)]
    write("_a.json", {"rows": rows})
    (captured,) = read(text_of(entry("_a.json", "2026-01-05T12:00:00Z")))[0].captured
    day = Conditions(sql="SELECT * FROM records", window=timedelta(days=1))
    points = Conditions(
        sql="SELECT metric_name AS m, metric_increase(value, recorded_timestamp) AS n,"
        " metric_quantile(0.9, value) AS q FROM metrics GROUP BY 1 ORDER BY 1",
        window=timedelta(days=1),
    )

    expected = ask(points.sql, *given)
    evaluator.take({name: [batch] for name, batch in captured.move_to(NOON).items()})

    assert rows[:1] == evaluator.run(day, NOON)
    assert expected == evaluator.run(points, NOON)


def test_captured_rows_and_a_time_line_go_together(
    read: Read, write: Write, make_alert: Make
) -> None:
    write("_a.json", [SPAN, POINT])
    given = f"[{entry('_a.json')}, {{at: -1m, span: more}}]"
    sql = """SELECT 1 AS n FROM records
        HAVING count(*) = 2 AND (SELECT sum(scalar_value) FROM metrics) = 7.5"""
    (result,) = run_cases(read(text_of(given)), {Subject("", "Busy"): make_alert(sql)}, processes=1)

    assert () == result.misses


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "_a.json:1:2: no JSON"),
        ('{"n": 1}\n{"n": ', "_a.json:2:"),
        ("[]", "there are no rows in it"),
        ('{"rows": []}', "there are no rows in it"),
        ("5", "row 1 is no row"),
        ("[5]", "row 1 is no row"),
        ('[{"n": 1}]', "row 1 is of neither records nor metrics"),
        ([{**SPAN, "stage": "x"}], "row 1 has 'stage', which is no column of records_all"),
        ([SPAN, {**SPAN, "trace_id": None}], "row 2 has no trace_id"),
        ([{**SPAN, "start_timestamp": "soon"}], "row 1: start_timestamp is no time: 'soon'"),
        ([{**SPAN, "start_timestamp": 5}], "row 1: start_timestamp is no time: 5"),
        ([{**SPAN, "end_timestamp": "0001-01-01T00:00:00Z"}], "not between the years 1990"),
        ([{**SPAN, "duration": "long"}], "a value of duration is no double precision"),
        ([{**SPAN, "level": 70000}], "a value of level is no smallint"),
        ([{**SPAN, "span_name": 5}], "a value of span_name is no text"),
        ([{**SPAN, "tags": "a"}], "row 1: tags is no list: 'a'"),
    ],
)
def test_a_bad_file_is_told(load: Load, write: Write, content: Any, message: str) -> None:
    write("_a.json", content)
    (problem,) = load(text_of(entry("_a.json"))).problems

    assert message in str(problem)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (entry("gone.ndjson"), "a.test.yaml:4:19: there is no file"),
        (entry("../a.ndjson"), "../a.ndjson is outside of alerts/"),
        (entry("a.json"), "a .json file is taken for a dashboard unless its name begins with _"),
        (entry("_a.json", "then"), "a.test.yaml:4:"),
        ("{file: _a.json}", "a.test.yaml:4:"),
        ("{file: _a.json, moment: 1500-01-01T00:00:00Z}", "a year between"),
        ("{file: _a.json, moment: 2025-01-01T00:00:00Z, at: -5m}", "a.test.yaml:4:"),
    ],
)
def test_an_entry_that_cannot_be_is_told(
    load: Load, write: Write, folder: Path, given: str, message: str
) -> None:
    write("_a.json", [SPAN])
    write("a.json", [SPAN])
    (folder.parent / "a.ndjson").write_text(json.dumps(SPAN))
    problems = load(text_of(given)).problems

    assert any(message in str(each) for each in problems), problems


def test_a_file_too_large_is_told(
    load: Load, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    write("_a.json", [SPAN] * 3)
    monkeypatch.setattr("telemetry.alerting.captured.MOST_ROWS", 2)

    assert ["more than 2 rows"] == [p.message for p in load(text_of(entry("_a.json"))).problems]
    monkeypatch.setattr("telemetry.alerting.captured.MOST_BYTES", 1 << 9)
    assert "larger than" in load(text_of(entry("_a.json"))).problems[0].message


def test_defaults_are_none_of_a_captured_file(read: Read, write: Write) -> None:
    write("_a.json", [SPAN])
    text = text_of(entry("_a.json")).replace(
        "tests:", "defaults: {span: a, level: warn, attributes: {x: 1}}\ntests:"
    )

    assert 1 == len(read(text)[0].captured)
