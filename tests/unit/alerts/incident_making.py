"""Incidents and notifications for tests."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from functions.alerts.incidents import Event, Incident
from functions.alerts.notifications import AlertNotification, pack_rows

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def minute(number: float) -> datetime:
    return NOON + timedelta(minutes=number)


def make_incident(rows: list[dict[str, Any]] | None = None, **fields: Any) -> Incident:
    rows = [{"stage": "sourcing", "dead_letters": 6}] if rows is None else rows
    matches = fields.pop("matches", len(rows))
    event = Event(run_id="1", at=NOON, matches=matches, packed_rows=pack_rows(rows))
    known: dict[str, Any] = {
        "id": "i1",
        "alert_key": "k1",
        "alert_id": "a-1",
        "title": "Spike",
        "description": "Look at the failed tasks.",
        "project": "pipeline",
        "opened_at": NOON,
        "runs": 1,
        "events": (event,),
    }
    return Incident(**known | fields)


def read(**fields: Any) -> AlertNotification:
    body = {"alert_id": "a-1", "alert_name": "Spike", "has_matches": True} | fields
    return AlertNotification.model_validate_json(json.dumps(body))
