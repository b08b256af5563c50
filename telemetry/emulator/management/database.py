"""The SQLite file of the management API: what was answered is on the disk."""

from __future__ import annotations

import threading
import uuid
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from telemetry.emulator.management.projects import KIND, new_project
from telemetry.emulator.management.rows import Rows
from telemetry.emulator.sqlite_file import Form, SqliteFile

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator
    from pathlib import Path

_FILE: Final = "management.db"

_FORM: Final = Form(
    application=0x6D79_6D67,  # "mymg"
    version=1,
    tables=(
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
    ),
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
        self._project_id = ""
        self._lock = threading.Lock()
        self._file = SqliteFile(folder / _FILE, _FORM, self._find_project)

    @contextmanager
    def transaction(self) -> Iterator[Rows]:
        """Lend the rows: all that is done with them is on the disk after the block, or nothing is.

        What was left in ``after_commit`` is called then, before any other transaction begins.

        Raises:
            StoreUnavailable: The disk is full or fails, or the file was closed.
        """
        with self._lock:
            with self._file.transaction() as connection:
                rows = Rows(connection, self._project_id)
                yield rows
            for call in rows.after_commit:
                call()

    def close(self) -> None:
        """Close the file, when what is under way has ended."""
        self._file.close()

    def _find_project(self, connection: sqlite3.Connection) -> None:
        """Make the project where there is none, and remember its UUID."""
        rows = Rows(connection, str(uuid.uuid4()))
        if not rows.all(KIND):
            new_project(rows)
        [project] = rows.all(KIND)
        self._project_id = project.id
