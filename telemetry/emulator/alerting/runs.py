"""Runs of alerts as they are kept, and how each alert stands."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import orjson

from telemetry.emulator.alerting.results import NOTHING, Result
from telemetry.emulator.timestamps import read_timestamp, write_timestamp

if TYPE_CHECKING:
    import sqlite3
    from datetime import datetime

    from telemetry.emulator.alert_states import RunState
    from telemetry.emulator.management.bodies import Content

KEPT_RUNS: Final = 2_000
"""Of each alert, the newest: 33 hours of one that is run every minute."""

RUN_TABLES: Final = (
    """
    CREATE TABLE alerts (
        id TEXT PRIMARY KEY,
        snoozed_until TEXT,
        last_run TEXT,
        has_errors INTEGER NOT NULL DEFAULT 0,
        result TEXT NOT NULL DEFAULT '[]',
        result_length INTEGER NOT NULL DEFAULT 0,
        digest TEXT NOT NULL DEFAULT ''
    ) STRICT
    """,
    """
    CREATE TABLE runs (
        number INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        alert_id TEXT NOT NULL,
        at TEXT NOT NULL,
        window_start TEXT NOT NULL,
        window_end TEXT NOT NULL,
        state TEXT NOT NULL,
        result TEXT NOT NULL,
        result_length INTEGER NOT NULL,
        error TEXT,
        notified INTEGER NOT NULL,
        reason TEXT
    ) STRICT
    """,
    "CREATE INDEX runs_by_alert ON runs (alert_id, number)",
)

_NAMES: Final = (
    *("alert_id", "id", "at", "window_start", "window_end", "state"),
    *("result", "result_length", "error", "notified", "reason"),
)
_COLUMNS: Final = ", ".join(_NAMES)
_MARKS: Final = ", ".join("?" * len(_NAMES))


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """Hold one run.

    Attributes:
        id: Its UUID.
        alert_id: That of its alert.
        at: The moment as of which it was run.
        window_start: Rows later than this were seen.
        window_end: Rows up to this were.
        state: How it ended.
        result: What it found; nothing where it failed.
        error: Why it failed.
        notified: Whether anybody is told.
        reason: Why nobody is.
    """

    id: str
    alert_id: str
    at: datetime
    window_start: datetime
    window_end: datetime
    state: RunState
    result: Result = NOTHING
    error: str | None = None
    notified: bool
    reason: str | None

    def show(self) -> Content:
        """Return it as it is read."""
        return {
            "id": self.id,
            "at": write_timestamp(self.at),
            "window_start": write_timestamp(self.window_start),
            "window_end": write_timestamp(self.window_end),
            "state": self.state,
            "result_length": self.result.length,
            "result": self.result.rows,
            "error": self.error,
            "notified": self.notified,
            "reason": self.reason,
        }


@dataclass(frozen=True, slots=True)
class Standing:
    """Hold how an alert stands.

    Attributes:
        snoozed_until: Until when nobody is told.
        last_run: As of when it was run last.
        has_errors: Whether that run failed.
        result: What the last run found that did not.
    """

    snoozed_until: datetime | None = None
    last_run: datetime | None = None
    has_errors: bool = False
    result: Result = NOTHING

    def is_snoozed(self, now: datetime) -> bool:
        """Say whether nobody is told now."""
        return self.snoozed_until is not None and self.snoozed_until > now


def new_run_id() -> str:
    """Return a UUID that no run has."""
    return str(uuid.uuid4())


class Runs:
    """Read and write runs.

    Args:
        connection: Within a transaction.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def add(self, run: Run) -> None:
        """Keep a run, let its alert stand as it says, and drop the alert's oldest runs."""
        self._connection.execute(
            f"INSERT INTO runs ({_COLUMNS}) VALUES ({_MARKS})",  # noqa: S608
            (
                run.alert_id,
                run.id,
                write_timestamp(run.at),
                write_timestamp(run.window_start),
                write_timestamp(run.window_end),
                run.state,
                _write(run.result.rows),
                run.result.length,
                run.error,
                run.notified,
                run.reason,
            ),
        )
        self._stand(run)
        self._connection.execute(
            "DELETE FROM runs WHERE alert_id = ? AND number <= (SELECT number FROM runs"
            " WHERE alert_id = ? ORDER BY number DESC LIMIT 1 OFFSET ?)",
            (run.alert_id, run.alert_id, KEPT_RUNS),
        )

    def list_newest(
        self, alert_id: str, *, limit: int, before: str | None = None
    ) -> list[Run] | None:
        """Return runs of an alert, the newest first; their digests are not kept.

        Args:
            alert_id: Which alert's.
            limit: How many at most.
            before: Only runs before the one of this UUID; None is returned if there is no such.
        """
        number: int | None = None
        if before is not None:
            found = self._connection.execute(
                "SELECT number FROM runs WHERE alert_id = ? AND id = ?", (alert_id, before)
            ).fetchone()
            if found is None:
                return None
            [number] = found
        rows = self._connection.execute(
            f"SELECT {_COLUMNS} FROM runs WHERE alert_id = ? AND (? IS NULL OR number < ?)"  # noqa: S608
            " ORDER BY number DESC LIMIT ?",
            (alert_id, number, number, limit),
        )
        return [_read(row) for row in rows]

    def find_standing(self, alert_id: str) -> Standing:
        """Return how an alert stands."""
        found = self._connection.execute(
            "SELECT snoozed_until, last_run, has_errors, result, result_length, digest"
            " FROM alerts WHERE id = ?",
            (alert_id,),
        ).fetchone()
        if found is None:
            return Standing()
        snoozed_until, last_run, has_errors, rows, length, digest = found
        return Standing(
            None if snoozed_until is None else read_timestamp(snoozed_until),
            None if last_run is None else read_timestamp(last_run),
            bool(has_errors),
            Result(orjson.loads(rows), length, digest),
        )

    def snooze(self, alert_id: str, until: datetime | None) -> None:
        """Let nobody be told until a moment; None to end that."""
        self._connection.execute(
            "INSERT INTO alerts (id, snoozed_until) VALUES (?, ?)"
            " ON CONFLICT (id) DO UPDATE SET snoozed_until = excluded.snoozed_until",
            (alert_id, None if until is None else write_timestamp(until)),
        )

    def alert_ids(self) -> set[str]:
        """Return the UUIDs of all alerts that anything is kept of."""
        return {identifier for (identifier,) in self._connection.execute("SELECT id FROM alerts")}

    def forget(self, alert_id: str) -> None:
        """Forget the runs of an alert, and how it stands."""
        self._connection.execute("DELETE FROM runs WHERE alert_id = ?", (alert_id,))
        self._connection.execute("DELETE FROM alerts WHERE id = ?", (alert_id,))

    def _stand(self, run: Run) -> None:
        self._connection.execute(
            "INSERT INTO alerts (id, last_run, has_errors) VALUES (?, ?, ?) ON CONFLICT (id)"
            " DO UPDATE SET last_run = excluded.last_run, has_errors = excluded.has_errors",
            (run.alert_id, write_timestamp(run.at), run.state == "error"),
        )
        if run.state != "error":
            self._connection.execute(
                "UPDATE alerts SET result = ?, result_length = ?, digest = ? WHERE id = ?",
                (_write(run.result.rows), run.result.length, run.result.digest, run.alert_id),
            )


def _read(row: tuple[Any, ...]) -> Run:
    value = dict(zip(_NAMES, row, strict=True))
    return Run(
        id=value["id"],
        alert_id=value["alert_id"],
        at=read_timestamp(value["at"]),
        window_start=read_timestamp(value["window_start"]),
        window_end=read_timestamp(value["window_end"]),
        state=value["state"],
        result=Result(orjson.loads(value["result"]), value["result_length"], ""),
        error=value["error"],
        notified=bool(value["notified"]),
        reason=value["reason"],
    )


def _write(rows: list[dict[str, Any]]) -> str:
    return orjson.dumps(rows).decode()
