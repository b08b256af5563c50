"""Deliveries as they are kept: a message, the channel it goes to, and what became of it.

::

    pending ──▶ delivered          held ──▶ pending     its hours have begun
       │  └───▶ failed               └────▶ dropped     a newer one is held
       ├──────▶ held               failed, dropped, undeliverable ──▶ pending     by hand
       ├──────▶ dropped
       └──────▶ undeliverable
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import orjson

from telemetry.emulator.timestamps import read_timestamp, write_timestamp

if TYPE_CHECKING:
    import sqlite3
    from datetime import datetime

    from telemetry.emulator.alert_states import DeliveryState
    from telemetry.emulator.management.bodies import Content

KEPT: Final = 5_000
"""How many deliveries are kept, the newest; besides, all that are still under way."""

MOST_WAITING: Final = 100
"""Of an alert's deliveries to a channel: where nothing can be sent, the oldest give way."""

DELIVERY_TABLES: Final = (
    """
    CREATE TABLE deliveries (
        number INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        place INTEGER NOT NULL,
        alert_id TEXT NOT NULL,
        alert_name TEXT NOT NULL,
        run_id TEXT NOT NULL,
        channel_id TEXT NOT NULL,
        channel_label TEXT NOT NULL,
        schedule_ids TEXT NOT NULL,
        format TEXT,
        url TEXT,
        state TEXT NOT NULL,
        reason TEXT,
        notification TEXT NOT NULL,
        body TEXT,
        attempts TEXT NOT NULL DEFAULT '[]',
        tries INTEGER NOT NULL DEFAULT 0,
        created_at TEXT NOT NULL,
        next_attempt_at TEXT
    ) STRICT
    """,
    # `place` orders what waits for a channel; who is tried again by hand goes to the front.
    "CREATE INDEX deliveries_by_channel ON deliveries (state, channel_id, place)",
    "CREATE INDEX deliveries_by_alert ON deliveries (alert_id, number)",
)

_NAMES: Final = (
    *("id", "alert_id", "alert_name", "run_id", "channel_id", "channel_label", "schedule_ids"),
    *("format", "url", "state", "reason", "notification", "body", "attempts", "tries"),
    *("created_at", "next_attempt_at"),
)
_COLUMNS: Final = ", ".join(_NAMES)
_SELECT: Final = f"SELECT {_COLUMNS} FROM deliveries"  # noqa: S608


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """Hold how one attempt ended.

    Attributes:
        at: When it was made.
        status: Of HTTP; None where there was no answer.
        answer: How the answer begins.
        error: Why there was none.
    """

    at: datetime
    status: int | None = None
    answer: str | None = None
    error: str | None = None

    def show(self) -> Content:
        """Return it as it is kept and read."""
        return {
            "at": write_timestamp(self.at),
            "status": self.status,
            "answer": self.answer,
            "error": self.error,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """Hold one delivery.

    Attributes:
        id: Its UUID.
        alert_id: That of its alert.
        alert_name: What that was called.
        run_id: The UUID of the run it tells of.
        channel_id: That of the channel it goes to.
        channel_label: What that was called.
        schedule_ids: Those of the schedules that say when; none for any time.
        format: What the body is written as; None for a channel nothing can be sent to.
        url: Where it goes, masked.
        state: What has become of it.
        reason: Why.
        notification: What is told, as ``raw-data``.
        body: What is sent, in its format.
        attempts: All there were, as they are read.
        tries: How many there were since it was last begun with.
        created_at: When it was made.
        next_attempt_at: When it is tried next; None where it is not.
    """

    alert_id: str
    alert_name: str
    run_id: str
    channel_id: str
    channel_label: str
    schedule_ids: tuple[str, ...] = ()
    format: str | None
    url: str | None
    state: DeliveryState
    reason: str | None
    notification: Content
    body: Any
    created_at: datetime
    next_attempt_at: datetime | None
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    attempts: tuple[Content, ...] = ()
    tries: int = 0

    def show(self) -> Content:
        """Return it as it is read."""
        due = self.next_attempt_at
        return {
            "id": self.id,
            "alert_id": self.alert_id,
            "alert_name": self.alert_name,
            "run_id": self.run_id,
            "channel_id": self.channel_id,
            "channel_label": self.channel_label,
            "format": self.format,
            "url": self.url,
            "state": self.state,
            "reason": self.reason,
            "attempts": list(self.attempts),
            "body": self.body,
            "created_at": write_timestamp(self.created_at),
            "next_attempt_at": None if due is None else write_timestamp(due),
        }


class Deliveries:
    """Read and write deliveries.

    Args:
        connection: Within a transaction.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def add(self, delivery: Delivery) -> None:
        """Keep a new one; where too many wait, or are kept, the oldest give way."""
        values = _write(delivery)
        marks = ", ".join("?" * len(values))
        self._connection.execute(
            f"INSERT INTO deliveries (place, {_COLUMNS}) VALUES"  # noqa: S608
            f" ((SELECT coalesce(max(number), 0) + 1 FROM deliveries), {marks})",
            values,
        )
        if delivery.state == "held":
            self._drop_all_held_but_newest(delivery)
        self._connection.execute(
            "UPDATE deliveries SET state = 'dropped', next_attempt_at = NULL, reason = ?"
            " WHERE number IN (SELECT number FROM deliveries WHERE state = 'pending'"
            " AND alert_id = ? AND channel_id = ? ORDER BY number DESC LIMIT -1 OFFSET ?)",
            (
                f"more than {MOST_WAITING} of this alert were waiting for the channel",
                delivery.alert_id,
                delivery.channel_id,
                MOST_WAITING,
            ),
        )
        self._connection.execute(
            "DELETE FROM deliveries WHERE state NOT IN ('pending', 'held')"
            " AND number <= (SELECT max(number) FROM deliveries) - ?",
            (KEPT,),
        )

    def save(self, delivery: Delivery) -> None:
        """Keep what has become of one."""
        assignments = ", ".join(f"{name} = ?" for name in _NAMES)
        self._connection.execute(
            f"UPDATE deliveries SET {assignments} WHERE id = ?",  # noqa: S608
            (*_write(delivery), delivery.id),
        )
        if delivery.state == "held":
            self._drop_all_held_but_newest(delivery)

    def put_first(self, delivery: Delivery) -> None:
        """Let one be sent before all others."""
        self._connection.execute(
            "UPDATE deliveries SET place = (SELECT min(place) - 1 FROM deliveries) WHERE id = ?",
            (delivery.id,),
        )

    def find(self, identifier: str) -> Delivery | None:
        """Return one; None if there is no such."""
        row = self._connection.execute(f"{_SELECT} WHERE id = ?", (identifier,)).fetchone()
        return None if row is None else _read(row)

    def find_first(self, channel_id: str) -> Delivery | None:
        """Return the one that a channel is sent next; None if there is none."""
        row = self._connection.execute(
            f"{_SELECT} WHERE state = 'pending' AND channel_id = ? ORDER BY place LIMIT 1",
            (channel_id,),
        ).fetchone()
        return None if row is None else _read(row)

    def find_waiting(self) -> dict[str, datetime]:
        """Return the channels that something waits for, each with when it is to be tried."""
        # https://www.sqlite.org/lang_select.html#bareagg: of the row with the least place.
        rows = self._connection.execute(
            "SELECT channel_id, next_attempt_at, min(place) FROM deliveries"
            " WHERE state = 'pending' GROUP BY channel_id"
        )
        return {channel_id: read_timestamp(due) for channel_id, due, _ in rows}

    def list_held(self) -> list[Delivery]:
        """Return all that wait for their hours, the oldest first."""
        rows = self._connection.execute(f"{_SELECT} WHERE state = 'held' ORDER BY number")
        return [_read(row) for row in rows]

    def list_newest(self, *, limit: int, alert_id: str | None = None) -> list[Delivery]:
        """Return the newest, of an alert or of all, the newest first."""
        rows = self._connection.execute(
            f"{_SELECT} WHERE ? IS NULL OR alert_id = ? ORDER BY number DESC LIMIT ?",
            (alert_id, alert_id, limit),
        )
        return [_read(row) for row in rows]

    def _drop_all_held_but_newest(self, delivery: Delivery) -> None:
        self._connection.execute(
            "UPDATE deliveries SET state = 'dropped', next_attempt_at = NULL, reason = ?"
            " WHERE number IN (SELECT number FROM deliveries WHERE state = 'held'"
            " AND alert_id = ? AND channel_id = ? ORDER BY number DESC LIMIT -1 OFFSET 1)",
            (
                "a newer one came before the hours of its schedule began",
                delivery.alert_id,
                delivery.channel_id,
            ),
        )


def _write(delivery: Delivery) -> tuple[str | int | None, ...]:
    due = delivery.next_attempt_at
    return (
        delivery.id,
        delivery.alert_id,
        delivery.alert_name,
        delivery.run_id,
        delivery.channel_id,
        delivery.channel_label,
        orjson.dumps(delivery.schedule_ids).decode(),
        delivery.format,
        delivery.url,
        delivery.state,
        delivery.reason,
        orjson.dumps(delivery.notification).decode(),
        None if delivery.body is None else orjson.dumps(delivery.body).decode(),
        orjson.dumps(delivery.attempts).decode(),
        delivery.tries,
        write_timestamp(delivery.created_at),
        None if due is None else write_timestamp(due),
    )


def _read(row: tuple[Any, ...]) -> Delivery:
    value = dict(zip(_NAMES, row, strict=True))
    body, due = value.pop("body"), value.pop("next_attempt_at")
    return Delivery(
        **value
        | {
            "schedule_ids": tuple(orjson.loads(value["schedule_ids"])),
            "notification": orjson.loads(value["notification"]),
            "body": None if body is None else orjson.loads(body),
            "attempts": tuple(orjson.loads(value["attempts"])),
            "created_at": read_timestamp(value["created_at"]),
            "next_attempt_at": None if due is None else read_timestamp(due),
        }
    )
