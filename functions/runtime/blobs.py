"""Bytes too large for a document, kept under a name that is their content.

A document holds 1 MiB; pages and images are larger. A blob's key is its SHA-256, so the same bytes
are stored once, a document that holds the key says exactly which bytes it means, and a reader sees
when they are no longer those.
"""

from __future__ import annotations

import hashlib
import os
import re
import time
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Final, Protocol
from uuid import uuid4

from functions.errors import BlobCorrupt, BlobMissing, InvalidBlobKey, StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_KEY: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)

_INCOMING: Final = "incoming"
"""The folder of files that are being written; a name that no key begins with."""

_ABANDONED: Final = timedelta(hours=1)
"""The age from which such a file was left behind by a process that died."""


class BlobStore(Protocol):
    """Keep bytes under their SHA-256. Safe to share between threads."""

    def put(self, data: bytes, /) -> str:
        """Store bytes, unless they are there, and return their key.

        The key is their SHA-256 as 64 hexadecimal digits. When this returns, the bytes survive a
        loss of power.

        Raises:
            StoreUnavailable: They cannot be stored now.
        """

    def get(self, key: str, /) -> bytes:
        """Return the bytes of a key, exactly those that were put.

        Raises:
            InvalidBlobKey: It is no key that ``put`` could have given.
            BlobMissing: No bytes are stored under it.
            BlobCorrupt: Its bytes have changed; to ``put`` them again repairs that.
            StoreUnavailable: They cannot be read now.
        """


class FolderBlobs:
    """Keep blobs as files of a folder, two levels deep; a ``BlobStore``.

    Safe between processes. A file appears under its name only once it is whole and on the disk, so
    neither ``kill -9`` nor a loss of power leaves part of one.

    Args:
        path: The folder, made where there is none.

    Raises:
        StoreUnavailable: It cannot be made or read.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._incoming = path / _INCOMING
        self._durable: set[Path] = set()
        with self._errors():
            self._incoming.mkdir(parents=True, exist_ok=True)
            _sync_folder(path.parent)
            _sync_folder(path)
            self._remove_abandoned()

    def put(self, data: bytes, /) -> str:
        """Store bytes, unless they are there, and return their key."""
        key = hashlib.sha256(data).hexdigest()
        path = self._locate(key)
        with self._errors():
            self._make_folders(path.parent)
            if not _holds(path, data):
                self._write(path, data)
            # Also where another process put it there just now, and has not come this far.
            _sync_folder(path.parent)
        return key

    def get(self, key: str, /) -> bytes:
        """Return the bytes of a key, exactly those that were put."""
        if not isinstance(key, str) or not _KEY.fullmatch(key):
            raise InvalidBlobKey(
                f"blob key {ascii(key)[:80]} is not 64 hexadecimal digits: use one that put() gave"
            )
        path = self._locate(key)
        with self._errors():
            try:
                data = path.read_bytes()
            except FileNotFoundError:
                raise BlobMissing(
                    f"no blob {key} in {self._path}: is this the folder it was put into?"
                ) from None
        if hashlib.sha256(data).hexdigest() != key:
            raise BlobCorrupt(
                f"blob {path} is damaged: its bytes are no longer those of its key. Put them again,"
                " or restore the file from a backup"
            )
        return data

    def _locate(self, key: str) -> Path:
        return self._path / key[:2] / key[2:4] / key

    def _write(self, path: Path, data: bytes) -> None:
        """Write a file aside, then move it into its place at once.

        Aside in one folder, not beside its place: what a process that died left behind is then
        found without looking through all of them.
        """
        aside = self._incoming / f"{path.name}.{uuid4().hex}"
        try:
            with aside.open("xb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            aside.replace(path)
        except BaseException:
            with suppress(FileNotFoundError):
                aside.unlink()
            raise

    def _make_folders(self, folder: Path) -> None:
        """Make a blob's folders and see them on the disk, once for each in this process."""
        if folder in self._durable:
            return
        folder.mkdir(parents=True, exist_ok=True)
        _sync_folder(folder.parent)
        _sync_folder(self._path)
        self._durable.add(folder)

    def _remove_abandoned(self) -> None:
        eldest = time.time() - _ABANDONED.total_seconds()
        for file in self._incoming.iterdir():
            with suppress(
                FileNotFoundError
            ):  # another process was quicker, to remove or to move it
                if file.stat().st_mtime < eldest:
                    file.unlink()

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise StoreUnavailable(
                f"the blobs in {self._path} cannot be read or written: {error}. Check that the"
                " folder may be written to and has room, then try again"
            ) from error


def _holds(path: Path, data: bytes) -> bool:
    """Say whether a file has this content; one that is damaged is then written anew."""
    try:
        return path.stat().st_size == len(data) and path.read_bytes() == data
    except FileNotFoundError:
        return False


def _sync_folder(folder: Path) -> None:
    """Put a folder's names on the disk: a new file's name is not there with its content."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
