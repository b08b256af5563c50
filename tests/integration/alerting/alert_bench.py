"""The emulator's alerts over a real store and engine, at a time of the test's own."""

from __future__ import annotations

import contextlib
import itertools
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue

from telemetry.emulator.alerting import Alerting, AlertOptions, Journal
from telemetry.emulator.management import Management
from telemetry.emulator.management.alerts import Alerts
from telemetry.emulator.management.channels import Channels
from telemetry.emulator.management.schedules import Schedules
from telemetry.emulator.otlp import decode_traces
from telemetry.sync.waiting import Backoff

if TYPE_CHECKING:
    from pathlib import Path

    from telemetry.emulator.engine import Engine
    from telemetry.emulator.store import Store

MINUTE = timedelta(minutes=1)
SQL = "SELECT span_name AS n FROM records"
_NUMBERS = itertools.count(1)
_MONDAY = datetime(2026, 1, 5, 12, tzinfo=UTC)

BACKOFF = Backoff(attempts=4, first=60.0, most=600.0, longest=3600.0, jitter=lambda: 1.0)


class Bench:
    """Hold alerts, channels, and the time.

    Each has a Monday of its own, so that none sees another's spans in the store they share.
    """

    def __init__(self, folder: Path, store: Store, engine: Engine) -> None:
        self.folder = folder
        self._store = store
        self._engine = engine
        self.now = _MONDAY + timedelta(weeks=next(_NUMBERS))
        self.said: list[str] = []
        self.options = AlertOptions()
        self._stack = contextlib.ExitStack()
        self.open()

    def open(self) -> None:
        """Begin, as the emulator does when it is started; nothing runs before :meth:`tick`."""
        journal = self._stack.enter_context(Journal(self.folder))
        self.management = self._stack.enter_context(Management(self.folder, journal.describe_runs))
        with self.management.transaction() as rows:
            self.project = rows.project_id
        self.alerting = Alerting(
            journal,
            self.management,
            self._engine,
            self.options,
            say=self.said.append,
            clock=lambda: self.now,
            backoff=BACKOFF,
        )

    def close(self) -> None:
        """End, as it does when it is stopped."""
        self.alerting.courier.stop(10)
        self._stack.close()

    def restart(self, **options: Any) -> None:
        """End, and begin anew."""
        self.close()
        self.options = AlertOptions(**options)
        self.open()

    def tick(self) -> None:
        """Run what is due, and send what is."""
        self.alerting.look()
        self.alerting.settle()
        self.send()

    def send(self) -> None:
        """Send what is due, to the end."""
        self.alerting.courier.look()
        assert self.alerting.courier.settle(30)

    def minute(self, *spans: str, environment: str | None = None) -> None:
        """Let a minute pass in which there are spans, then run what is due."""
        self.spans(*spans, ago=-30, environment=environment)
        self.now += MINUTE
        self.tick()

    def spans(self, *names: str, ago: float = 0, environment: str | None = None) -> None:
        """Store spans."""
        request = ExportTraceServiceRequest()
        resource = request.resource_spans.add()
        if environment is not None:
            value = AnyValue(string_value=environment)
            named = KeyValue(key="deployment.environment.name", value=value)
            resource.resource.attributes.append(named)
        scope = resource.scope_spans.add()
        at = round((self.now - timedelta(seconds=ago)).timestamp() * 1e6) * 1000
        for name in names:
            identifier = next(_NUMBERS).to_bytes(16, "big")
            scope.spans.add(
                trace_id=identifier,
                span_id=identifier[8:],
                name=name,
                start_time_unix_nano=at,
                end_time_unix_nano=at,
            )
        if names:
            message = request.SerializeToString()
            self._store.append(decode_traces(message), next(_NUMBERS).to_bytes(32, "big"))

    def channel(self, url: str | None, format_: str = "raw-data", **changes: Any) -> str:
        """Make a webhook, or a channel of email, and return its UUID."""
        config: dict[str, Any] = {"type": "webhook", "format": format_, "url": url}
        body = {"label": "on call", "config": config if url else {"type": "email"}, **changes}
        channels = Channels(self.management.addresses)
        return str(self.management.create(channels, None, body)["id"])

    def change_channel(self, identifier: str, **changes: Any) -> None:
        channels = Channels(self.management.addresses)
        self.management.update(channels, None, identifier, changes)

    def schedule(self, start: str, end: str, **changes: Any) -> str:
        """Make a schedule of all days, and return its UUID."""
        window = {"days": [1, 2, 3, 4, 5, 6, 7], "start_time": start, "end_time": end}
        body = {"label": "hours", "timezone": "UTC", "windows": [window], **changes}
        return str(self.management.create(Schedules(), None, body)["id"])

    def alert(self, *channels: str, schedule: str | None = None, **changes: Any) -> str:
        """Make an alert that is run every minute over a minute, and return its UUID."""
        body = {
            "name": f"alert {next(_NUMBERS)}",
            "query": SQL,
            "time_window": "PT1M",
            "frequency": "PT1M",
            "channel_assignments": [
                {"channel_id": each, "schedule_id": schedule} for each in channels
            ],
            **changes,
        }
        return str(self.management.create(Alerts(), self.project, body)["id"])

    def change(self, alert: str, **changes: Any) -> None:
        self.management.update(Alerts(), self.project, alert, changes)

    def delete(self, alert: str) -> None:
        self.management.delete(Alerts(), self.project, alert)

    def read(self, alert: str) -> dict[str, Any]:
        """Return an alert as the management API shows it."""
        shown = Alerts(self.management.describe_runs)
        return self.management.read(shown, self.project, alert)

    def runs(self, alert: str) -> list[dict[str, Any]]:
        """Return its runs, the oldest first."""
        return self.alerting.list_runs(alert, limit=1000, before=None)[::-1]

    def states(self, alert: str) -> list[str]:
        return [run["state"] for run in self.runs(alert)]

    def deliveries(self, alert: str | None = None) -> list[dict[str, Any]]:
        """Return deliveries, the oldest first."""
        return self.alerting.list_deliveries(limit=1000, alert_id=alert)[::-1]

    def outcomes(self, alert: str | None = None) -> list[tuple[str, str | None]]:
        return [(each["state"], each["reason"]) for each in self.deliveries(alert)]
