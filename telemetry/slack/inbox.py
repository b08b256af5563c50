"""The messages that were taken, in a SQLite file: what was answered is on the disk."""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, Literal

from telemetry.errors import StoreUnavailable, StoreUnusable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

MAX_MESSAGES: Final = 1_000
"""The newest are kept."""

_APPLICATION: Final = 0x6D79_736C
"""Marks the file as ours (https://www.sqlite.org/pragma.html#pragma_application_id): "mysl"."""
_VERSION: Final = 1

_SETTINGS: Final = ("PRAGMA journal_mode = WAL", "PRAGMA synchronous = FULL")

_SCHEMA: Final = (
    # A message's number is its time in microseconds, so it is its `ts`, too.
    """
    CREATE TABLE messages (
        number INTEGER PRIMARY KEY,
        channel TEXT NOT NULL,
        thread INTEGER,
        source TEXT NOT NULL,
        content TEXT NOT NULL,
        received_at TEXT NOT NULL,
        edited_at TEXT
    ) STRICT
    """,
    "CREATE INDEX replies ON messages (thread) WHERE thread IS NOT NULL",
    f"PRAGMA application_id = {_APPLICATION}",
    f"PRAGMA user_version = {_VERSION}",
)

_COLUMNS: Final = "number, channel, thread, source, content, received_at, edited_at"
_MICROSECONDS: Final = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """Hold one message.

    Attributes:
        channel: Where it stands.
        ts: Its name there, as Slack names messages: seconds with six digits behind the point.
        thread_ts: The message it replies to; None for one that is no reply.
        text: What notifications show, as mrkdwn; "" where there are only blocks.
        blocks: Of Block Kit, as they were sent.
        attachments: As they were sent.
        source: How it came.
        received_at: When it came; aware, UTC.
        edited_at: When it was last changed; None where it was not.
        replies: The oldest first; empty for a reply.
    """

    channel: str
    ts: str
    thread_ts: str | None
    text: str
    blocks: tuple[Any, ...]
    attachments: tuple[Any, ...]
    source: Literal["webhook", "api"]
    received_at: datetime
    edited_at: datetime | None = None
    replies: tuple[Message, ...] = field(default_factory=tuple)


class Inbox:
    """Keep messages; several threads may use it, and one process at a time.

    Args:
        path: The file, made with its folder if missing.

    Raises:
        StoreUnusable: The file is damaged, foreign, of another version, or cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        except (sqlite3.Error, OSError) as error:
            raise self._unusable(error) from error
        try:
            self._open()
        except BaseException as error:
            self._connection.close()
            if isinstance(error, sqlite3.Error):
                raise self._unusable(error) from error
            raise

    def add(
        self,
        channel: str,
        content: Mapping[str, Any],
        *,
        source: Literal["webhook", "api"],
        thread_ts: str | None = None,
    ) -> Message | None:
        """Keep a message, and let go of the oldest where there are too many.

        Args:
            channel: Where it stands.
            content: Its ``text``, ``blocks`` and ``attachments``, those that there are.
            source: How it came.
            thread_ts: The message it replies to; a reply to a reply belongs to the same thread.

        Returns:
            The message; None where there is none in the channel that it could reply to.

        Raises:
            StoreUnavailable: It could not be written.
        """
        with self._transaction() as connection:
            thread = None
            if thread_ts is not None:
                parent = _find(connection, channel, thread_ts)
                if parent is None:
                    return None
                thread = parent[0] if parent[2] is None else parent[2]
            now = time.time_ns() // 1_000
            (last,) = connection.execute("SELECT max(number) FROM messages").fetchone()
            number = now if last is None else max(now, last + 1)
            row = (number, channel, thread, source, _pack(content), _write_time(now), None)
            connection.execute(
                f"INSERT INTO messages ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)",  # noqa: S608
                row,
            )
            connection.execute(
                "DELETE FROM messages WHERE number <="
                " (SELECT number FROM messages ORDER BY number DESC LIMIT 1 OFFSET ?)",
                (MAX_MESSAGES,),
            )
        return _read(row)

    def edit(self, channel: str, ts: str, content: Mapping[str, Any]) -> Message | None:
        """Put content in the place of a message's.

        Returns:
            The message; None where there is none of that name in the channel.

        Raises:
            StoreUnavailable: It could not be written.
        """
        with self._transaction() as connection:
            row = _find(connection, channel, ts)
            if row is None:
                return None
            edited_at = _write_time(time.time_ns() // 1_000)
            connection.execute(
                "UPDATE messages SET content = ?, edited_at = ? WHERE number = ?",
                (_pack(content), edited_at, row[0]),
            )
        return _read((*row[:4], _pack(content), row[5], edited_at))

    def messages(self, limit: int = MAX_MESSAGES) -> list[Message]:
        """Return threads, the newest first: messages that are no replies, with their replies.

        A reply whose thread has been let go of stands for itself.

        Args:
            limit: How many of them at most, replies not counted.

        Raises:
            StoreUnavailable: They could not be read.
        """
        with self._transaction() as connection:
            rows = connection.execute(
                f"SELECT {_COLUMNS} FROM messages ORDER BY number"  # noqa: S608 - our own names
            ).fetchall()
        known = {row[0] for row in rows}
        replies: dict[int, list[Message]] = {}
        roots = []
        for row in rows:
            if row[2] in known:
                replies.setdefault(row[2], []).append(_read(row))
            else:
                roots.append(row)
        newest = roots[: -limit - 1 : -1] if limit > 0 else []
        return [replace(_read(row), replies=tuple(replies.get(row[0], ()))) for row in newest]

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """Lend the connection: all that is done is on the disk after the block, or nothing is."""
        with self._lock:
            try:
                self._connection.execute("BEGIN IMMEDIATE")
                try:
                    yield self._connection
                except BaseException:
                    self._connection.execute("ROLLBACK")
                    raise
                self._connection.execute("COMMIT")
            except sqlite3.Error as error:
                raise StoreUnavailable(
                    f"{self._path} cannot be read or written: {error}. Check that its folder is"
                    " there and has room, then try again"
                ) from error

    def _open(self) -> None:
        if self._pragma("schema_version"):
            if self._pragma("application_id") != _APPLICATION:
                raise StoreUnusable(
                    f"{self._path} is a SQLite file of another application: move it away"
                )
            if (version := self._pragma("user_version")) != _VERSION:
                raise StoreUnusable(
                    f"{self._path} has version {version}, and this program reads {_VERSION}:"
                    " move it away to start empty"
                )
        for setting in _SETTINGS:
            self._connection.execute(setting)
        if not self._pragma("schema_version"):
            with self._transaction() as connection:
                for statement in _SCHEMA:
                    connection.execute(statement)

    def _pragma(self, name: str) -> int:
        [value] = self._connection.execute(f"PRAGMA {name}").fetchone()
        return int(value)

    def _unusable(self, error: Exception) -> StoreUnusable:
        return StoreUnusable(
            f"{self._path} cannot be opened: {error}. Move it and its -wal and -shm files away to"
            " start empty"
        )


def _find(connection: sqlite3.Connection, channel: str, ts: str) -> tuple[Any, ...] | None:
    seconds, point, digits = ts.partition(".")
    if not (point and seconds.isdecimal() and digits.isdecimal() and len(digits) == len("000000")):
        return None
    number = int(seconds[:12]) * _MICROSECONDS + int(digits)
    found: Iterable[tuple[Any, ...]] = connection.execute(
        f"SELECT {_COLUMNS} FROM messages WHERE number = ? AND channel = ?",  # noqa: S608
        (number, channel),
    )
    return next(iter(found), None)


def _pack(content: Mapping[str, Any]) -> str:
    kept = {name: content.get(name) for name in ("text", "blocks", "attachments")}
    return json.dumps(kept)


def _read(row: tuple[Any, ...]) -> Message:
    number, channel, thread, source, packed, received_at, edited_at = row
    content = json.loads(packed)
    return Message(
        channel=channel,
        ts=_write_ts(number),
        thread_ts=None if thread is None else _write_ts(thread),
        text=content["text"] or "",
        blocks=tuple(content["blocks"] or ()),
        attachments=tuple(content["attachments"] or ()),
        source=source,
        received_at=datetime.fromisoformat(received_at),
        edited_at=None if edited_at is None else datetime.fromisoformat(edited_at),
    )


def _write_ts(number: int) -> str:
    return f"{number // _MICROSECONDS}.{number % _MICROSECONDS:06}"


def _write_time(microseconds: int) -> str:
    return datetime.fromtimestamp(microseconds / _MICROSECONDS, UTC).isoformat()
