"""The store's folder: one process at a time, and nothing in it that is not ours."""

from __future__ import annotations

import fcntl
import os
import re
from typing import TYPE_CHECKING, Final

from telemetry.emulator.store.files import TEMPORARY, publish_file
from telemetry.errors import StoreUnusable

if TYPE_CHECKING:
    from pathlib import Path

FORMAT: Final = 1
"""Of the folder's layout, the log's framing and what is kept in the Parquet files."""

_LOCK: Final = "lock"
_VERSION: Final = "format"
_TITLE: Final = "mystage telemetry store, format "
_OURS: Final = frozenset({_LOCK, _VERSION, _VERSION + TEMPORARY})


class StoreFolder:
    """Hold a folder for this process alone.

    Args:
        path: The folder, made if missing.

    Raises:
        StoreUnusable: It is in use, no folder, not writable, foreign, or of another version.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            path.mkdir(parents=True, exist_ok=True)
            self._refuse_foreign()
            self._lock = os.open(path / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except FileExistsError:
            raise StoreUnusable(
                f"{path} is a file, and telemetry is kept in a folder: choose another path"
            ) from None
        except OSError as error:
            raise StoreUnusable(
                f"the folder {path} cannot be used for telemetry: {error.strerror or error}. Check"
                " that it may be written to, or choose another one"
            ) from error
        try:
            self._take()
            self._check_version()
        except BaseException:
            os.close(self._lock)
            raise

    def close(self) -> None:
        """Give the folder free."""
        os.close(self._lock)

    def _refuse_foreign(self) -> None:
        names = {entry.name for entry in self.path.iterdir()}
        if _VERSION not in names and not names <= _OURS:
            raise StoreUnusable(
                f"the folder {self.path} holds something else than telemetry"
                f" ({min(names - _OURS)}): choose an empty one"
            )

    def _take(self) -> None:
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(self._lock, 20, 0).decode("ascii", "replace").strip()
            raise StoreUnusable(
                f"the folder {self.path} is in use by another process"
                + (f" (id {holder})" if holder else "")
                + ": stop it, or choose another folder"
            ) from None
        os.ftruncate(self._lock, 0)
        os.pwrite(self._lock, b"%d\n" % os.getpid(), 0)

    def _check_version(self) -> None:
        path = self.path / _VERSION
        try:
            text = path.read_text(encoding="utf-8", errors="replace")
        except FileNotFoundError:
            aside = path.with_name(_VERSION + TEMPORARY)
            aside.write_text(f"{_TITLE}{FORMAT}\n", encoding="utf-8")
            publish_file(aside, path)
            return
        found = re.fullmatch(re.escape(_TITLE) + r"(\d+)\n", text)
        if found is None:
            raise StoreUnusable(
                f"{path} is damaged or not ours: if the folder holds telemetry, restore this file"
                f" with the line '{_TITLE}{FORMAT}', otherwise choose another folder"
            )
        if int(found[1]) != FORMAT:
            raise StoreUnusable(
                f"the folder {self.path} has format {found[1]}, and this program reads format"
                f" {FORMAT}: use the program that wrote it, or choose another folder"
            )
