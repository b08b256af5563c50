"""``mystage backtest``: what it prints over telemetry, and what it says if it cannot."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from commands import mystage
from crafted_telemetry import HOUR, MINUTE, Sender, attempt

from telemetry.child import ServingProcess

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]

DEFINITION = """
kind: Alert
name: {name}
sql: {sql}
window: 5m
every: 1m
channels: []
"""
MANY = "SELECT service_name, count(*) AS n FROM records WHERE level >= 'error' GROUP BY 1"


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Run an emulator with two bursts of errors, and give its folder."""
    folder = tmp_path_factory.mktemp("backtest")
    with ServingProcess(
        "telemetry.cli.emulate", ["--data", str(folder)], name="Logfire emulator"
    ) as process:
        sender = Sender(process.address, "production", datetime.now(UTC))
        sender.spans([attempt("sourcing", "failed", ago=3 * HOUR) for _ in range(20)])
        sender.spans([attempt("sourcing", "failed", ago=HOUR) for _ in range(12)])
        yield folder


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a folder with two alerts."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("LOGFIRE_BASE_URL", raising=False)
    monkeypatch.delenv("LOGFIRE_READ_TOKEN", raising=False)
    (tmp_path / "alerts").mkdir()
    write(tmp_path / "alerts" / "errors.yaml", "Too many errors", f"{MANY} HAVING count(*) > 10")
    write(tmp_path / "alerts" / "silence.yaml", "Silence", "WITH a AS (SELECT 1) SELECT 1 FROM a")
    return tmp_path


def write(file: Path, name: str, sql: str) -> Path:
    file.write_text(DEFINITION.format(name=name, sql=sql))
    return file


def test_it_says_when_the_alert_would_have_fired(data: Path, project: Path) -> None:
    asked = mystage("backtest", "too many", "--last", "6h", "--data", data)

    assert (0, "") == (asked.code, asked.stderr)
    first, chart, head, *rows = asked.stdout.splitlines()
    assert (
        "Too many errors would have fired 2 times in 360 runs, every 1m: 10 runs with rows,"
        " 4 notifications (has_matches_changed)" == first
    )
    assert ("·", True) == (min(chart.split("  ")[1]), chart.endswith(" UTC"))
    assert ["from (UTC)", "until", "for", "runs", "most rows"] == [
        cell.strip() for cell in head.split("  ") if cell
    ]
    assert [["5m", "5", "1"]] * 2 == [row.split()[-3:] for row in rows]


def test_as_json_it_prints_one_document(data: Path, project: Path) -> None:
    document = mystage(
        "backtest", "Too many errors", "--last", "90m", "--json", "--data", data
    ).json

    assert ("Too many errors", 90, 5, 2, True, 1) == (
        document["alert"],
        document["runs"],
        document["firing_runs"],
        len(document["notifications"]),
        document["one_pass"],
        document["queries"],
    )
    assert [5 * MINUTE] == [each["seconds"] for each in document["intervals"]]


def test_against_another_definition_it_says_where_they_differ(data: Path, project: Path) -> None:
    changed = write(project / "changed.yaml", "Too many errors", f"{MANY} HAVING count(*) > 15")
    arguments = ("backtest", "TOO", "--last", "6h", "--against", changed, "--data", data)
    document = mystage(*arguments, "--json").json
    text = mystage(*arguments).stdout

    assert (10, 5) == (document["firing_runs"], document["against"]["firing_runs"])
    assert [("current", 5 * MINUTE)] == [
        (each["only"], each["seconds"]) for each in document["differences"]
    ]
    assert f"Against {changed}:" in text
    assert "They differ 1 time" in text


def test_what_takes_a_query_each_says_why(data: Path, project: Path) -> None:
    asked = mystage("backtest", "silence", "--last", "10m", "--data", data)

    assert (0, "run with a query each: it has a WITH\n") == (asked.code, asked.stderr)
    assert "would have fired 1 time in 10 runs" in asked.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["many errors"], 64, "there is no alert 'many errors'. Nearest: Too many errors"),
        (["silence", "--last", "30d"], 64, "each of 43,201 runs would take a query"),
        (["silence", "--last", "soon"], 64, "write it as 30s"),
        (["silence", "--against", "nowhere.yaml"], 64, "nowhere.yaml"),
        (["too many", "--url", "http://127.0.0.1:9"], 69, "does not answer"),
        (["too many", "--source", "logfire"], 1, "LOGFIRE_READ_TOKEN"),
        (["broken", "--last", "10m"], 1, "Broken cannot be run: No column 'nope'"),
        ([], 64, "Missing argument"),
    ],
)
def test_what_cannot_be_done_is_told_in_one_line(
    data: Path, project: Path, arguments: list[str], code: int, message: str
) -> None:
    write(project / "alerts" / "broken.yaml", "Broken", "SELECT count(nope) FROM records")
    asked = mystage("backtest", *arguments, "--data", data)

    assert code == asked.code, asked.stderr
    assert message in asked.stderr
    assert "Traceback" not in asked.stderr


def test_a_beginning_that_several_names_have_is_not_enough(data: Path, project: Path) -> None:
    write(project / "alerts" / "more.yaml", "Too many", f"{MANY} HAVING count(*) > 11")
    write(project / "alerts" / "most.yaml", "Too much", f"{MANY} HAVING count(*) > 12")
    asked = mystage("backtest", "too", "--data", data)

    assert 64 == asked.code
    assert "'too' may be Too many errors, Too many, Too much" in asked.stderr
    assert 0 == mystage("backtest", "too many", "--data", data).code


def test_without_an_emulator_it_says_how_to_start_one(project: Path) -> None:
    asked = mystage("backtest", "too many", "--data", project)

    assert (69, True) == (asked.code, "mystage emulate logfire" in asked.stderr)
