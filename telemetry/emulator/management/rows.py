"""Resources as rows of the database, within one transaction."""

from __future__ import annotations

import json
import sqlite3
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from telemetry.emulator.http.refusals import Refusal
from telemetry.emulator.timestamps import write_timestamp

if TYPE_CHECKING:
    from collections.abc import Callable

    from telemetry.emulator.management.bodies import Content

_COLUMNS: Final = "id, content, created_at, updated_at"


@dataclass(frozen=True, slots=True)
class Row:
    """Hold one resource as it is kept.

    Args:
        id: Its UUID.
        content: What was sent, checked, completed and without secrets.
        created_at: When, as Logfire writes it.
        updated_at: The same of its last change.
    """

    id: str
    content: Content
    created_at: str
    updated_at: str


class Rows:
    """Read and write resources.

    Args:
        connection: Within a transaction.
        project_id: The UUID of the one project.
    """

    def __init__(self, connection: sqlite3.Connection, project_id: str) -> None:
        self._connection = connection
        self.project_id = project_id
        self.after_commit: list[Callable[[], object]] = []
        """What is to be called once all of it is on the disk."""
        self.organization_id = str(uuid.uuid5(uuid.UUID(project_id), "organization"))

    def all(self, kind: str) -> list[Row]:
        """Return all resources of a kind, the oldest first."""
        found = self._connection.execute(
            f"SELECT {_COLUMNS} FROM resources WHERE kind = ? ORDER BY number",  # noqa: S608
            (kind,),
        )
        return [_read(*each) for each in found]

    def find(self, kind: str, identifier: str) -> Row | None:
        """Return one resource; None if there is no such."""
        found = self._connection.execute(
            f"SELECT {_COLUMNS} FROM resources WHERE kind = ? AND id = ?",  # noqa: S608
            (kind, identifier),
        ).fetchone()
        return None if found is None else _read(*found)

    def insert(
        self, kind: str, content: Content, identity: str | None, *, identifier: str | None = None
    ) -> Row:
        """Keep a new resource.

        Args:
            kind: Which kind.
            content: What is kept of it.
            identity: What no other of its kind may be called; None where all may be called alike.
            identifier: Its UUID; None for a new one.

        Raises:
            Refusal: Another one is called like that.
        """
        now = _now()
        row = Row(identifier or str(uuid.uuid4()), content, now, now)
        try:
            self._connection.execute(
                "INSERT INTO resources (id, kind, identity, content, created_at, updated_at)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                (row.id, kind, identity, _write(content), now, now),
            )
        except sqlite3.IntegrityError as error:
            raise _taken(kind, identity) from error
        return row

    def update(self, kind: str, row: Row, content: Content, identity: str | None) -> Row:
        """Replace what is kept of a resource.

        Raises:
            Refusal: Another one is called like that.
        """
        now = _now()
        try:
            self._connection.execute(
                "UPDATE resources SET identity = ?, content = ?, updated_at = ? WHERE id = ?",
                (identity, _write(content), now, row.id),
            )
        except sqlite3.IntegrityError as error:
            raise _taken(kind, identity) from error
        return Row(row.id, content, row.created_at, now)

    def delete(self, row: Row) -> None:
        """Remove a resource."""
        self._connection.execute("DELETE FROM resources WHERE id = ?", (row.id,))


def _read(identifier: str, content: str, created_at: str, updated_at: str) -> Row:
    return Row(identifier, json.loads(content), created_at, updated_at)


def _write(content: Content) -> str:
    return json.dumps(content, allow_nan=False, separators=(",", ":"))


def _now() -> str:
    return write_timestamp(datetime.now(UTC))


def _taken(kind: str, identity: str | None) -> Refusal:
    return Refusal(409, f"there is already another {kind} called {identity!r} in this project")
