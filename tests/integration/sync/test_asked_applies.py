from __future__ import annotations

import os
import pty
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from contract_server import Fault

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from contract_server import Contract
    from sync_definitions import Ran


@pytest.mark.parametrize(
    ("answer", "code", "alerts"), [(b"y\n", 0, 1), (b"n\n", 1, 0), (b"\n", 1, 0)]
)
def test_on_a_terminal_apply_asks_after_it_has_shown_the_plan(
    server: Contract, folder: Path, answer: bytes, code: int, alerts: int
) -> None:
    ours, theirs = pty.openpty()
    try:
        os.write(ours, answer)
        ran = subprocess.run(
            [sys.executable, "-m", "telemetry.cli", "apply", "--url", server.url],
            stdin=theirs,
            capture_output=True,
            cwd=folder,
            check=False,
            text=True,
        )
    finally:
        os.close(ours)
        os.close(theirs)
    assert (code, alerts) == (ran.returncode, len(server.objects["alerts"])), ran.stderr
    assert "5 to add" in ran.stdout
    assert "Do this? [y/N]" in ran.stderr


@pytest.mark.parametrize("collection", ["schedules", "channels", "dashboards", "alerts", "slos"])
def test_an_apply_that_is_killed_is_finished_by_the_next(
    server: Contract, folder: Path, mystage: Callable[..., Ran], collection: str
) -> None:
    command = [sys.executable, "-m", "telemetry.cli", "apply", "--yes", "--url", server.url]
    started: list[subprocess.Popen[bytes]] = []
    kill = lambda: started[0].kill()  # noqa: E731, PLW0108 - it is started below
    fault = Fault("POST", f"/{collection}/", work=True, then=kill)
    server.faults.append(fault)
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL) as process:
        started.append(process)
    assert -9 == process.returncode
    assert 0 == mystage("apply", "--yes", "--url", server.url).code
    assert [2, 1, 1, 1, 1] == [
        len(server.objects[each])
        for each in ("dashboards", "alerts", "slos", "channels", "schedules")
    ]
    assert 0 == mystage("plan", "--detailed-exitcode", "--url", server.url).code
