"""What is appended is there at once, once, and after reopening."""

from __future__ import annotations

import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from stored_rows import BY_HAND, append, make_batch, read, segments_of, tables_of

from telemetry.emulator.arrow import METRICS, RECORDS
from telemetry.errors import StoreUnavailable

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import OpenStore


@pytest.mark.parametrize("table", [RECORDS, METRICS], ids=lambda table: table.name)
def test_a_batch_is_seen_once_its_append_returned(open_store: OpenStore, table: object) -> None:
    store = open_store()
    assert append(store, "a", "b", table=table)
    assert ["a", "b"] == read(store, table=table)  # type: ignore[arg-type]


@pytest.mark.parametrize("rolled", [False, True])
def test_rows_are_there_after_reopening(open_store: OpenStore, rolled: bool) -> None:  # noqa: FBT001 - a parameter
    store = open_store()
    append(store, "a", "b")
    if rolled:
        store.roll_now()
    append(store, "c", table=METRICS)
    store = open_store()
    assert ["a", "b"] == read(store)
    assert ["c"] == read(store, table=METRICS)


def test_a_rolled_segment_holds_the_same_values_as_the_tail(open_store: OpenStore) -> None:
    store = open_store()
    append(store, "a", "b", times=[5, 3], attributes=[{"stage": "x", "n": 1}, {}])
    with store.snapshot() as snapshot:
        before = snapshot.tables["records_all"]
        store.roll_now()
        with store.snapshot() as later:
            after = later.tables["records_all"]
            assert before.folder is None
            assert not after.batches
            assert before.schema.equals(after.schema, check_metadata=True)
            (rows,) = before.batches
            (segment,) = tables_of(after)
            assert rows.take(pa.array([1, 0])).to_pylist() == segment.to_pylist()


def test_a_segment_is_sorted_by_time_and_equal_times_keep_their_order(
    open_store: OpenStore, folder: Path
) -> None:
    store = open_store()
    append(store, "c", "a", "b1", times=[3, 1, 2])
    append(store, "b2", "d", times=[2, 4])
    store.roll_now()
    (name,) = segments_of(folder)
    table = pq.read_table(folder / "records_all" / name, partitioning=None)
    assert ["a", "b1", "b2", "c", "d"] == table.column("span_name").to_pylist()
    assert "000000000001-000000000002.parquet" == name


@pytest.mark.parametrize("reopened", [False, True])
@pytest.mark.parametrize("rolled", [False, True])
def test_a_batch_that_is_sent_again_is_not_added(
    open_store: OpenStore,
    reopened: bool,  # noqa: FBT001 - a parameter
    rolled: bool,  # noqa: FBT001 - a parameter
) -> None:
    store = open_store()
    assert append(store, "a", digest="once")
    if rolled:
        store.roll_now()
    if reopened:
        store = open_store()
    assert not append(store, "a", digest="once")
    assert append(store, "a", digest="another", table=METRICS)
    assert ["a"] == read(store)


def test_batches_of_merged_segments_are_still_known(open_store: OpenStore) -> None:
    store = open_store()
    for name in "abc":
        append(store, name)
        store.roll_now()
    store.compact_now()
    store = open_store()
    assert [False] * 3 == [append(store, name) for name in "abc"]
    assert ["a", "b", "c"] == read(store)


def test_a_batch_without_rows_is_not_kept(open_store: OpenStore, folder: Path) -> None:
    store = open_store()
    assert append(store, digest="empty")
    store.roll_now()
    assert [] == segments_of(folder)
    assert append(store, "a", digest="empty")


def test_a_copy_that_comes_while_the_first_is_written_waits_for_it(
    open_store: OpenStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = open_store()
    writing, go_on = threading.Event(), threading.Event()
    real = os.fdatasync

    def slow(descriptor: int) -> None:
        writing.set()
        assert go_on.wait(30)
        real(descriptor)

    monkeypatch.setattr(os, "fdatasync", slow)
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(append, store, "a")
        assert writing.wait(30)
        copy = pool.submit(append, store, "a")
        other = pool.submit(append, store, "b")
        assert [] == read(store)
        assert not copy.done()
        go_on.set()
        assert (True, False, True) == (first.result(), copy.result(), other.result())
    assert ["a", "b"] == read(store)


def test_waiting_batches_share_one_call_to_the_disk(
    open_store: OpenStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = open_store()
    calls: list[int] = []
    real, writing, go_on = os.fdatasync, threading.Event(), threading.Event()

    def counted(descriptor: int) -> None:
        calls.append(descriptor)
        writing.set()
        assert go_on.wait(30)
        real(descriptor)

    monkeypatch.setattr(os, "fdatasync", counted)
    with ThreadPoolExecutor(6) as pool:
        first = pool.submit(append, store, "0")
        assert writing.wait(30)
        others = [pool.submit(append, store, str(number)) for number in range(1, 6)]
        while len(store._tables["records_all"].ingest._writer._entries) < 5:
            time.sleep(0.001)
        go_on.set()
        assert all(each.result() for each in [first, *others])
    assert 2 == len(calls)


def test_readers_see_whole_batches_while_ingest_runs(open_store: OpenStore) -> None:
    """Four threads append, two look: rows come in pairs, and what was acknowledged is there."""
    store = open_store(replace(BY_HAND, tail_rows=40, fan_in=3))
    acknowledged: list[str] = []

    def ingest(worker: str) -> None:
        for number in range(30):
            append(store, f"{worker}{number}-0", f"{worker}{number}-1")
            acknowledged.append(f"{worker}{number}")

    def look() -> int:
        looks = 0
        while len(acknowledged) < 120:
            known = set(acknowledged)
            seen = read(store)
            assert len(seen) == len(set(seen))
            pairs = {name.partition("-")[0] for name in seen}
            assert len(seen) == 2 * len(pairs)
            assert known <= pairs
            looks += 1
        return looks

    with ThreadPoolExecutor(6) as pool:
        ingests = [pool.submit(ingest, worker) for worker in "abcd"]
        looks = [pool.submit(look) for _ in range(2)]
        for each in ingests:
            each.result()
        assert all(each.result() for each in looks)
    assert 240 == len(read(store))


def test_a_closed_store_refuses(open_store: OpenStore) -> None:
    store = open_store()
    store.close()
    with pytest.raises(StoreUnavailable, match="closed"):
        append(store, "a")


def test_rows_of_another_kind_are_refused_and_nothing_is_stuck(open_store: OpenStore) -> None:
    store = open_store()
    wrong = make_batch(["a"], table=METRICS)
    with pytest.raises((ValueError, TypeError)):
        store.append(replace(wrong, table=RECORDS), b"d")
    assert append(store, "a", digest="d")
