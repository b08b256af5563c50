"""The emulator as a process: how it starts, speaks and ends."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner
from emulator_harness import connect, make_queue, wait_until

from functions.emulator.process import EmulatorProcess
from functions.emulator.store import TaskStore
from functions.errors import EmulatorError
from telemetry.cli.emulate import emulate

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
COMMAND = [sys.executable, "-m", "functions.emulator"]
QUEUE = "projects/test/locations/europe-west1/queues/queue"
PATIENCE = 30.0


@pytest.fixture
def process() -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        COMMAND, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    yield process
    process.kill()
    process.communicate()


def ready_address(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().removeprefix("ready ").strip()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_prints_one_line_and_ends_well_on_a_signal(
    process: subprocess.Popen[str], number: signal.Signals
) -> None:
    address = ready_address(process)
    host, port = address.split(":")
    assert ("127.0.0.1", True) == (host, int(port) > 0)
    make_queue(connect(address), QUEUE)
    process.send_signal(number)
    output, errors = process.communicate(timeout=PATIENCE)
    assert (0, "", "") == (process.returncode, output, errors)


def test_it_listens_on_the_loopback_interface_only(emulator: EmulatorProcess) -> None:
    port = int(emulator.address.rpartition(":")[2])
    with socket.socket() as other:
        # Another loopback address of this machine: nobody is there.
        assert 0 != other.connect_ex(("127.0.0.2", port))


def test_a_port_in_use_is_told_and_exits_69(emulator: EmulatorProcess) -> None:
    port = emulator.address.rpartition(":")[2]
    ended = subprocess.run([*COMMAND, "--port", port], capture_output=True, text=True, check=False)
    assert (69, "") == (ended.returncode, ended.stdout)
    assert ended.stderr.endswith(
        f"Error: Port {port} of 127.0.0.1 cannot be listened on: it is in use. Give another "
        "--port, or none to have a free one picked.\n"
    )
    assert "Traceback" not in ended.stderr


def test_a_folder_in_use_is_told_and_exits_69(tmp_path: Path) -> None:
    store = TaskStore(tmp_path)
    ended = subprocess.run(
        [*COMMAND, "--data", str(tmp_path)], capture_output=True, text=True, check=False
    )
    store.close()
    assert (69, "") == (ended.returncode, ended.stdout)
    assert (
        f"Error: The data folder {tmp_path} is in use by another emulator. Stop that one, or give "
        "another folder.\n"
    ) == ended.stderr


def test_a_start_that_fails_says_why() -> None:
    with pytest.raises(EmulatorError, match=r"(?s)did not start: .*Invalid value for '--port'"):
        EmulatorProcess(port=-1)


PARENT = """
import time
from functions.emulator.process import EmulatorProcess
print(EmulatorProcess().pid, flush=True)
time.sleep(600)
"""


def test_it_ends_with_its_parent_even_when_that_is_killed() -> None:
    parent = subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    assert is_running(child)
    parent.kill()
    parent.communicate()
    wait_until(lambda: not is_running(child))


def test_stopping_twice_is_no_harm() -> None:
    emulator = EmulatorProcess()
    assert [0, 0] == [emulator.stop(), emulator.stop()]


def test_the_help_shows_examples() -> None:
    shown = CliRunner().invoke(emulate, ["tasks", "--help"])
    assert 0 == shown.exit_code
    assert "mystage emulate tasks --port 8123 --data .mystage/tasks\n" in shown.output


@pytest.mark.parametrize("arguments", [["--port", "65536"], ["--port", "x"], ["--nonsense"]])
def test_a_wrong_option_is_wrong_usage(arguments: list[str]) -> None:
    shown = CliRunner().invoke(emulate, ["tasks", *arguments])
    assert isinstance(shown.exception, SystemExit)
    assert 2 == shown.exit_code


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    # A child nobody waits for stays as a zombie until its new parent has taken note of it.
    with open(f"/proc/{pid}/stat") as stat:  # noqa: PTH123 - not a path of ours
        return stat.read().rpartition(")")[2].split()[0] != "Z"
