"""``mystage failed``: failed tasks without a browser."""

from __future__ import annotations

import io
import json
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from functions.embedded.assembly import DOCUMENTS_FILE
from functions.pipeline import STAGES, Pipeline
from functions.runtime.dead_letters import DeadLetter
from functions.runtime.failed_tasks.bulk import BULK_RETRIES
from functions.runtime.failed_tasks.documents import FAILED_TASKS
from functions.runtime.failed_tasks.filing import file_failed_task
from functions.runtime.outbox import OUTBOX
from functions.runtime.store.sqlite import SqliteStore
from telemetry.cli import exits, main

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SOURCING = Pipeline().stage("sourcing")
SECRET = "s3cr3t-value-9f"


@dataclass
class Desk:
    """Hold a folder, and run the command on it."""

    data: Path
    store: SqliteStore
    capture: pytest.CaptureFixture[str]

    def run(self, *arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            main(["failed", *arguments, "--data", str(self.data)])
        out, err = self.capture.readouterr()
        assert isinstance(ended.value.code, int)
        return ended.value.code, out, err

    def run_json(self, *arguments: str) -> tuple[int, Any]:
        code, out, _ = self.run(*arguments, "--json")
        return code, json.loads(out)

    def file(self, task_id: str, **changes: Any) -> None:
        facts: dict[str, Any] = {
            "task_id": task_id,
            "stage": SOURCING.name,
            "task_type": SOURCING.task_type,
            "function_name": SOURCING.function,
            "function_url": "http://f",
            "body": b'{"source_id": "s1", "api_key": "%s"}' % SECRET.encode(),
            "error_type": "ValueError",
            "error_message": f"token={SECRET} does not do",
            "attempts": 2,
            "failed_at": datetime.now(UTC),
            "stack_trace": "Traceback: \x1b[31mred",
            "past": [
                {
                    "number": 1,
                    "at": datetime.now(UTC),
                    "error_type": "E",
                    "error_message": f"password: {SECRET}",
                }
            ],
        }
        file_failed_task(self.store, DeadLetter(**facts | changes))

    def status(self, task_id: str) -> str:
        document = self.store.get(FAILED_TASKS, task_id)
        assert document is not None
        return str(document.data["status"])


@pytest.fixture
def desk(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Desk]:
    with closing(SqliteStore(tmp_path / DOCUMENTS_FILE)) as store:
        yield Desk(tmp_path, store, capsys)


def test_failed_tasks_are_listed_the_newest_first_and_filtered(desk: Desk) -> None:
    old = datetime.now(UTC) - timedelta(days=3)
    desk.file("old", failed_at=old, error_type="KeyError")
    desk.file("new")
    desk.file("other", stage=STAGES[0].name, task_type="t", error_message="the tide\nwas low")

    code, found = desk.run_json("list")
    assert (exits.OK, 3) == (code, found["total"])
    assert ["other", "new", "old"] == [each["id"] for each in found["failed_tasks"]]
    for options, expected in (
        (("--stage", "sourcing"), ["new", "old"]),
        (("--error", "KeyError"), ["old"]),
        (("--last", "24h"), ["other", "new"]),
        (("--text", "LOW tide"), ["other"]),
        (("--status", "resolved"), []),
        (("--type", SOURCING.task_type, "--limit", "1"), ["new"]),
    ):
        assert expected == [
            each["id"] for each in desk.run_json("list", *options)[1]["failed_tasks"]
        ]

    _, out, _ = desk.run("list")
    assert "the tide\\nwas low" in out
    assert "3 failed tasks" in out


def test_causes_are_listed_with_how_many_they_are(desk: Desk) -> None:
    for number in range(3):
        desk.file(f"t{number}", error_message=f"page {number} is gone")
    desk.file("odd", error_message="odd")

    _, found = desk.run_json("list", "--groups")

    assert [3, 1] == [each["count"] for each in found["groups"]]
    assert "sourcing" in desk.run("list", "--groups")[1]


def test_a_failed_task_is_shown_with_everything_but_its_secrets(desk: Desk) -> None:
    desk.file("t1")

    code, out, _ = desk.run("show", "t1")
    assert exits.OK == code
    for text in (
        "error_type: ValueError",
        '"source_id": "s1"',
        "attempts:",
        "history:",
        "\\x1b[31m",
    ):
        assert text in out
    _, shown = desk.run_json("show", "t1")
    assert {"source_id": "s1", "api_key": "*" * 10} == shown["payload"]
    assert SECRET not in out + json.dumps(shown) + desk.run("list")[1]


def test_a_retry_waits_in_the_outbox_for_whoever_has_a_queue(desk: Desk) -> None:
    desk.file("t1", body=b'{"source_id": "s1"}')

    code, out, err = desk.run("retry", "t1", "--by", "ann", "--note", "again")

    assert (exits.OK, "t1 retried as t1-retry-1\n") == (code, out)
    assert f"mystage up --data {desk.data} sends" in err
    assert ("retrying", 1) == (desk.status("t1"), desk.store.count(OUTBOX))


def test_what_cannot_be_retried_is_told_and_the_others_are(desk: Desk) -> None:
    desk.file("t1")
    desk.file("t2", body=b"no json")

    code, told = desk.run_json("retry", "t1", "t2", "t3", "t1", "--by", "ann")

    assert (exits.FINDINGS, {"done": "t1-retry-1"}) == (code, told["t1"])
    assert "no JSON object" in told["t2"]["error"]
    assert "no failed task 't3'" in told["t3"]["error"]
    code, _, err = desk.run("retry", "t1", "--by", "bob")
    assert exits.FINDINGS == code
    assert "is retrying by now" in err


def test_a_single_task_is_retried_with_another_payload(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.file("t1")
    for said, code in (
        ("[]", exits.USAGE),
        ("{", exits.USAGE),
        ('{"source": 1}', exits.FINDINGS),
        ('{"source_id": "s2"}', exits.OK),
    ):
        monkeypatch.setattr("sys.stdin", io.StringIO(said))
        assert code == desk.run("retry", "t1", "--payload", "-", "--by", "ann")[0]

    document = desk.store.get(FAILED_TASKS, "t1")
    assert document is not None
    assert {"source_id": "s2"} == document.data["edited_payload"]


def test_all_that_match_are_begun_once_it_is_said_how_many(desk: Desk) -> None:
    desk.file("t1")
    desk.file("t2", stage=STAGES[0].name)

    arguments = ("retry", "--all", "--stage", "sourcing", "--by", "ann", "--rate", "2")
    code, _, err = desk.run(*arguments)
    assert exits.USAGE == code
    assert "say --yes" in err
    code, told = desk.run_json(*arguments, "--yes")

    assert (exits.OK, 1) == (code, told["failed_tasks"])
    bulk = desk.store.get(BULK_RETRIES, told["bulk_id"])
    assert bulk is not None
    assert ("retry", 2.0, "sourcing", "ann") == (
        bulk.data["action"],
        bulk.data["rate"],
        bulk.data["criteria"]["pipeline_stage"],
        bulk.data["by"],
    )
    assert {"failed_tasks": 0, "bulk_id": None} == desk.run_json(
        "resolve", "--all", "--error", "Odd", "--note", "n", "--yes"
    )[1]
    assert exits.USAGE == desk.run(*arguments, "--yes", "--rate", "0")[0]


def test_a_task_is_resolved_with_a_note(desk: Desk) -> None:
    desk.file("t1")

    assert exits.USAGE == desk.run("resolve", "t1")[0]
    assert exits.OK == desk.run("resolve", "t1", "--note", "by hand", "--by", "ann")[0]

    assert "resolved" == desk.status("t1")
    assert exits.FINDINGS == desk.run("resolve", "t1", "--note", "again")[0]


@pytest.mark.parametrize(
    "arguments",
    [
        ("retry",),
        ("retry", "t1", "--stage", "sourcing"),
        ("retry", "t1", "t2", "--payload", "-"),
        ("resolve", "--note", "n"),
    ],
)
def test_a_command_that_does_not_say_which_are_meant_is_refused(
    desk: Desk, arguments: tuple[str, ...]
) -> None:
    assert exits.USAGE == desk.run(*arguments)[0]


def test_what_is_not_there_is_said(desk: Desk, tmp_path: Path) -> None:
    assert exits.FINDINGS == desk.run("show", "t9")[0]
    desk.data = tmp_path / "nowhere"
    code, _, err = desk.run("list")
    assert exits.UNAVAILABLE == code
    assert "holds no documents of a pipeline" in err
    assert not desk.data.exists()
