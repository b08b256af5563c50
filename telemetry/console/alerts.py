"""The pages of alerts: how they stand, what their runs found, and who was told."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import wraps
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse
from starlette.routing import Route

from telemetry.console.alert_sentences import (
    DELIVERY_MARKS,
    MARKS,
    MODES,
    RUN_MARKS,
    count_rows,
    describe_standing,
)
from telemetry.console.app import Section, render
from telemetry.console.forms import read_form
from telemetry.console.refreshing import read_refresh
from telemetry.console.run_strip import draw_strip
from telemetry.console.showing import leads_to_trace
from telemetry.definitions.durations import format_short, parse_duration
from telemetry.errors import RequestRefused, ServiceUnreachable

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from starlette.requests import Request
    from starlette.responses import Response

    from telemetry.console.emulator import Alert, Emulator, Run, Standing

    Serve = Callable[[Request], Awaitable[Response]]

_PATH: Final = "/alerts"
_ONE: Final = _PATH + "/{alert_id:uuid}"

SNOOZES: Final = {
    "30m": "30 minutes",
    "1h": "1 hour",
    "4h": "4 hours",
    "1d": "1 day",
    "1w": "1 week",
}
_TOLD: Final = {
    "snoozed": "Snoozed: it still runs, and tells nobody.",
    "woken": "Snoozed no more: it tells again.",
    "run": "It was run; the run is the newest below.",
    "retried": "The delivery is tried again now.",
}
"""What is said after a form was sent."""

_STRIP: Final = 60
"""Runs in the strip."""
_LISTED: Final = 20
"""Runs that are listed, each with its rows."""
_DELIVERIES: Final = 20

_MOST_FORM: Final = 1_000


@dataclass(frozen=True, slots=True)
class AlertRow:
    """Show an alert in the list of all."""

    alert: Alert
    standing: Standing


@dataclass(frozen=True, slots=True)
class RunRow:
    """Show a run.

    Attributes:
        names: The columns of its rows.
    """

    run: Run
    names: Sequence[str]


def alerts_section(emulator: Emulator) -> Section:
    """Return the section of the alerts that an emulator runs.

    Args:
        emulator: Which.
    """
    pages = _Pages(emulator)

    def route(path: str, serve: Serve, method: str = "GET") -> Route:
        return Route(path, _tell_troubles(serve), methods=[method])

    return Section(
        title="Alerts",
        path=_PATH,
        routes=[
            route(_PATH, pages.list_alerts),
            route(_ONE, pages.show_alert),
            route(_ONE + "/snooze", pages.snooze, "POST"),
            route(_ONE + "/wake", pages.wake, "POST"),
            route(_ONE + "/run", pages.run, "POST"),
            route(_ONE + "/deliveries/{delivery_id:uuid}/retry", pages.retry, "POST"),
        ],
    )


async def read_alerts(emulator: Emulator) -> list[AlertRow]:
    """Return all alerts, those first that want to be looked at.

    Args:
        emulator: Which runs them.

    Raises:
        ServiceUnreachable: It does not answer, or not as an emulator does.
        RequestRefused: It answers no.
    """
    async with emulator.call() as calls:
        alerts, standings = await asyncio.gather(calls.list_alerts(), calls.list_standings())
    return _join(alerts, standings)


class _Pages:
    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator

    async def list_alerts(self, request: Request) -> Response:
        """Answer ``/alerts?state=``."""
        state = request.query_params.get("state", "")
        if state and state not in MARKS:
            raise HTTPException(404, f"Alerts are {', '.join(MARKS)}: no other state is known.")
        rows = await read_alerts(self._emulator)
        values = {
            "title": "Alerts",
            "refresh": read_refresh(request),
            "counts": Counter(row.standing.state for row in rows),
            "total": len(rows),
            "marks": MARKS,
            "state": state,
            "rows": [row for row in rows if state in ("", row.standing.state)],
        }
        return render(request, "alerts.html", values)

    async def show_alert(self, request: Request) -> Response:
        """Answer ``/alerts/{id}?before=``."""
        alert_id, before = request.path_params["alert_id"], _read_before(request)
        async with self._emulator.call() as calls:
            alert, standing, runs, deliveries = await asyncio.gather(
                calls.read_alert(alert_id),
                calls.read_standing(alert_id),
                calls.list_runs(alert_id, limit=_STRIP),
                calls.list_deliveries(alert_id, limit=_DELIVERIES),
            )
            listed = runs[: _LISTED + 1]
            if before is not None:
                listed = await calls.list_runs(alert_id, limit=_LISTED + 1, before=before)
        now = datetime.now(UTC)
        values = {
            "title": alert.name,
            "refresh": read_refresh(request),
            "alert": alert,
            "standing": standing,
            "mark": MARKS[standing.state],
            "sentence": describe_standing(
                standing, runs, alert.result_length, now, is_whole=len(runs) < _STRIP
            ),
            "told": _TOLD.get(request.query_params.get("done", ""), ""),
            "mode": MODES[alert.notify_when],
            "in_hours": {each.channel_id for each in alert.channel_assignments if each.schedule_id},
            "strip": draw_strip(runs, _STRIP),
            "runs": [_make_row(run) for run in listed[:_LISTED]],
            "older": listed[_LISTED - 1].id if len(listed) > _LISTED else None,
            "before": before,
            "deliveries": deliveries,
            "most_deliveries": _DELIVERIES,
            "snoozes": SNOOZES,
            "run_marks": RUN_MARKS,
            "delivery_marks": DELIVERY_MARKS,
            "count_rows": count_rows,
            "short": format_short,
            "find_trace": _find_trace,
            "show_body": _show_body,
        }
        return render(request, "alert.html", values)

    async def snooze(self, request: Request) -> Response:
        """Take the form that snoozes."""
        chosen = (await read_form(request, most_bytes=_MOST_FORM)).get("for", "")
        if chosen not in SNOOZES:
            raise HTTPException(400, f"Alerts are snoozed for {', '.join(SNOOZES)}.")
        until = datetime.now(UTC) + timedelta(seconds=parse_duration(chosen))
        async with self._emulator.call() as calls:
            await calls.snooze(request.path_params["alert_id"], until)
        return _go_back(request, "snoozed")

    async def wake(self, request: Request) -> Response:
        """Take the form that ends a snooze."""
        async with self._emulator.call() as calls:
            await calls.snooze(request.path_params["alert_id"], None)
        return _go_back(request, "woken")

    async def run(self, request: Request) -> Response:
        """Take the form that runs an alert."""
        async with self._emulator.call() as calls:
            await calls.run_now(request.path_params["alert_id"])
        return _go_back(request, "run")

    async def retry(self, request: Request) -> Response:
        """Take the form that tries a delivery again."""
        async with self._emulator.call() as calls:
            await calls.retry(request.path_params["delivery_id"])
        return _go_back(request, "retried")


def _tell_troubles(serve: Serve) -> Serve:
    """Return what answers with a page, too, where the emulator does not or says no."""

    @wraps(serve)
    async def answer(request: Request) -> Response:
        try:
            return await serve(request)
        except ServiceUnreachable as error:
            values = {"title": "The alerts are out of reach", "message": str(error)}
            return render(request, "refusal.html", values, status=503)
        except RequestRefused as error:
            raise HTTPException(error.status, str(error)) from error

    return answer


def _go_back(request: Request, done: str) -> Response:
    kept = read_refresh(request).suffix
    address = f"{_PATH}/{request.path_params['alert_id']}{kept}{'&' if kept else '?'}done={done}"
    # The fragment puts the focus where it is said what was done.
    return RedirectResponse(f"{address}#told", status_code=303)


def _read_before(request: Request) -> UUID | None:
    text = request.query_params.get("before")
    if text is None:
        return None
    try:
        return UUID(text)
    except ValueError:
        raise HTTPException(404, "There is no such run.") from None


def _join(alerts: Sequence[Alert], standings: Sequence[Standing]) -> list[AlertRow]:
    """Return alerts with how they stand; one that came or went between the answers is left out."""
    known = {standing.id: standing for standing in standings}
    order = list(MARKS)
    rows = [AlertRow(alert, known[alert.id]) for alert in alerts if alert.id in known]
    return sorted(rows, key=lambda row: (order.index(row.standing.state), row.alert.name))


def _make_row(run: Run) -> RunRow:
    return RunRow(run, list(dict.fromkeys(name for row in run.result for name in row)))


def _find_trace(name: str, value: Any) -> str:
    """Return the id of the trace that a value of a row is; "" where it is none."""
    return value if leads_to_trace(name, value) else ""


def _show_body(body: Any) -> str:
    return json.dumps(body, ensure_ascii=False, indent=2)
