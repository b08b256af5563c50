from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import pytest
from contract_server import Contract, serve
from sync_definitions import DEFINITIONS, SECRET, Ran

from telemetry.cli import main
from telemetry.sync import instance
from telemetry.sync.api import Api

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture
def server() -> Iterator[Contract]:
    with serve(Contract()) as contract:
        yield contract


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Give the pauses that were asked for; none of them is made."""
    made: list[float] = []
    monkeypatch.setattr(instance, "Api", functools.partial(Api, sleep=made.append))
    return made


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pauses: list[float]) -> Path:
    """Give a folder with definitions, which the command runs in."""
    for name, text in DEFINITIONS.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    for name in ("LOGFIRE_API_KEY", "LOGFIRE_BASE_URL", "LOGFIRE_PROJECT", "MYSTAGE_LOGFIRE_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOOK", SECRET)
    return tmp_path


@pytest.fixture
def mystage(folder: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., Ran]:
    """Give the command; it runs in this process."""

    def run(*arguments: str) -> Ran:
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main(list(arguments))
        out, err = capsys.readouterr()
        return Ran(int(ended.value.code or 0), out, err)

    return run
