"""``mystage query``: what it prints, and what it says when it cannot."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from commands import mystage

from telemetry.child import ServingProcess

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

THREE = "SELECT value AS n, 'a' || chr(10) || value AS t FROM generate_series(1, 3) ORDER BY 1"


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Run an emulator, and give its folder."""
    folder = tmp_path_factory.mktemp("query")
    with ServingProcess("telemetry.cli.emulate", ["--data", str(folder)], name="Logfire emulator"):
        yield folder


def test_into_a_pipe_it_prints_a_row_a_line(data: Path) -> None:
    asked = mystage("query", "--data", data, THREE)

    assert (0, "n\tt\n1\ta\\n1\n2\ta\\n2\n3\ta\\n3\n", "") == (
        asked.code,
        asked.stdout,
        asked.stderr,
    )


def test_as_json_it_prints_one_document(data: Path) -> None:
    asked = mystage("query", "--data", data, "--format", "json", "SELECT 1 AS n, NULL AS x")

    assert [{"n": 1, "x": None}] == asked.json["rows"]
    assert ["n", "x"] == [column["name"] for column in asked.json["columns"]]


def test_as_csv_it_prints_csv_and_says_when_there_may_be_more(data: Path) -> None:
    asked = mystage("query", "--data", data, "--format", "csv", "--limit", "2", THREE)

    assert 'n,t\n1,"a\n1"\n2,"a\n2"\n' == asked.stdout
    assert "2 rows, which is the limit" in asked.stderr


def test_variables_come_with_their_quotes(data: Path, tmp_path: Path) -> None:
    file = tmp_path / "query.sql"
    file.write_text("SELECT $name AS name, 'b' = ANY($some::text[]) AS is_in, $resolution AS r")
    asked = mystage(
        "query", "--data", data, "--file", file, "--format", "json", "--var", "name=it's",
        "--var", "some=a", "--var", "some=b", "--resolution", "1 hour",
    )  # fmt: skip

    assert [{"name": "it's", "is_in": True, "r": "1 hour"}] == asked.json["rows"]


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["SELECT nope FROM records"], 1, "nope"),
        (["SELECT $nope"], 1, "the variable $nope has no value"),
        (["--timezone", "Mars/Olympus", "SELECT 1"], 1, "Mars/Olympus"),
        (["--source", "logfire", "SELECT 1"], 1, "LOGFIRE_READ_TOKEN"),
        (["--url", "http://127.0.0.1:9", "SELECT 1"], 69, "does not answer"),
        ([], 64, "give the SQL"),
        (["--last", "soon", "SELECT 1"], 64, "write it as 30s"),
        (["--var", "nope", "SELECT 1"], 64, "NAME=VALUE"),
    ],
)
def test_what_cannot_be_asked_is_told_in_one_line(
    data: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    code: int,
    message: str,
) -> None:
    monkeypatch.delenv("LOGFIRE_READ_TOKEN", raising=False)
    asked = mystage("query", "--data", data, *arguments)

    assert code == asked.code, asked.stderr
    assert message in asked.stderr
    assert "Traceback" not in asked.stderr


def test_without_an_emulator_it_says_how_to_start_one(tmp_path: Path) -> None:
    asked = mystage("query", "--data", tmp_path, "SELECT 1")

    assert 69 == asked.code
    assert f"mystage emulate logfire --data {tmp_path}" in asked.stderr


def test_another_program_on_the_port_of_a_killed_emulator_is_not_asked(tmp_path: Path) -> None:
    with ServingProcess("functions.emulator", name="other") as other:
        (tmp_path / "logfire.url").write_text(f"http://{other.address}\n")
        asked = mystage("query", "--data", tmp_path, "SELECT 1")

    assert 69 == asked.code
    assert json.dumps(str(tmp_path))[1:-1] in asked.stderr
