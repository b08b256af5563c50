"""What a store makes of a folder that a kill, a fault of the disk or a stranger left behind."""

from __future__ import annotations

import errno
import os
import shutil
from typing import TYPE_CHECKING, Any

import pytest
from stored_rows import append, logs_of, read, segments_of

from telemetry.emulator.store import Store, StoreOptions
from telemetry.emulator.store.frames import HEADER_SIZE
from telemetry.errors import StoreUnusable

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import OpenStore


@pytest.fixture
def log(open_store: OpenStore, folder: Path) -> tuple[Path, list[int]]:
    """Give a log of three batches, a, b and c, and where each ends."""
    store = open_store()
    (path,) = logs_of(folder)
    ends = []
    for name in "abc":
        append(store, name)
        ends.append(path.stat().st_size)
    store.close()
    return path, ends


def test_a_torn_tail_loses_only_the_torn_batch(
    open_store: OpenStore, log: tuple[Path, list[int]], said: list[str]
) -> None:
    """The log is cut at each byte of the last header and at some of the payload."""
    path, (_, begin, end) = log
    whole = path.read_bytes()
    cuts = [*range(begin + 1, begin + HEADER_SIZE + 2), *range(begin + 70, end, 97), end - 1]
    for cut in cuts:
        shutil.rmtree(path.parent)
        path.parent.mkdir()
        path.write_bytes(whole[:cut])
        said.clear()
        assert ["a", "b"] == read(open_store())
        assert [f"the log {path} ends within a batch, at byte {begin}"] == [
            each.partition(":")[0] for each in said
        ]
    assert [] == list(path.parent.glob("*.damaged"))


def test_a_batch_may_be_sent_again_after_its_log_was_torn(
    open_store: OpenStore, log: tuple[Path, list[int]]
) -> None:
    path, (_, _, end) = log
    path.write_bytes(path.read_bytes()[: end - 1])
    store = open_store()
    assert [False, False, True] == [append(store, name) for name in "abc"]
    store.roll_now()
    assert ["a", "b", "c"] == read(open_store())


@pytest.mark.parametrize("position", [0, 9, 30, HEADER_SIZE + 3, -1])
def test_a_flipped_bit_loses_one_batch_is_told_and_the_file_is_kept(
    open_store: OpenStore,
    log: tuple[Path, list[int]],
    said: list[str],
    position: int,
) -> None:
    """In the header or the payload of b: what follows it is there all the same."""
    path, (begin, end, _) = log
    damaged = bytearray(path.read_bytes())
    damaged[(begin if position >= 0 else end) + position] ^= 0x10
    path.write_bytes(damaged)
    store = open_store()
    assert ["a", "c"] == read(store)
    assert f"{end - begin} bytes from byte {begin} on cannot be read" in said[0]
    # Kept as it was until the batches that could be read are in a segment, and afterwards too.
    assert ["a", "c"] == read(open_store())
    store = open_store()
    store.roll_now()
    kept = path.with_name(path.name + ".damaged")
    assert damaged == kept.read_bytes()
    assert ["a", "c"] == read(open_store())
    assert kept.exists()


def test_a_damaged_last_batch_is_no_torn_one(
    open_store: OpenStore, log: tuple[Path, list[int]], said: list[str]
) -> None:
    path, _ = log
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    assert ["a", "b"] == read(open_store())
    assert "is damaged" in said[0]


def test_one_damaged_schema_is_made_up_for_by_the_other(
    open_store: OpenStore, log: tuple[Path, list[int]], said: list[str]
) -> None:
    path, _ = log
    data = bytearray(path.read_bytes())
    data[HEADER_SIZE + 20] ^= 1
    path.write_bytes(data)
    assert ["a", "b", "c"] == read(open_store())
    assert "is damaged" in said[0]


def test_a_log_without_any_schema_is_set_aside(
    open_store: OpenStore, log: tuple[Path, list[int]], said: list[str]
) -> None:
    path, _ = log
    data = path.read_bytes()
    second = data.index(data[:8], 8)
    path.write_bytes(data[2 * second :])
    store = open_store()
    assert [] == read(store)
    assert path.with_name(path.name + ".damaged").exists()
    assert "is damaged" in said[0]
    assert append(store, "a")


def test_garbage_between_batches_is_skipped(
    open_store: OpenStore, log: tuple[Path, list[int]], said: list[str]
) -> None:
    path, (begin, _, _) = log
    data = path.read_bytes()
    path.write_bytes(data[:begin] + bytes(5_000) + data[:8] + data[begin:])
    assert ["a", "b", "c"] == read(open_store())
    assert f"5008 bytes from byte {begin} on" in said[0]


def test_a_log_that_a_roll_left_behind_adds_nothing(
    open_store: OpenStore, log: tuple[Path, list[int]], folder: Path
) -> None:
    path, _ = log
    data = path.read_bytes()
    store = open_store()
    store.roll_now()
    store.close()
    path.write_bytes(data)
    assert ["a", "b", "c"] == read(open_store())
    assert path not in logs_of(folder)


def test_segments_that_a_merge_left_behind_are_removed(
    open_store: OpenStore, folder: Path, tmp_path: Path
) -> None:
    store = open_store()
    for name in "abc":
        append(store, name)
        store.roll_now()
    shutil.copytree(folder / "records_all", tmp_path / "before")
    store.compact_now()
    store.close()
    for name in ("000000000001-000000000001", "000000000003-000000000003"):
        shutil.copy(tmp_path / "before" / f"{name}.parquet", folder / "records_all")
    assert ["a", "b", "c"] == read(open_store())
    assert ["000000000001-000000000003.parquet"] == segments_of(folder)


def test_segments_that_overlap_in_part_are_refused(open_store: OpenStore, folder: Path) -> None:
    store = open_store()
    for name in "abc":
        append(store, name)
    store.roll_now()
    store.close()
    (segment,) = (folder / "records_all").glob("*.parquet")
    shutil.copy(segment, segment.with_name("000000000002-000000000005.parquet"))
    with pytest.raises(StoreUnusable, match="hold the same batches in part"):
        open_store()


def test_temporary_files_go_and_foreign_ones_stay_with_a_message(
    open_store: OpenStore, folder: Path, said: list[str]
) -> None:
    store = open_store()
    append(store, "a")
    store.close()
    half = folder / "records_all" / "000000000001-000000000001.parquet.tmp"
    half.write_bytes(b"PAR1")
    foreign = folder / "records_all" / "holiday.jpg"
    foreign.write_bytes(b"")
    assert ["a"] == read(open_store())
    assert not half.exists()
    assert foreign.exists()
    assert [f"{foreign} is no part of the telemetry store: it is left alone"] == said


def test_a_damaged_segment_is_set_aside_with_a_message(
    open_store: OpenStore, folder: Path, said: list[str]
) -> None:
    store = open_store()
    for name in "ab":
        append(store, name)
        store.roll_now()
    store.close()
    segment = folder / "records_all" / "000000000001-000000000001.parquet"
    segment.write_bytes(segment.read_bytes()[:-3])
    store = open_store()
    assert ["b"] == read(store)
    assert f"the segment {segment} is damaged and kept as {segment}.damaged" in said[0]
    assert append(store, "c")
    assert ["b", "c"] == read(open_store())


def test_links_of_snapshots_that_a_kill_left_behind_are_removed(
    open_store: OpenStore, folder: Path
) -> None:
    store = open_store()
    append(store, "a")
    store.roll_now()
    store.close()
    left = folder / "records_all" / "snapshots" / "7"
    left.mkdir(parents=True)
    (left / "000000000001-000000000001.parquet").write_bytes(b"")
    assert ["a"] == read(open_store())
    assert not left.exists()


def test_a_full_tail_of_a_kill_becomes_a_segment_by_itself(
    open_store: OpenStore, folder: Path
) -> None:
    store = open_store()
    for name in "abcd":
        append(store, name)
    store = open_store(StoreOptions(tail_rows=2))
    append(store, "e")
    store.roll_now()
    assert ["a", "b", "c", "d", "e"] == read(store)
    assert segments_of(folder)


def test_numbers_go_on_where_they_stood_when_all_segments_expired(
    open_store: OpenStore, folder: Path
) -> None:
    store = open_store(StoreOptions(retention_bytes=0))
    append(store, "a")
    store.roll_now()
    store.expire_now()
    assert [] == read(store)
    store = open_store()
    append(store, "b")
    store.roll_now()
    assert ["000000000002-000000000002.parquet"] == segments_of(folder)


def test_one_process_at_a_time(open_store: OpenStore, folder: Path) -> None:
    open_store()
    with pytest.raises(StoreUnusable, match=f"{folder} is in use by another process"):
        Store(folder)


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("")
    with pytest.raises(StoreUnusable, match=f"{path} is a file"):
        Store(path)


def test_a_folder_in_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreUnusable, match="cannot be used for telemetry: Not a directory"):
        Store(tmp_path / "file" / "folder")


def test_a_foreign_folder_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("")
    with pytest.raises(StoreUnusable, match=r"something else than telemetry \(thesis.txt\)"):
        Store(tmp_path)
    assert ["thesis.txt"] == [path.name for path in tmp_path.iterdir()]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("mystage telemetry store, format 2\n", "has format 2, and this program reads format 1"),
        ("garbage", "is damaged or not ours"),
    ],
)
def test_a_folder_of_another_version_is_refused(
    open_store: OpenStore, folder: Path, text: str, message: str
) -> None:
    open_store().close()
    (folder / "format").write_text(text)
    with pytest.raises(StoreUnusable, match=message):
        open_store()


def test_a_folder_that_may_not_be_written_to_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forbid(*_: Any, **__: Any) -> int:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(os, "open", forbid)  # the superuser of a container may write anywhere
    with pytest.raises(StoreUnusable, match="Permission denied"):
        Store(tmp_path / "telemetry")
