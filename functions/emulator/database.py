"""The emulator's SQLite file: its folder, its lock, its tables.

The file is locked for as long as it is open: a second emulator on the same folder is refused, and
a lock never outlives its process.
"""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

from functions.errors import EmulatorError

if TYPE_CHECKING:
    from pathlib import Path

FILE_NAME = "cloud-tasks.sqlite3"
_APPLICATION_ID = 0x6D797374  # "myst", so that another program's file is not mistaken for ours
_VERSION = 1
_SCHEMA = """
CREATE TABLE queues (
    queue_key INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    message BLOB NOT NULL
) STRICT;
-- A finished task that its caller named stays as a row without content until its name may be
-- used again (`rests_until`); the unique index then refuses the name. `body` is last because a
-- row is read only as far as the last column that is asked for.
CREATE TABLE tasks (
    task_key INTEGER PRIMARY KEY,
    queue_key INTEGER NOT NULL,
    task_id TEXT NOT NULL,
    named INTEGER NOT NULL,
    rests_until INTEGER,
    created INTEGER NOT NULL,
    due INTEGER NOT NULL,
    retry_config BLOB,
    dispatches INTEGER NOT NULL DEFAULT 0,
    responses INTEGER NOT NULL DEFAULT 0,
    executions INTEGER NOT NULL DEFAULT 0,
    first_dispatch INTEGER NOT NULL DEFAULT 0,
    last_schedule INTEGER NOT NULL DEFAULT 0,
    last_dispatch INTEGER NOT NULL DEFAULT 0,
    last_response INTEGER NOT NULL DEFAULT 0,
    last_status INTEGER NOT NULL DEFAULT 0,
    last_reason TEXT NOT NULL DEFAULT '',
    message BLOB,
    body BLOB,
    UNIQUE (queue_key, task_id)
) STRICT;
CREATE INDEX resting ON tasks (rests_until) WHERE rests_until IS NOT NULL;
CREATE TABLE operations (
    name TEXT PRIMARY KEY,
    kept_until INTEGER NOT NULL,
    message BLOB NOT NULL
) STRICT;
"""


def open_database(folder: Path | None) -> sqlite3.Connection:
    """Open the file, made with its tables if it is missing, and lock it.

    A commit is on the disk when it returns: write-ahead log, ``synchronous = FULL``.

    Args:
        folder: Where the file is, made if missing; None for a temporary file that SQLite removes.

    Raises:
        EmulatorError: The folder cannot be used: in use, not writable, not an emulator's.
    """
    where = "a temporary file" if folder is None else str(folder)
    try:
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
        path = "" if folder is None else str(folder / FILE_NAME)
        # Calls come from one thread at a time, but not always from the one that opened it.
        connection = sqlite3.connect(path, timeout=0, isolation_level=None, check_same_thread=False)
    except (OSError, sqlite3.Error) as error:
        raise _unusable(where, error) from error
    try:
        _lock(connection)
        _check(connection, where)
    except sqlite3.Error as error:
        connection.close()
        raise _unusable(where, error) from error
    except EmulatorError:
        connection.close()
        raise
    return connection


def _lock(connection: sqlite3.Connection) -> None:
    # An exclusive lock keeps every other process out, and lets WAL do without shared memory.
    connection.execute("PRAGMA locking_mode = EXCLUSIVE")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("BEGIN EXCLUSIVE")
    connection.execute("COMMIT")


def _check(connection: sqlite3.Connection, where: str) -> None:
    application = _number(connection, "PRAGMA application_id")
    version = _number(connection, "PRAGMA user_version")
    if (application, version) == (_APPLICATION_ID, _VERSION):
        return
    if application or version or _number(connection, "SELECT count(*) FROM sqlite_schema"):
        raise EmulatorError(
            f"The data folder {where} has a {FILE_NAME} that is not this emulator's or of another "
            f"version ({version}, this is {_VERSION}). Give another folder."
        )
    connection.executescript(
        f"BEGIN; {_SCHEMA} PRAGMA application_id = {_APPLICATION_ID};"
        f" PRAGMA user_version = {_VERSION}; COMMIT;"
    )


def _number(connection: sqlite3.Connection, query: str) -> int:
    return int(connection.execute(query).fetchone()[0])


def _unusable(where: str, error: OSError | sqlite3.Error) -> EmulatorError:
    code = getattr(error, "sqlite_errorcode", None)
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return EmulatorError(
            f"The data folder {where} is in use by another emulator. "
            "Stop that one, or give another folder."
        )
    return EmulatorError(f"The data folder {where} cannot be used: {error}. Give another one.")
