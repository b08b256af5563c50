"""Merges in a process of their own: the same result, and nothing lost where it breaks down."""

from __future__ import annotations

import os
import signal
import threading
from dataclasses import replace
from typing import TYPE_CHECKING

import pyarrow.parquet as pq
import pytest
from stored_rows import BY_HAND, append, read, segments_of

from telemetry.emulator.arrow import RECORDS
from telemetry.emulator.processes import WorkerProcess
from telemetry.emulator.store import merger
from telemetry.emulator.store.merger import Merge, MergeStopped, merge_elsewhere
from telemetry.emulator.store.segments import open_segment
from telemetry.emulator.store.shredding import hot_keys_of, table_schema

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import OpenStore

    from telemetry.emulator.store import Store

ELSEWHERE = replace(BY_HAND, merge_here_rows=0)


@pytest.fixture
def store(open_store: OpenStore) -> Store:
    """Have two segments, which a process is to merge."""
    opened = open_store(ELSEWHERE)
    for name in "ab":
        append(opened, name)
        opened.roll_now()
    return opened


@pytest.fixture
def merge(store: Store, folder: Path) -> Merge:
    """Ask for a merge as the store does; it is closed."""
    store.close()
    table = folder / "records_all"
    segments = tuple(open_segment(table / name, "start_timestamp") for name in segments_of(folder))
    schema = table_schema(RECORDS, hot_keys_of(pq.read_schema(segments[0].path)))
    return Merge(table, segments, schema, "start_timestamp", ())


def test_a_process_merges_what_this_one_would(store: Store, folder: Path, said: list[str]) -> None:
    before = read(store, "span_name", "attributes")
    store.compact_now()
    assert ["000000000001-000000000002.parquet"] == segments_of(folder)
    assert before == read(store, "span_name", "attributes")
    assert [] == said


def test_a_damaged_page_is_told_of_by_the_process(
    store: Store, folder: Path, said: list[str]
) -> None:
    path = folder / "records_all" / "000000000001-000000000001.parquet"
    data = bytearray(path.read_bytes())
    data[40] ^= 1
    path.write_bytes(data)
    store.compact_now()
    assert [f"a segment is damaged and stays as it is: {path}"] == [
        ": ".join(each.split(": ")[:2]) for each in said
    ]
    assert 2 == len(segments_of(folder))


def test_what_broke_a_process_is_told_of_once_and_left_as_it_is(
    store: Store, folder: Path, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Doomed(WorkerProcess):
        def send(self, _: object) -> None:
            os.kill(self.pid, signal.SIGKILL)

    monkeypatch.setattr(merger, "WorkerProcess", Doomed)
    store.compact_now()
    store.compact_now()
    (told,) = said
    assert "broke down, perhaps for want of memory" in told
    assert 2 == len(segments_of(folder))
    assert ["a", "b"] == sorted(name for (name,) in read(store, "span_name"))


def test_a_merge_is_stopped_and_leaves_nothing_behind(merge: Merge, folder: Path) -> None:
    pids: list[int] = []

    class Watched(WorkerProcess):
        def send(self, _: object) -> None:
            pids.append(self.pid)  # and asks for nothing, so it never ends by itself

    stop = threading.Event()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(merger, "WorkerProcess", Watched)
        (folder / "records_all" / "000000000001-000000000002.parquet.tmp").write_bytes(b"begun")
        stop.set()
        with pytest.raises(MergeStopped):
            merge_elsewhere(merge, stop.is_set)
    (pid,) = pids
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    assert [] == list((folder / "records_all").glob("*.tmp"))
    assert 2 == len(segments_of(folder))


def test_a_full_disk_is_refused_by_the_process_as_by_this_one(merge: Merge) -> None:
    gone = replace(merge, folder=merge.folder / "missing")
    with pytest.raises(FileNotFoundError):
        merge_elsewhere(gone, lambda: False)
