"""The store's SQLite file: connections to it, its schema, and its errors in our words."""

from __future__ import annotations

import os
import random
import sqlite3
import time
from collections import deque
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from functions.errors import StoreUnavailable, StoreUnusable
from functions.runtime.store.sqlite_select import (
    create_index,
    drop_index,
    index_name,
    register_functions,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import timedelta
    from pathlib import Path

    from functions.runtime.store.indexes import Index

VERSION: Final = 1
"""Of the schema, the encoding and the sort keys: a change of any of them is another version."""

_APPLICATION: Final = 0x6D797374
"""Marks a SQLite file as ours (https://www.sqlite.org/pragma.html#pragma_application_id)."""

_SCHEMA: Final = (
    """
    CREATE TABLE documents (
        collection TEXT NOT NULL,
        id TEXT NOT NULL,
        data TEXT NOT NULL,
        create_time INTEGER NOT NULL,
        update_time INTEGER NOT NULL
    )
    """,
    "CREATE UNIQUE INDEX names ON documents (collection, id)",
    # The latest commit time, so that times rise even where the machine's clock is set back.
    "CREATE TABLE clock (only INTEGER PRIMARY KEY CHECK (only = 1), commit_time INTEGER NOT NULL)",
    "INSERT INTO clock VALUES (1, 0)",
    f"PRAGMA application_id = {_APPLICATION}",
    f"PRAGMA user_version = {VERSION}",
)

_SETTINGS: Final = (
    "PRAGMA journal_mode = WAL",
    # A commit that returned survives a loss of power, on macOS too.
    "PRAGMA synchronous = FULL",
    "PRAGMA fullfsync = ON",
    # Indexes call field_key, which some builds of SQLite distrust unless told otherwise.
    "PRAGMA trusted_schema = ON",
    # Checkpoints of 16 MiB instead of 4: a tenth more commits a second.
    "PRAGMA wal_autocheckpoint = 4000",
    "PRAGMA journal_size_limit = 67108864",
)

_LONGEST_PAUSE: Final = 0.005
"""Seconds; some ten transactions."""

_BUSY: Final = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})
_UNREACHABLE: Final = frozenset(
    {
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_READONLY,
    }
)
_DAMAGED: Final = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
_CHANGED: Final = frozenset({sqlite3.SQLITE_ERROR, sqlite3.SQLITE_SCHEMA})
"""A table or an index is gone, or a document's text is none."""


class SqliteFile:
    """Open connections to one store's file, and keep those that are idle for the next reader.

    Args:
        path: The file; its folder must be there. SQLite puts ``-wal`` and ``-shm`` beside it.
        indexes: The indexes to have; others are removed.
        busy_timeout: How long to wait for other processes.

    Raises:
        StoreUnavailable: The file cannot be opened.
        StoreUnusable: It is no store, or one of another version, or damaged.
    """

    def __init__(self, path: Path, indexes: Sequence[Index], busy_timeout: timedelta) -> None:
        self.path = path
        self._timeout = busy_timeout.total_seconds()
        self._process = os.getpid()
        self._idle: deque[sqlite3.Connection] = deque()
        self._closed = False
        with self.errors():
            self.writer = self._connect()
            try:
                self.writer.execute("PRAGMA busy_timeout = 0")  # _execute waits instead
                self._prepare(indexes)
            except BaseException:
                self.writer.close()
                raise

    @contextmanager
    def reader(self) -> Iterator[sqlite3.Connection]:
        """Lend a connection to read with, and end its transaction where one was begun."""
        self.check_usable()
        with self.errors():
            try:
                connection = self._idle.pop()
            except IndexError:
                connection = self._connect()
                connection.execute("PRAGMA query_only = ON")
            try:
                yield connection
            finally:
                if connection.in_transaction:
                    connection.execute("COMMIT")
                self._idle.append(connection)
                if self._closed:
                    self._close_idle()

    @contextmanager
    def errors(self) -> Iterator[None]:
        """Raise SQLite's errors as the store's own."""
        try:
            yield
        except sqlite3.DatabaseError as error:
            code = _primary_code(error)
            if code in _BUSY:
                raise StoreUnavailable(
                    f"{self.path} was locked by others for {self._timeout:g} s: try again, and see"
                    " whether another process keeps a transaction open"
                ) from error
            if code in _UNREACHABLE:
                raise StoreUnavailable(
                    f"{self.path} cannot be read or written: {error}. Check that its folder is"
                    " there, may be written to and has room, then try again"
                ) from error
            if code in _DAMAGED:
                raise StoreUnusable(
                    f"{self.path} is damaged or no document store: {error}. Restore it from a"
                    " backup, or move it and its -wal and -shm files away to start empty"
                ) from error
            if code in _CHANGED:
                raise StoreUnusable(
                    f"{self.path} is not as this program left it: {error}. If another version of"
                    " the program opened it meanwhile, start this one anew; otherwise it is"
                    " damaged: restore it from a backup"
                ) from error
            raise

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Lend the one connection that writes: all that is done with it is kept, or nothing."""
        try:
            self._execute(self.writer, "BEGIN IMMEDIATE")
            yield self.writer
            self.writer.execute("COMMIT")
        except BaseException:
            if self.writer.in_transaction:  # not where SQLite has ended it by itself
                self.writer.execute("ROLLBACK")
            raise

    def _execute(self, connection: sqlite3.Connection, statement: str) -> None:
        """Execute a statement that takes a lock, when others let go of it.

        SQLite's own waiting sleeps up to 100 ms at a time, so that among busy processes one of them
        starves for a second, and some statements it does not wait for at all. Short pauses, each of
        another length, share fairly.
        """
        deadline = time.monotonic() + self._timeout
        while True:
            try:
                connection.execute(statement)
            except sqlite3.OperationalError as error:
                if _primary_code(error) not in _BUSY or time.monotonic() > deadline:
                    raise
                time.sleep(random.uniform(0, _LONGEST_PAUSE))  # noqa: S311 - jitter, no secret
            else:
                return

    def check_usable(self) -> None:
        """Refuse use after ``close``, and in a process that was forked off.

        Raises:
            StoreUnavailable: It is one of these.
        """
        if self._closed:
            raise StoreUnavailable(f"the store of {self.path} was closed: open it again")
        if self._process != os.getpid():
            # https://www.sqlite.org/howtocorrupt.html#_carrying_an_open_database_across_a_fork_
            raise StoreUnavailable(
                f"the store of {self.path} was opened before this process was forked off:"
                " open one of its own in each process"
            )

    def close(self) -> None:
        """Close all connections; those that are lent, once they come back."""
        self._closed = True
        self.writer.close()
        self._close_idle()

    def _close_idle(self) -> None:
        while self._idle:
            self._idle.pop().close()

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self.path, timeout=self._timeout, isolation_level=None, check_same_thread=False
        )
        try:
            self._configure(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _configure(self, connection: sqlite3.Connection) -> None:
        self._check_version(connection)
        for setting in _SETTINGS:
            self._execute(connection, setting)
        if connection.execute("PRAGMA journal_mode").fetchone() != ("wal",):
            raise StoreUnavailable(
                f"{self.path} cannot have a write-ahead log: put it on a local disk"
            )
        register_functions(connection)

    def _check_version(self, connection: sqlite3.Connection) -> None:
        """Refuse a file that is not ours before anything of it is changed."""
        # The schema first: an empty file may become a store while this is being asked.
        if not _pragma(connection, "schema_version"):
            return
        if _pragma(connection, "application_id") != _APPLICATION:
            raise StoreUnusable(
                f"{self.path} is a SQLite file of another application: choose another path"
            )
        version = _pragma(connection, "user_version")
        if version != VERSION:
            raise StoreUnusable(
                f"{self.path} has version {version}, and this program reads version {VERSION}: use"
                " the program that wrote it, or move the file away to start empty"
            )

    def _prepare(self, indexes: Sequence[Index]) -> None:
        """Make the tables of an empty file, and the indexes where the declaration changed."""
        wanted = {index_name(each): each for each in indexes}
        if self._index_names() == wanted.keys() and _pragma(self.writer, "schema_version"):
            return
        with self.transaction() as connection:
            if not _pragma(connection, "schema_version"):
                for statement in _SCHEMA:
                    connection.execute(statement)
            there = self._index_names()
            for name in there - wanted.keys():
                connection.execute(drop_index(name))
            for name in wanted.keys() - there:
                connection.execute(create_index(wanted[name]))

    def _index_names(self) -> set[str]:
        rows = self.writer.execute(
            "SELECT name FROM sqlite_master WHERE type = 'index' AND tbl_name = 'documents'"
            " AND name <> 'names'"
        )
        return {name for (name,) in rows}


def _primary_code(error: sqlite3.DatabaseError) -> int:
    """Return SQLite's code without its details (https://www.sqlite.org/rescode.html)."""
    return getattr(error, "sqlite_errorcode", sqlite3.SQLITE_MISUSE) & 0xFF


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    (value,) = connection.execute(f"PRAGMA {name}").fetchone()
    return int(value)
