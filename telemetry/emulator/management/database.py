"""The SQLite file of the management API: what was answered is on the disk."""

from __future__ import annotations

import sqlite3
import threading
import uuid
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from telemetry.emulator.management.projects import KIND, new_project
from telemetry.emulator.management.rows import Rows
from telemetry.emulator.store.files import sync_folder
from telemetry.errors import StoreUnavailable, StoreUnusable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_FILE: Final = "management.db"
_APPLICATION: Final = 0x6D79_6D67
"""Marks the file as ours (https://www.sqlite.org/pragma.html#pragma_application_id): "mymg"."""
_VERSION: Final = 1

_SETTINGS: Final = (
    "PRAGMA journal_mode = WAL",
    # Every commit waits for the disk, on macOS for the disk's own cache, too.
    "PRAGMA synchronous = FULL",
    "PRAGMA fullfsync = ON",
)

_SCHEMA: Final = (
    """
    CREATE TABLE resources (
        number INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        kind TEXT NOT NULL,
        identity TEXT,
        content TEXT NOT NULL,
        created_at TEXT NOT NULL,
        updated_at TEXT NOT NULL
    ) STRICT
    """,
    # Rows without an identity do not exclude each other: NULL equals nothing.
    "CREATE UNIQUE INDEX resources_by_identity ON resources (kind, identity)",
    "CREATE INDEX resources_by_kind ON resources (kind, number)",
    f"PRAGMA application_id = {_APPLICATION}",
    f"PRAGMA user_version = {_VERSION}",
)


class Database:
    """Open the file, made if missing; several threads may use it.

    Its folder is to be held by the caller: one process at a time.

    Args:
        folder: Where the file is; it must be there.

    Raises:
        StoreUnusable: The file is damaged, foreign, of another version, or cannot be opened.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / _FILE
        self._lock = threading.Lock()
        try:
            self._connection = sqlite3.connect(
                self.path, isolation_level=None, check_same_thread=False
            )
        except sqlite3.Error as error:
            raise self._unusable(error) from error
        try:
            self._project_id = self._open()
            sync_folder(folder)
        except BaseException as error:
            self._connection.close()
            if isinstance(error, (sqlite3.Error, OSError)):
                raise self._unusable(error) from error
            raise

    @contextmanager
    def transaction(self) -> Iterator[Rows]:
        """Lend the rows: all that is done with them is on the disk after the block, or nothing is.

        Raises:
            StoreUnavailable: The disk is full or fails, or the file was closed.
        """
        with self._lock:
            try:
                self._connection.execute("BEGIN IMMEDIATE")
                yield Rows(self._connection, self._project_id)
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

    def _open(self) -> str:
        """Make sure that the file is ours, and return the project's UUID."""
        if self._pragma("schema_version"):
            self._check_ours()
        for setting in _SETTINGS:
            self._connection.execute(setting)
        if not self._pragma("schema_version"):
            self._fill()
        [project] = Rows(self._connection, str(uuid.UUID(int=0))).all(KIND)
        return project.id

    def _fill(self) -> None:
        self._connection.execute("BEGIN IMMEDIATE")
        for statement in _SCHEMA:
            self._connection.execute(statement)
        project_id = str(uuid.uuid4())
        new_project(Rows(self._connection, project_id))
        self._connection.execute("COMMIT")

    def _check_ours(self) -> None:
        if self._pragma("application_id") != _APPLICATION:
            raise StoreUnusable(
                f"{self.path} is a SQLite file of another application: move it away"
            )
        if (version := self._pragma("user_version")) != _VERSION:
            raise StoreUnusable(
                f"{self.path} has version {version}, and this program reads version {_VERSION}:"
                " use the program that wrote it, or move the file away to start empty"
            )

    def _pragma(self, name: str) -> int:
        [value] = self._connection.execute(f"PRAGMA {name}").fetchone()
        return int(value)

    def _unusable(self, error: Exception) -> StoreUnusable:
        return StoreUnusable(
            f"{self.path} cannot be opened: {error}. Restore it from a backup, or move it and its"
            " -wal and -shm files away to start empty"
        )
