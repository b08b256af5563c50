"""What a channel is told of a run: the body of the format ``raw-data``, which others are made of.

Logfire does not document what it sends as ``raw-data``; this is the emulator's own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from telemetry.emulator.timestamps import write_timestamp

if TYPE_CHECKING:
    from telemetry.emulator.alerting.definitions import Alert, Owner
    from telemetry.emulator.alerting.results import Result
    from telemetry.emulator.alerting.runs import Run
    from telemetry.emulator.management.bodies import Content

ALERT_ID = "{alert_id}"
"""What stands for an alert's UUID in the address of its page."""


def make_notification(
    alert: Alert, owner: Owner, run: Run, *, before: Result, alert_url: str | None
) -> Content:
    """Return what is told of a run.

    Args:
        alert: Which was run.
        owner: What it belongs to.
        run: What it found.
        before: What the run before had found.
        alert_url: Where an alert's page is, with ``ALERT_ID`` in it; None where it has none.
    """
    return {
        "type": "alert",
        "alert_id": alert.id,
        "alert_name": alert.name,
        "alert_description": alert.description,
        "organization_id": owner.organization_id,
        "project_id": owner.project_id,
        "project_name": owner.project_name,
        "alert_url": None if alert_url is None else alert_url.replace(ALERT_ID, alert.id),
        "run_id": run.id,
        "evaluated_at": write_timestamp(run.at),
        "window_start": write_timestamp(run.window_start),
        "window_end": write_timestamp(run.window_end),
        "has_matches": bool(run.result.length),
        "had_matches": bool(before.length),
        "notify_when": alert.notify_when,
        "result_length": run.result.length,
        "result": run.result.rows,
        "truncated": run.result.is_cut,
        "error": None,
    }
