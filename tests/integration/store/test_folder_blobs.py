from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from functions.errors import BlobCorrupt, BlobMissing, InvalidBlobKey, StoreUnavailable
from functions.runtime.blobs import FolderBlobs

KEY = hashlib.sha256(b"page").hexdigest()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data" / "blobs"


@pytest.fixture
def blobs(folder: Path) -> FolderBlobs:
    return FolderBlobs(folder)


def files(folder: Path) -> list[Path]:
    return [each for each in folder.rglob("*") if each.is_file()]


@pytest.mark.parametrize("data", [b"", b"\0", b"page", bytes(range(256)) * 10_000])
def test_bytes_come_back(blobs: FolderBlobs, data: bytes) -> None:
    assert data == blobs.get(blobs.put(data))


def test_the_key_is_the_sha256(blobs: FolderBlobs) -> None:
    assert KEY == blobs.put(b"page")


def test_a_blob_lies_two_folders_deep(blobs: FolderBlobs, folder: Path) -> None:
    blobs.put(b"page")
    assert [folder / KEY[:2] / KEY[2:4] / KEY] == files(folder)


def test_the_same_bytes_are_stored_once(blobs: FolderBlobs, folder: Path) -> None:
    keys = {blobs.put(b"page") for _ in range(3)}
    before = (folder / KEY[:2] / KEY[2:4] / KEY).stat()
    assert keys == {FolderBlobs(folder).put(b"page")}
    assert before == (folder / KEY[:2] / KEY[2:4] / KEY).stat()
    assert 1 == len(files(folder))


def test_blobs_outlive_the_store_that_wrote_them(blobs: FolderBlobs, folder: Path) -> None:
    blobs.put(b"page")
    assert b"page" == FolderBlobs(folder).get(KEY)


def test_a_blob_that_is_not_there_is_an_error(blobs: FolderBlobs) -> None:
    with pytest.raises(BlobMissing, match=f"no blob {KEY} in .*blobs"):
        blobs.get(KEY)


@pytest.mark.parametrize(
    "key",
    [
        "",
        "../" * 20 + "etc/passwd",
        "/etc/passwd",
        f"../{KEY[3:]}",
        KEY[:-1],
        f"{KEY}0",
        f"{KEY}\n",
        KEY.upper(),
        f"{KEY[:-1]}/",
        f"{KEY[:-1]}\0",
        "٣" * 64,
        None,
        KEY.encode(),
        7,
    ],
)
def test_what_is_no_key_is_refused(blobs: FolderBlobs, key: Any) -> None:
    with pytest.raises(InvalidBlobKey, match="is not 64 hexadecimal digits"):
        blobs.get(key)


@pytest.mark.parametrize("damage", [b"", b"pagf", b"pag", b"page "])
def test_damage_is_an_error_until_the_bytes_are_put_again(
    blobs: FolderBlobs, folder: Path, damage: bytes
) -> None:
    blobs.put(b"page")
    (folder / KEY[:2] / KEY[2:4] / KEY).write_bytes(damage)
    with pytest.raises(BlobCorrupt, match=r"is damaged.*Put them again"):
        blobs.get(KEY)
    assert KEY == blobs.put(b"page")
    assert b"page" == blobs.get(KEY)


@pytest.mark.skipif(sys.platform != "linux", reason="asks /proc which file a descriptor is")
def test_the_bytes_and_their_name_are_on_the_disk_before_put_returns(
    blobs: FolderBlobs, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced = []

    def fsync(descriptor: int, real: Any = os.fsync) -> None:
        synced.append(Path(f"/proc/self/fd/{descriptor}").readlink())
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    blobs.put(b"page")
    outer, inner = folder / KEY[:2], folder / KEY[:2] / KEY[2:4]
    *folders, content, name = synced
    assert {folder, outer} == set(folders)
    assert (folder / "incoming", inner) == (content.parent, name)


def test_a_write_that_fails_leaves_nothing_behind(
    blobs: FolderBlobs, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fsync(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", fsync)
        with pytest.raises(StoreUnavailable, match=r"No space left on device.*has room"):
            blobs.put(b"page")
    assert [] == files(folder)
    assert b"page" == blobs.get(blobs.put(b"page"))


def test_a_folder_that_cannot_be_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreUnavailable, match=r"blobs in .*file/blobs cannot be read or written"):
        FolderBlobs(tmp_path / "file" / "blobs")


def test_what_a_dead_process_left_is_removed_when_it_is_old(
    blobs: FolderBlobs, folder: Path
) -> None:
    old, young = (folder / "incoming" / name for name in ("old", "young"))
    for each in (old, young):
        each.write_bytes(b"part")
    os.utime(old, (time.time() - 3_700,) * 2)
    FolderBlobs(folder)
    assert [young] == files(folder)


def test_threads_may_put_the_same_bytes_at_once(blobs: FolderBlobs, folder: Path) -> None:
    with ThreadPoolExecutor(8) as threads:
        assert {KEY} == set(threads.map(lambda _: blobs.put(b"page"), range(40)))
    assert 1 == len(files(folder))


def test_killed_processes_leave_whole_blobs_only(blobs: FolderBlobs, folder: Path) -> None:
    worker = Path(__file__).with_name("blob_worker.py")
    workers = [
        subprocess.Popen([sys.executable, worker, folder], stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    put = set()
    for each in workers:
        with each:
            assert each.stdout is not None
            put |= {each.stdout.readline().strip() for _ in range(10)}
            each.kill()
            put |= {line.strip() for line in each.stdout if line.endswith("\n")}
    whole = {each for each in files(folder) if each.parent.name != "incoming"}
    assert put <= {each.name for each in whole}
    for file in whole:
        assert file.name == hashlib.sha256(blobs.get(file.name)).hexdigest()
