"""Alerts in plain words: how one stands, and when it tells somebody."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING, Final

from telemetry.journeys.marks import Mark

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from telemetry.console.emulator import Run, Standing
    from telemetry.definitions.alerts import NotifyWhen
    from telemetry.emulator.alert_states import AlertState, DeliveryState, RunState

MARKS: Final[Mapping[AlertState, Mark]] = {
    "firing": Mark("●", "firing", "bad"),
    "error": Mark("✗", "error", "bad"),
    "no data": Mark("○", "no data", "quiet"),
    "snoozed": Mark("◐", "snoozed", "warn"),
    "ok": Mark("✓", "ok", "good"),
    "inactive": Mark("-", "inactive", "quiet"),
}
"""In the order in which alerts are listed: what wants to be looked at first."""

RUN_MARKS: Final[Mapping[RunState, Mark]] = {
    "matches": Mark("●", "matches", "bad"),
    "clear": Mark("✓", "clear", "good"),
    "error": Mark("✗", "error", "warn"),
}

DELIVERY_MARKS: Final[Mapping[DeliveryState, Mark]] = {
    "delivered": Mark("✓", "delivered", "good"),
    "pending": Mark("…", "pending", "warn"),
    "held": Mark("◐", "held", "warn"),
    "failed": Mark("✗", "failed", "bad"),
    "dropped": Mark("-", "dropped", "quiet"),
    "undeliverable": Mark("-", "undeliverable", "quiet"),
}

MODES: Final[Mapping[NotifyWhen, str]] = {
    "has_matches": "of every run that finds rows",
    "has_matches_changed": "when it begins to find rows, and when that ends",
    "matches_changed": "when it finds other rows than the run before",
    "starts_having_matches": "when it begins to find rows",
}
"""When somebody is told (``telemetry.alerting.notifications``)."""

_BY_HAND: Final = "It does not run by itself."


def count_rows(number: int) -> str:
    """Return a number of rows with its noun."""
    return "1 row" if number == 1 else f"{number:,} rows"


def describe_standing(
    standing: Standing, runs: Sequence[Run], matches: int, now: datetime, *, is_whole: bool
) -> str:
    """Return in a sentence or two how an alert stands, the same as long as it stands so.

    Args:
        standing: What the emulator says of it.
        runs: Its newest, the newest first.
        matches: How many rows the last run found that did not fail.
        now: The time.
        is_whole: Whether there were no runs before these.
    """
    match standing.state:
        case "firing":
            since = _since(runs, now, is_whole=is_whole)
            return f"Firing {since}: {count_rows(matches)} in the last run."
        case "ok":
            return "OK: the last run found nothing."
        case "error":
            why = (runs[0].error if runs else None) or "it does not say why"
            return f"The last run failed: {why}"
        case "snoozed":
            until = show_moment(standing.snoozed_until, now)
            found = f" {_found(matches)}" if standing.last_run else ""
            return f"Snoozed until {until}: it tells nobody.{found}"
        case "inactive":
            return "Inactive: it is not run."
        case "no data":
            return f"No data: it was not run so far. {_next(standing.next_run, now)}"


def show_moment(moment: datetime | None, now: datetime) -> str:
    """Return a time to the second, in UTC, with its day where that is not today; "-" for none."""
    if moment is None:
        return "-"
    moment = moment.astimezone(UTC)
    is_today = moment.date() == now.astimezone(UTC).date()
    return f"{moment:%H:%M:%S} UTC" if is_today else f"{moment:%Y-%m-%d %H:%M:%S} UTC"


def find_start(runs: Sequence[Run]) -> Run | None:
    """Return the run from which on there were matches; None where the newest that worked has none.

    A run that failed ends nothing: nobody knows what it would have found.
    """
    start = None
    for run in runs:
        if run.state == "clear":
            break
        if run.state == "matches":
            start = run
    return start


def _since(runs: Sequence[Run], now: datetime, *, is_whole: bool) -> str:
    start = find_start(runs)
    if start is None:
        return "now"
    is_known = is_whole or any(run.state == "clear" for run in runs)
    since = "since" if is_known else "since before"
    return f"{since} {show_moment(start.at, now)}"


def _found(matches: int) -> str:
    return f"The last run found {count_rows(matches) if matches else 'nothing'}."


def _next(moment: datetime | None, now: datetime) -> str:
    return f"The first run is due at {show_moment(moment, now)}." if moment else _BY_HAND
