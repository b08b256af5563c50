"""A run of an alert: its query, what is told of it, and both written down at once."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from telemetry.emulator.alerting.definitions import find_alert, read_owner
from telemetry.emulator.alerting.deliveries import Delivery
from telemetry.emulator.alerting.formats import choose_format, write_body
from telemetry.emulator.alerting.notification import make_notification
from telemetry.emulator.alerting.results import is_told, summarize
from telemetry.emulator.alerting.routing import UNKNOWN_ADDRESS, find_route
from telemetry.emulator.alerting.runs import Run, new_run_id
from telemetry.emulator.engine import MAX_LIMIT, Query
from telemetry.emulator.engine.results import read_rows
from telemetry.emulator.timestamps import write_timestamp
from telemetry.errors import QueryError, StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import datetime, timedelta

    from telemetry.emulator.alerting.definitions import Alert, Owner
    from telemetry.emulator.alerting.journal import Journal
    from telemetry.emulator.alerting.routing import Route
    from telemetry.emulator.alerting.runs import Standing
    from telemetry.emulator.engine import Engine
    from telemetry.emulator.management import Management

_MOST_ERROR: Final = 2_000
"""Characters of a message of a run that failed."""

_ON_THE_WAY: Final = ("pending", "held")


@dataclass(frozen=True, slots=True)
class _Subject:
    """Hold what was read of the management API for a run, at one moment."""

    alert: Alert
    owner: Owner
    routes: Mapping[str, Route]


class Evaluations:
    """Run alerts, each one run at a time.

    Args:
        journal: Where runs, and what is told of them, are written down.
        management: What keeps the alerts.
        engine: What runs their queries.
        clock: Returns the time.
        every: How often all alerts are run, which none waits longer than for what is late; None
            for their own frequencies and watermarks.
        alert_url: Where an alert's page is, with ``{alert_id}`` in it; None where it has none.
    """

    def __init__(  # noqa: PLR0913 - the parts that a run goes through
        self,
        journal: Journal,
        management: Management,
        engine: Engine,
        *,
        clock: Callable[[], datetime],
        every: timedelta | None,
        alert_url: str | None,
    ) -> None:
        self._journal = journal
        self._management = management
        self._engine = engine
        self._clock = clock
        self._every = every
        self._alert_url = alert_url
        self._locks: dict[str, threading.Lock] = {}
        self._stopped = threading.Event()

    def stop(self) -> None:
        """Let no run be written down any more: the engine is about to break them off."""
        self._stopped.set()

    @property
    def is_stopped(self) -> bool:
        """Whether no run is written down any more."""
        return self._stopped.is_set()

    def run(self, alert_id: str, at: datetime | None = None) -> Run | None:
        """Run an alert, write down what it found and what is told of it, and return the run.

        Args:
            alert_id: Its UUID.
            at: As of when; None for when its turn comes.

        Returns:
            The run; None where there is no such alert, or it is not active.

        Raises:
            StoreUnavailable: It cannot be written down, or the emulator stops.
        """
        with self._locks.setdefault(alert_id, threading.Lock()):
            now = self._clock()
            subject = self._read(alert_id, now)
            if subject is None or not subject.alert.active:
                return None
            run = self._ask(subject.alert, at or now)
            if self.is_stopped:
                raise StoreUnavailable("the emulator is being stopped: run the alert again")
            return self._write_down(run, subject)

    def _read(self, alert_id: str, now: datetime) -> _Subject | None:
        with self._management.transaction() as rows:
            alert = find_alert(rows, alert_id)
            if alert is None:
                return None
            routes = {
                channel: find_route(rows, channel, schedules, now)
                for channel, schedules in alert.schedules.items()
            }
            return _Subject(alert, read_owner(rows), routes)

    def _ask(self, alert: Alert, at: datetime) -> Run:
        """Return what the alert finds, not yet decided whether it is told."""
        late = alert.watermark if self._every is None else min(alert.watermark, self._every)
        end = at - late
        start = end - alert.window
        query = Query(
            alert.sql,
            min_timestamp=start,
            max_timestamp=end,
            limit=MAX_LIMIT,
            environments=alert.environments or None,
            now=end,
        )
        run = Run(
            id=new_run_id(),
            alert_id=alert.id,
            at=at,
            window_start=start,
            window_end=end,
            state="clear",
            notified=False,
            reason=None,
        )
        try:
            result = summarize(read_rows(self._engine.run_sync(query)))
        except (QueryError, StoreUnavailable) as error:
            message = str(error)[:_MOST_ERROR]
            return replace(run, state="error", error=message, reason="the run failed")
        return replace(run, state="matches" if result.length else "clear", result=result)

    def _write_down(self, run: Run, subject: _Subject) -> Run:
        with self._journal.transaction() as entries:
            before = entries.runs.find_standing(run.alert_id)
            silence = run.reason or self._find_silence(run, subject, before)
            deliveries = [] if silence else list(self._make_deliveries(run, subject, before))
            if not silence and not any(each.state in _ON_THE_WAY for each in deliveries):
                silence = "none of its channels can be told: its deliveries say why"
            decided = replace(run, notified=silence is None, reason=silence)
            entries.runs.add(decided)
            for delivery in deliveries:
                entries.deliveries.add(delivery)
        return decided

    def _find_silence(self, run: Run, subject: _Subject, before: Standing) -> str | None:
        """Return why nobody is told of a run; None where somebody is."""
        mode = subject.alert.notify_when
        if not is_told(mode, before.result, run.result):
            return f"notify_when is {mode}"
        if before.snoozed_until is not None and before.is_snoozed(self._clock()):
            return f"snoozed until {write_timestamp(before.snoozed_until)}"
        return None if subject.routes else "it has no channel"

    def _make_deliveries(self, run: Run, subject: _Subject, before: Standing) -> Iterator[Delivery]:
        alert = subject.alert
        notification = make_notification(
            alert, subject.owner, run, before=before.result, alert_url=self._alert_url
        )
        for route in subject.routes.values():
            channel = route.channel
            assert channel is not None  # noqa: S101 - the API lets none in use be deleted
            format_, reason = None, route.reason
            if channel.format is not None and channel.url is not None:
                address = self._management.addresses.find(channel.id)
                format_ = choose_format(channel.format, address or channel.url)
                if address is None and route.verdict == "pending":
                    reason = UNKNOWN_ADDRESS
            yield Delivery(
                alert_id=alert.id,
                alert_name=alert.name,
                run_id=run.id,
                channel_id=channel.id,
                channel_label=channel.label,
                schedule_ids=alert.schedules[channel.id],
                format=format_,
                url=channel.url,
                state=route.verdict,
                reason=reason,
                notification=notification,
                body=None if format_ is None else write_body(format_, notification),
                created_at=self._clock(),
                next_attempt_at=route.due,
            )
