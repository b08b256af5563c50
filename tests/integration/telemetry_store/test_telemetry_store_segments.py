"""Merging, dropping and completing segments, and snapshots that do not notice."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq
from stored_rows import BY_HAND, START, append, read, read_view, segments_of

from telemetry.emulator.arrow import HOT_PREFIX
from telemetry.emulator.store.hot_keys import SAMPLE, STRIDE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import pyarrow as pa
    import pytest
    from conftest import OpenStore

    from telemetry.emulator.store import Store
    from telemetry.emulator.store.segments import Segment

PATIENCE = 30.0


def roll_each(store: Store, names: str, **options: Any) -> None:
    for name in names:
        append(store, name, **options)
        store.roll_now()


def hot_keys(store: Store) -> frozenset[str]:
    with store.snapshot() as snapshot:
        return snapshot.tables["records_all"].hot_keys


def wait_for_segments(folder: Path, names: list[str]) -> None:
    deadline = time.monotonic() + PATIENCE
    while segments_of(folder) != names:
        assert time.monotonic() < deadline, segments_of(folder)
        time.sleep(0.005)


def test_neighbouring_segments_are_merged_in_the_background(
    open_store: OpenStore, folder: Path
) -> None:
    store = open_store(replace(BY_HAND, fan_in=3))
    roll_each(store, "abc")
    wait_for_segments(folder, ["000000000001-000000000003.parquet"])
    assert ["a", "b", "c"] == read(store)


def test_a_full_tail_becomes_a_segment_in_the_background(
    open_store: OpenStore, folder: Path
) -> None:
    store = open_store(replace(BY_HAND, tail_rows=2))
    append(store, "a")
    append(store, "b")
    append(store, "c")
    wait_for_segments(folder, ["000000000001-000000000002.parquet"])
    assert ["a", "b", "c"] == read(store)


def test_an_old_tail_becomes_a_segment_in_the_background(
    open_store: OpenStore, folder: Path
) -> None:
    store = open_store(replace(BY_HAND, tail_age=timedelta(0)))
    append(store, "a")
    wait_for_segments(folder, ["000000000001-000000000001.parquet"])


def test_a_merged_segment_is_sorted_and_keeps_values(open_store: OpenStore, folder: Path) -> None:
    store = open_store()
    for first in (40, 0, 20):
        names = [f"{first + number:02}" for number in range(30)]
        append(store, *names, times=[first + number for number in range(30)])
        store.roll_now()
    columns = ("span_name", "attributes", "start_timestamp", "kind")
    before = read(store, *columns)
    store.compact_now()
    with store.snapshot() as snapshot:
        view = snapshot.tables["records_all"]
        assert view.folder is not None
        assert ["000000000001-000000000003.parquet"] == [p.name for p in view.folder.iterdir()]
        table = pq.read_table(view.folder, partitioning=None)
        times = table.column("start_timestamp").to_pylist()
    assert sorted(times) == times
    assert before == read(store, *columns)


def test_rows_are_merged_a_row_group_at_a_time(
    open_store: OpenStore, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With tiny row groups and slices, many of each overlap."""
    monkeypatch.setattr("telemetry.emulator.store.segments.GROUP_ROWS", 8)
    monkeypatch.setattr("telemetry.emulator.store.merging.SLICE_ROWS", 3)
    store = open_store()
    for part in range(3):
        names = [f"{number:03}" for number in range(part, 90, 3)]
        append(store, *names, times=[int(name) for name in reversed(names)])
        store.roll_now()
    store.compact_now()
    (name,) = segments_of(folder)
    file = pq.ParquetFile(folder / "records_all" / name)
    assert [8] * 11 + [2] == [file.metadata.row_group(n).num_rows for n in range(12)]
    times = file.read().column("start_timestamp").to_pylist()
    assert sorted(times) == times
    assert 90 == len(set(read(store)))


def test_a_held_snapshot_does_not_change(open_store: OpenStore, folder: Path) -> None:
    now = [START / 1e6]
    options = replace(BY_HAND, retention_age=timedelta(hours=1))
    store = open_store(options, clock=lambda: now[0])
    roll_each(store, "ab")
    append(store, "c")
    with store.snapshot() as held, store.snapshot() as twin:
        view = held.tables["records_all"]
        assert view is twin.tables["records_all"]
        twin.close()
        append(store, "d")
        store.roll_now()
        store.compact_now()
        assert ["a", "b", "c", "d"] == read(store)
        now[0] += 3601
        store.expire_now()
        assert [] == segments_of(folder)
        assert [] == read(store)
        assert ["a", "b", "c"] == read_view(view)
        assert view.folder is not None
        assert view.folder.exists()
    assert not view.folder.exists()


def test_the_generation_changes_with_segments_and_not_with_rows(open_store: OpenStore) -> None:
    store = open_store()

    def generation() -> tuple[int, object]:
        with store.snapshot() as snapshot:
            view = snapshot.tables["records_all"]
            return view.generation, view.folder

    roll_each(store, "a")
    first = generation()
    append(store, "b")
    assert first == generation()
    store.roll_now()
    second = generation()
    assert first != second
    store.compact_now()
    assert second != generation()


def test_a_snapshot_of_an_unchanged_store_is_quick(open_store: OpenStore) -> None:
    store = open_store()
    roll_each(store, "abc")
    with store.snapshot() as first:
        best = PATIENCE
        for _ in range(20):
            began = time.perf_counter()
            with store.snapshot() as again:
                best = min(best, time.perf_counter() - began)
            assert first.tables["records_all"] is again.tables["records_all"]
    assert best < 0.001


def test_small_batches_come_together(open_store: OpenStore) -> None:
    store = open_store()
    for number in range(200):
        append(store, f"{number:03}")
        if number % 7 == 0:
            store.snapshot().close()
    with store.snapshot() as snapshot:
        view = snapshot.tables["records_all"]
        assert len(view.batches) <= 8
        assert [f"{number:03}" for number in range(200)] == read_view(view)


def test_segments_expire_by_the_age_of_their_newest_row(open_store: OpenStore) -> None:
    now = [START / 1e6]
    store = open_store(replace(BY_HAND, retention_age=timedelta(hours=1)), clock=lambda: now[0])
    append(store, "old", "older", times=[0, -(10**9)])
    store.roll_now()
    append(store, "new", times=[60_000_000])
    store.roll_now()
    now[0] += 3600
    store.expire_now()
    assert ["new", "old", "older"] == read(store)
    now[0] += 1
    store.expire_now()
    assert ["new"] == read(store)


def test_the_oldest_segments_go_when_all_are_too_large(open_store: OpenStore, folder: Path) -> None:
    store = open_store()
    for number, name in enumerate("abc"):
        append(store, name, times=[number])
        store.roll_now()
    sizes = [path.stat().st_size for path in (folder / "records_all").glob("*.parquet")]
    store = open_store(replace(BY_HAND, retention_bytes=sum(sizes) - 1))
    store.expire_now()
    assert ["b", "c"] == read(store)


def test_attributes_are_shredded_as_json_operators_read_them(open_store: OpenStore) -> None:
    store = open_store(replace(BY_HAND, hot_keys=("v",)))
    values = ["text", "", "null", None, 1, True, 2.5, 1.0, [1, "a"], {"b": None}, float("nan")]
    append(
        store,
        *[f"{number:02}" for number in range(len(values) + 1)],
        attributes=[*({"v": value} for value in values), {}],
    )
    expected = [
        *("text", "", "null", None, "1", "true", "2.5", "1.0", '[1,"a"]', '{"b":null}', None),
        None,
    ]
    assert expected == [value for _, value in read(store, "span_name", HOT_PREFIX + "v")]
    store.roll_now()
    assert expected == [value for _, value in read(store, "span_name", HOT_PREFIX + "v")]


def test_a_frequent_attribute_becomes_hot_and_what_was_before_is_completed(
    open_store: OpenStore,
) -> None:
    store = open_store(replace(BY_HAND, max_hot_keys=1))
    rows = SAMPLE * STRIDE
    names = [f"{number:04}" for number in range(rows)]
    append(store, *names, attributes=[{"city": "Ulm", "letter": "x" * 200}] * rows)
    assert {"stage"} == hot_keys(store)
    store._tables["records_all"].ingest.freeze()
    append(store, "z", attributes=[{"stage": "s", "city": 5}])
    assert {"stage"} == hot_keys(store)  # the frozen rows do not have it yet
    store.roll_now()
    assert {"stage", "city"} == hot_keys(store)
    expected = [*((name, "Ulm") for name in names), ("z", "5")]
    assert expected == read(store, "span_name", HOT_PREFIX + "city")
    assert {"stage", "city"} == hot_keys(open_store())


def test_a_few_rows_make_nothing_hot(open_store: OpenStore) -> None:
    store = open_store(replace(BY_HAND, max_hot_keys=1))
    append(store, "a", attributes=[{"city": "Ulm"}])
    store.roll_now()
    assert {"stage"} == hot_keys(store)


def test_a_newly_named_key_is_filled_into_segments_and_logs(open_store: OpenStore) -> None:
    store = open_store()
    append(store, "a", attributes=[{"stage": "s", "n": 1}])
    store.roll_now()
    append(store, "b", attributes=[{"n": [2]}])
    store.close()
    # Merging begins in the background right away; nothing of what is asked for depends on when.
    store = open_store(replace(BY_HAND, hot_keys=("stage", "n")))
    store.compact_now()
    assert {"stage", "n"} == hot_keys(store)
    expected = [("a", "s", "1"), ("b", None, "[2]")]
    assert expected == read(store, "span_name", HOT_PREFIX + "stage", HOT_PREFIX + "n")


def test_a_merge_completes_segments_too(open_store: OpenStore) -> None:
    store = open_store(replace(BY_HAND, hot_keys=()))
    for name in "ab":
        append(store, name, attributes=[{"n": name}])
        store.roll_now()
    store = open_store(replace(BY_HAND, hot_keys=("n",)))
    roll_each(store, "c", attributes=[{"n": 3}])
    store.compact_now()
    assert [("a", "a"), ("b", "b"), ("c", "3")] == read(store, "span_name", HOT_PREFIX + "n")


def test_closing_does_not_wait_for_a_merge_to_end(
    open_store: OpenStore, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = threading.Event()

    def merge_for_ever(segments: list[Segment], schema: pa.Schema, _: str) -> Iterator[Any]:
        (path, *_others) = [segment.path for segment in segments]
        (batch,) = pq.read_table(path, partitioning=None).cast(schema).to_batches()
        while True:
            yield batch
            begun.set()

    monkeypatch.setattr("telemetry.emulator.store.merger.merge_segments", merge_for_ever)
    store = open_store(replace(BY_HAND, fan_in=2))
    roll_each(store, "ab")
    assert begun.wait(PATIENCE)
    store.close()
    assert [] == list((folder / "records_all").glob("*.tmp"))
    assert 2 == len(segments_of(folder))


def test_a_segment_with_a_damaged_page_is_told_of_and_left_alone(
    open_store: OpenStore, folder: Path, said: list[str]
) -> None:
    store = open_store()
    roll_each(store, "ab")
    path = folder / "records_all" / "000000000001-000000000001.parquet"
    data = bytearray(path.read_bytes())
    data[40] ^= 1
    path.write_bytes(data)
    store.compact_now()
    assert [f"a segment is damaged and stays as it is: {path}"] == [
        each.split(": ")[0] + ": " + each.split(": ")[1] for each in said
    ]
    assert 2 == len(segments_of(folder))
