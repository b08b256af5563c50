"""What survives kills in the middle of ingest, rolls and merges, and a full disk."""

from __future__ import annotations

import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from stored_rows import append, read

from telemetry.emulator.store import Store
from telemetry.errors import StoreUnusable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conftest import OpenStore

WORKER = Path(__file__).with_name("telemetry_store_worker.py")


@contextmanager
def worker(*arguments: object) -> Iterator[subprocess.Popen[str]]:
    """Run a worker; whatever happens, it does not outlive the test."""
    command = [sys.executable, WORKER, *map(str, arguments)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def test_kills_in_a_row_lose_no_acknowledged_batch_and_double_none(
    open_store: OpenStore, folder: Path
) -> None:
    """Each run is killed while it ingests, rolls every fourth batch, and merges every third."""
    acknowledged: set[str] = set()
    for run, length in enumerate((1, 70, 5, 120)):
        with worker(folder, "ingest", run) as process:
            assert process.stdout is not None
            for _ in range(length):
                acknowledged.add(process.stdout.readline().strip())
            process.kill()
            # It went on while it was being killed; a last line may be cut off.
            rest = process.stdout.read().splitlines(keepends=True)
            acknowledged |= {line.strip() for line in rest if line.endswith("\n")}
    store = open_store()
    seen = read(store)
    assert len(seen) == len(set(seen))
    batches = {name.rpartition(".")[0] for name in seen}
    assert len(seen) == 3 * len(batches)
    assert acknowledged <= batches
    # Of each run at most one batch per thread was on its way.
    assert len(batches) - len(acknowledged) <= 2 * 4
    for batch in batches:
        assert not append(store, *(f"{batch}.{part}" for part in range(3)))


def test_a_full_disk_refuses_and_the_store_goes_on_when_there_is_room(folder: Path) -> None:
    with worker(folder, "outgrow") as process:
        output, _ = process.communicate()
    refused, missing, *unrolled, added, more = output.splitlines()
    assert "the log cannot be written" in refused
    assert "File too large" in refused
    assert ("0", "True", "0") == (missing, added, more)
    assert len(unrolled) <= 1


def test_a_folder_in_use_names_the_process_and_is_free_after_a_kill(
    open_store: OpenStore, folder: Path
) -> None:
    with worker(folder, "wait") as process:
        assert process.stdout is not None
        assert "ready\n" == process.stdout.readline()
        with pytest.raises(StoreUnusable, match=rf"{folder} is in use .*\(id {process.pid}\)"):
            Store(folder)
    assert [] == read(open_store())


def test_ctrl_c_ends_a_process_at_once(folder: Path) -> None:
    with worker(folder, "wait") as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        assert process.wait(30)
