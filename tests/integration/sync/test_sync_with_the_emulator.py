from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
import requests
from applies_at_once import apply_at_once
from sync_definitions import SECRET

from telemetry.child import ServingProcess

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from sync_definitions import Ran

    Mystage = Callable[..., Ran]


@pytest.fixture
def emulator(folder: Path) -> Iterator[str]:
    """Give the address of an emulator that the command finds by itself."""
    with ServingProcess(
        "telemetry.cli.emulate", ["--data", str(folder / ".mystage")], name="Logfire emulator"
    ) as process:
        yield process.address


class Logfire:
    """Do what somebody does in the interface."""

    def __init__(self, url: str) -> None:
        self._url = url
        self.project = self.get("projects/")[0]["id"]

    def get(self, path: str) -> list[dict[str, object]]:
        response = requests.get(f"{self._url}/api/v1/{path}", headers=self._headers, timeout=10)
        response.raise_for_status()
        found: list[dict[str, object]] = response.json()
        return found

    def put(self, path: str, body: object) -> None:
        requests.put(
            f"{self._url}/api/v1/{path}", json=body, headers=self._headers, timeout=10
        ).raise_for_status()

    _headers = {"Authorization": "Bearer x"}  # noqa: RUF012 - nobody changes it


def test_definitions_are_planned_applied_and_then_in_step(mystage: Mystage, emulator: str) -> None:
    assert 2 == mystage("plan", "--detailed-exitcode").code
    ran = mystage("apply", "--yes")
    assert ("done: 5 added, 0 changed", 0) == (ran.out.splitlines()[-1], ran.code)
    assert 0 == mystage("plan", "--detailed-exitcode").code
    assert 0 == mystage("drift").code


def test_a_plan_of_one_place_is_applied_in_another(
    mystage: Mystage, emulator: str, folder: Path
) -> None:
    assert 0 == mystage("plan", "--out", "out/plan.json").code
    for file in (folder / "alerts").iterdir():
        file.unlink()
    assert 0 == mystage("apply", "out/plan.json", "--yes").code
    assert ["on call"] == [each["label"] for each in Logfire(emulator).get("channels/")]


def test_a_rotated_secret_is_one_change(
    mystage: Mystage, emulator: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    mystage("apply", "--yes")
    monkeypatch.setenv("HOOK", f"{SECRET}-rotated")
    assert {"add": 0, "change": 1, "destroy": 0, "unchanged": 4} == json.loads(
        mystage("plan", "--json").out
    )["summary"]
    mystage("apply", "--yes")
    assert 0 == mystage("plan", "--detailed-exitcode").code


def test_what_somebody_changed_is_drift_and_is_put_right(mystage: Mystage, emulator: str) -> None:
    mystage("apply", "--yes")
    logfire = Logfire(emulator)
    (alert,) = logfire.get(f"projects/{logfire.project}/alerts/")
    logfire.put(f"projects/{logfire.project}/alerts/{alert['id']}/", {"query": "SELECT 1"})
    ran = mystage("drift")
    assert 1 == ran.code
    assert "alert Failures was changed in Logfire by" in ran.out
    mystage("apply", "--yes")
    assert 0 == mystage("drift").code


def test_what_is_imported_is_in_step(
    mystage: Mystage, emulator: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    mystage("apply", "--yes")
    monkeypatch.setenv("ON_CALL_URL", SECRET)
    assert 0 == mystage("import", "--all", "--out", "imported").code
    assert 0 == mystage("plan", "imported", "--detailed-exitcode").code


def test_what_is_not_defined_any_more_is_pruned(
    mystage: Mystage, emulator: str, folder: Path
) -> None:
    mystage("apply", "--yes")
    (folder / "alerts/all.yaml").unlink()
    assert 0 == mystage("plan", "--detailed-exitcode").code
    ran = mystage("prune", "--yes")
    assert ("done: 4 deleted", 0) == (ran.out.splitlines()[-1], ran.code)
    logfire = Logfire(emulator)
    assert [] == [*logfire.get("channels/"), *logfire.get(f"projects/{logfire.project}/slos/")]
    assert 0 == mystage("apply", "--yes").code


def test_applies_at_once_end_in_one_state(mystage: Mystage, emulator: str, folder: Path) -> None:
    assert [[], [], []] == [each.failures for each in apply_at_once(emulator, folder)]
    logfire = Logfire(emulator)
    assert [1, 1] == [len(logfire.get(each)) for each in ("channels/", "schedules/")]
    assert 0 == mystage("plan", "--detailed-exitcode").code


def test_without_an_emulator_it_is_told_how_to_start_one(mystage: Mystage, folder: Path) -> None:
    ran = mystage("plan")
    assert (69, True) == (ran.code, "start one with `mystage emulate logfire" in ran.err)
