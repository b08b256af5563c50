"""Alerts that run and tell: their threads, and what can be asked and done by hand."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final, Self

from telemetry.emulator.alerting.courier import BACKOFF, Courier
from telemetry.emulator.alerting.definitions import find_alert, read_alerts
from telemetry.emulator.alerting.evaluations import Evaluations
from telemetry.emulator.alerting.loops import Loop
from telemetry.emulator.alerting.timetable import Timetable, next_due
from telemetry.emulator.http.refusals import Refusal
from telemetry.emulator.timestamps import write_timestamp
from telemetry.errors import StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future
    from types import TracebackType

    from telemetry.emulator.alert_states import AlertState
    from telemetry.emulator.alerting.definitions import Alert
    from telemetry.emulator.alerting.journal import Journal
    from telemetry.emulator.alerting.runs import Run, Standing
    from telemetry.emulator.engine import Engine
    from telemetry.emulator.management import Management
    from telemetry.emulator.management.bodies import Content
    from telemetry.sync.waiting import Backoff

_THREADS: Final = 2
"""How many alerts run at a time; a query that takes long ends by the engine's own limit."""

_LOOK_EVERY: Final = 1.0
"""Seconds in which what was written is seen."""

_SHORTEST: Final = 0.01
_GRACE: Final = 3.0
"""Seconds that what is being sent gets to end."""


@dataclass(frozen=True, slots=True)
class AlertOptions:
    """Hold how alerts are run.

    Attributes:
        run: Whether they are, by themselves.
        every: How often all of them are, whatever they say, none waiting longer than this for what
            is late; None for their own frequencies.
        url: Where an alert's page is, with ``{alert_id}`` in it; None where it has none.
    """

    run: bool = True
    every: timedelta | None = None
    url: str | None = None


class Alerting:
    """Run alerts when they are due, and deliver what they tell; a context manager.

    Nothing runs by itself before it is entered. It is to be left before the engine is closed.

    Args:
        journal: Where runs and deliveries are written down.
        management: What keeps alerts and channels.
        engine: What runs queries.
        options: How alerts are run.
        say: Called, from any thread, with what the user should know of.
        clock: Returns the time.
        backoff: How often, and when, a delivery is tried.
    """

    def __init__(  # noqa: PLR0913 - the parts it is put together of
        self,
        journal: Journal,
        management: Management,
        engine: Engine,
        options: AlertOptions,
        *,
        say: Callable[[str], object],
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        backoff: Backoff = BACKOFF,
    ) -> None:
        self._journal = journal
        self._management = management
        self._options = options
        self._clock = clock
        self._say = say
        self._timetable = Timetable(clock())
        self._running: dict[str, Future[None]] = {}
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="alert")
        self.courier = Courier(journal, management, clock=clock, say=say, backoff=backoff)
        self._evaluations = Evaluations(
            journal,
            management,
            engine,
            clock=clock,
            every=options.every,
            alert_url=options.url,
        )
        self._schedule = Loop("Alerts cannot be run", self.look, say)
        self._sending = Loop("Alerts cannot be delivered", self._look_at_deliveries, say)

    def __enter__(self) -> Self:
        """Begin to run and deliver."""
        if self._options.run:
            self._schedule.start()
        self._sending.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """End; a run that is under way is not written down."""
        self._evaluations.stop()
        self._schedule.stop()
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._sending.stop()
        self.courier.stop(_GRACE)

    def look(self) -> float:
        """Begin to run what is due, and return the seconds until something may be.

        Raises:
            StoreUnavailable: The disk fails.
        """
        with self._journal.transaction() as entries:
            known = entries.runs.alert_ids()
        alerts = self._read_alerts()
        # Known before the alerts were read: whatever is not among them was deleted.
        self._forget(known - {alert.id for alert in alerts})
        frequencies = {alert.id: self._every(alert) for alert in alerts if alert.active}
        now = self._clock()
        for alert_id, moment in self._timetable.find_due(frequencies, now).items():
            self._begin(alert_id, moment)
        until = ((next_due(every, now) - now).total_seconds() for every in frequencies.values())
        return max(_SHORTEST, min((_LOOK_EVERY, *until)))

    def settle(self) -> None:
        """Wait until no run is under way."""
        for future in list(self._running.values()):
            future.result()

    def run_now(self, alert_id: str) -> Run:
        """Run an alert by hand, and return the run, which counts as any other.

        Raises:
            Refusal: There is no such alert, or it is not active.
            StoreUnavailable: The disk fails.
        """
        self._find(alert_id)  # first: a lock is kept of each alert that is run
        run = self._evaluations.run(alert_id)
        if run is None:
            self._find(alert_id)
            raise Refusal(409, "the alert is inactive, and so does not run: make it active first")
        self._sending.wake()
        return run

    def list_runs(self, alert_id: str, *, limit: int, before: str | None) -> list[Content]:
        """Return runs of an alert, the newest first, before one of them or all.

        Raises:
            Refusal: There is no such alert, or no such run.
            StoreUnavailable: The disk fails.
        """
        self._find(alert_id)
        with self._journal.transaction() as entries:
            runs = entries.runs.list_newest(alert_id, limit=limit, before=before)
        if runs is None:
            raise Refusal(404, f"the alert has no run {before}")
        return [run.show() for run in runs]

    def describe_all(self) -> list[Content]:
        """Return how all alerts stand, the oldest first.

        Raises:
            StoreUnavailable: The disk fails.
        """
        alerts, now = self._read_alerts(), self._clock()
        with self._journal.transaction() as entries:
            return [
                self._describe(alert, entries.runs.find_standing(alert.id), now) for alert in alerts
            ]

    def describe(self, alert_id: str) -> Content:
        """Return how an alert stands.

        Raises:
            Refusal: There is no such alert.
            StoreUnavailable: The disk fails.
        """
        alert = self._find(alert_id)
        with self._journal.transaction() as entries:
            standing = entries.runs.find_standing(alert_id)
        return self._describe(alert, standing, self._clock())

    def snooze(self, alert_id: str, until: datetime | None) -> datetime | None:
        """Let an alert tell nobody until a moment, and return until when it does not.

        Args:
            alert_id: Its UUID.
            until: The moment; None, or one that has passed, to let it tell again.

        Raises:
            Refusal: There is no such alert.
            StoreUnavailable: The disk fails.
        """
        self._find(alert_id)
        if until is not None and until <= self._clock():
            until = None
        with self._journal.transaction() as entries:
            entries.runs.snooze(alert_id, until)
        return until

    def list_deliveries(self, *, limit: int, alert_id: str | None) -> list[Content]:
        """Return deliveries, of an alert or of all, the newest first.

        Raises:
            StoreUnavailable: The disk fails.
        """
        with self._journal.transaction() as entries:
            found = entries.deliveries.list_newest(limit=limit, alert_id=alert_id)
        return [each.show() for each in found]

    def retry(self, delivery_id: str) -> Content:
        """Let a delivery be tried at once, before all others of its channel, at any hour.

        Raises:
            Refusal: There is no such delivery, or it was delivered.
            StoreUnavailable: The disk fails.
        """
        with self._journal.transaction() as entries:
            delivery = entries.deliveries.find(delivery_id)
            if delivery is None:
                raise Refusal(404, f"there is no delivery {delivery_id}")
            if delivery.state == "delivered":
                raise Refusal(409, "it was delivered: sent again, it would be told twice")
            again = replace(
                delivery,
                state="pending",
                reason=None,
                tries=0,
                schedule_ids=(),
                next_attempt_at=self._clock(),
            )
            entries.deliveries.save(again)
            entries.deliveries.put_first(again)
        self._sending.wake()
        return again.show()

    def _look_at_deliveries(self) -> float:
        self.courier.look()
        return _LOOK_EVERY

    def _begin(self, alert_id: str, moment: datetime) -> None:
        under_way = self._running.get(alert_id)
        if under_way is None or under_way.done():
            self._running[alert_id] = self._threads.submit(self._run, alert_id, moment)

    def _run(self, alert_id: str, moment: datetime) -> None:
        try:
            self._evaluations.run(alert_id, moment)
        except StoreUnavailable as error:
            self._complain(f"A run of the alert {alert_id} could not be written down: {error}")
        except Exception as error:  # noqa: BLE001 - one alert's trouble is not the others'
            kind = type(error).__name__
            self._complain(f"A run of the alert {alert_id} met a bug, {kind}: {error}")
        self._sending.wake()

    def _complain(self, message: str) -> None:
        # A run that is broken off because the emulator stops fails in one way or another.
        if not self._evaluations.is_stopped:
            self._say(message)

    def _forget(self, alert_ids: set[str]) -> None:
        for alert_id in alert_ids:
            with self._journal.transaction() as entries:
                entries.runs.forget(alert_id)
            self._running.pop(alert_id, None)

    def _read_alerts(self) -> list[Alert]:
        with self._management.transaction() as rows:
            return read_alerts(rows)

    def _find(self, alert_id: str) -> Alert:
        with self._management.transaction() as rows:
            alert = find_alert(rows, alert_id)
        if alert is None:
            raise Refusal(404, f"there is no alert {alert_id}")
        return alert

    def _every(self, alert: Alert) -> timedelta:
        return self._options.every or alert.frequency

    def _describe(self, alert: Alert, standing: Standing, now: datetime) -> Content:
        runs = alert.active and self._options.run
        is_snoozed = standing.is_snoozed(now)
        return {
            "id": alert.id,
            "snoozed_until": _write(standing.snoozed_until) if is_snoozed else None,
            "next_run": _write(next_due(self._every(alert), now)) if runs else None,
            "last_run": _write(standing.last_run),
            "state": _name_state(alert, standing, now),
        }


def _name_state(alert: Alert, standing: Standing, now: datetime) -> AlertState:
    if not alert.active:
        return "inactive"
    if standing.is_snoozed(now):
        return "snoozed"
    if standing.last_run is None:
        return "no data"
    if standing.has_errors:
        return "error"
    return "firing" if standing.result.length else "ok"


def _write(moment: datetime | None) -> str | None:
    return None if moment is None else write_timestamp(moment)
