"""A SQLite file of the emulator: what was answered is on the disk, and it is known to be ours."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from telemetry.emulator.store.files import sync_folder
from telemetry.errors import StoreUnavailable, StoreUnusable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

_SETTINGS: Final = (
    "PRAGMA journal_mode = WAL",
    # Every commit waits for the disk, on macOS for the disk's own cache, too.
    "PRAGMA synchronous = FULL",
    "PRAGMA fullfsync = ON",
)


@dataclass(frozen=True, slots=True)
class Form:
    """Say what a file is.

    Attributes:
        application: Marks the file as ours
            (https://www.sqlite.org/pragma.html#pragma_application_id): four letters as a number.
        version: Of its tables.
        tables: The statements that make them.
    """

    application: int
    version: int
    tables: tuple[str, ...]


class SqliteFile:
    """Open a file, made if missing; several threads may use it, one at a time.

    Its folder is to be held by the caller: one process at a time.

    Args:
        path: Where it is; its folder must be there.
        form: What it is.
        prepare: Called with the connection before anybody else may use it.

    Raises:
        StoreUnusable: The file is damaged, foreign, of another version, or cannot be opened.
    """

    def __init__(
        self,
        path: Path,
        form: Form,
        prepare: Callable[[sqlite3.Connection], object] = lambda _: None,
    ) -> None:
        self.path = path
        self._form = form
        self._lock = threading.Lock()
        try:
            self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        except sqlite3.Error as error:
            raise self._unusable(error) from error
        try:
            self._open()
            prepare(self._connection)
            sync_folder(path.parent)
        except BaseException as error:
            self._connection.close()
            if isinstance(error, (sqlite3.Error, OSError)):
                raise self._unusable(error) from error
            raise

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Lend the connection: all that is done with it is on the disk after the block, or nothing.

        Raises:
            StoreUnavailable: The disk is full or fails, or the file was closed.
        """
        with self._lock:
            try:
                self._connection.execute("BEGIN IMMEDIATE")
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException as error:
                if self._in_transaction():
                    self._connection.execute("ROLLBACK")
                if isinstance(error, sqlite3.Error):
                    raise StoreUnavailable(
                        f"{self.path} cannot be read or written: {error}. Check that its folder is"
                        " there and has room, then try again"
                    ) from error
                raise

    def close(self) -> None:
        """Close the file, when what is under way has ended."""
        with self._lock:
            self._connection.close()

    def _in_transaction(self) -> bool:
        try:
            return self._connection.in_transaction
        except sqlite3.ProgrammingError:  # closed
            return False

    def _open(self) -> None:
        if self._pragma("schema_version"):
            self._check_ours()
        for setting in _SETTINGS:
            self._connection.execute(setting)
        if not self._pragma("schema_version"):
            self._make_tables()

    def _make_tables(self) -> None:
        self._connection.execute("BEGIN IMMEDIATE")
        for statement in self._form.tables:
            self._connection.execute(statement)
        self._connection.execute(f"PRAGMA application_id = {self._form.application}")
        self._connection.execute(f"PRAGMA user_version = {self._form.version}")
        self._connection.execute("COMMIT")

    def _check_ours(self) -> None:
        if self._pragma("application_id") != self._form.application:
            raise StoreUnusable(
                f"{self.path} is a SQLite file of another application: move it away"
            )
        if (version := self._pragma("user_version")) != self._form.version:
            raise StoreUnusable(
                f"{self.path} has version {version}, and this program reads version"
                f" {self._form.version}: use the program that wrote it, or move the file away to"
                " start empty"
            )

    def _pragma(self, name: str) -> int:
        [value] = self._connection.execute(f"PRAGMA {name}").fetchone()
        return int(value)

    def _unusable(self, error: Exception) -> StoreUnusable:
        return StoreUnusable(
            f"{self.path} cannot be opened: {error}. Restore it from a backup, or move it and its"
            " -wal and -shm files away to start empty"
        )
