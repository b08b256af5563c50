"""Alerts, channels and schedules as the management API keeps them, made ready to run."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from telemetry.emulator.alerting.delivery_hours import DeliveryHours, Window, read_minutes
from telemetry.emulator.management.alerts import KIND as ALERT
from telemetry.emulator.management.assignments import FIELD as ASSIGNMENTS
from telemetry.emulator.management.channels import KIND as CHANNEL
from telemetry.emulator.management.channels import WEBHOOK
from telemetry.emulator.management.durations import read_seconds
from telemetry.emulator.management.projects import KIND as PROJECT
from telemetry.emulator.management.schedules import KIND as SCHEDULE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from telemetry.definitions.alerts import NotifyWhen
    from telemetry.emulator.management.bodies import Content
    from telemetry.emulator.management.rows import Row, Rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """Hold an alert.

    Attributes:
        id: Its UUID.
        name: What it is called.
        description: What it is for.
        active: Whether it is to be run.
        sql: Its query.
        window: How far back a run looks.
        frequency: How often it is run.
        watermark: How long a run waits for what is late.
        environments: Only rows of these are seen; none for all.
        notify_when: Which results are told.
        schedules: By the UUID of each channel that is told, those of the schedules that say when;
            none for any time.
    """

    id: str
    name: str
    description: str | None
    active: bool
    sql: str
    window: timedelta
    frequency: timedelta
    watermark: timedelta
    environments: tuple[str, ...]
    notify_when: NotifyWhen
    schedules: dict[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """Hold a channel.

    Attributes:
        id: Its UUID.
        label: What it is called.
        active: Whether anything is sent to it.
        type: What it is.
        format: Of a webhook, what is sent to it.
        url: Of a webhook, where it leads, masked.
    """

    id: str
    label: str
    active: bool
    type: str
    format: str | None
    url: str | None

    @property
    def is_webhook(self) -> bool:
        """Whether the emulator can send to it."""
        return self.type == WEBHOOK


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """Name what everything belongs to."""

    organization_id: str
    project_id: str
    project_name: str


def read_alerts(rows: Rows) -> list[Alert]:
    """Return all alerts, the oldest first."""
    return [_read_alert(row) for row in rows.all(ALERT)]


def find_alert(rows: Rows, identifier: str) -> Alert | None:
    """Return an alert; None if there is no such."""
    row = rows.find(ALERT, identifier)
    return None if row is None else _read_alert(row)


def find_channel(rows: Rows, identifier: str) -> Channel | None:
    """Return a channel; None if there is no such."""
    row = rows.find(CHANNEL, identifier)
    if row is None:
        return None
    config = row.content["config"]
    return Channel(
        id=row.id,
        label=row.content["label"],
        active=row.content["active"],
        type=config["type"],
        format=config.get("format"),
        url=config.get("url"),
    )


def find_hours(rows: Rows, identifiers: Iterable[str]) -> list[DeliveryHours]:
    """Return the hours of schedules; one that was deleted restricts nothing."""
    found = (rows.find(SCHEDULE, each) for each in identifiers)
    return [_read_hours(row.content) for row in found if row is not None]


def read_owner(rows: Rows) -> Owner:
    """Return what everything belongs to."""
    [project] = rows.all(PROJECT)
    return Owner(
        organization_id=rows.organization_id,
        project_id=rows.project_id,
        project_name=project.content["project_name"],
    )


def _read_alert(row: Row) -> Alert:
    content = row.content
    return Alert(
        id=row.id,
        name=content["name"],
        description=content["description"],
        active=content["active"],
        sql=content["query"],
        window=_read_duration(content["time_window"]),
        frequency=_read_duration(content["frequency"]),
        watermark=_read_duration(content["watermark"]),
        environments=tuple(content["environments"]),
        notify_when=content["notify_when"],
        schedules=_read_assignments(content[ASSIGNMENTS]),
    )


def _read_duration(text: str) -> timedelta:
    return timedelta(seconds=read_seconds(text))


def _read_assignments(assignments: Iterable[dict[str, str | None]]) -> dict[str, tuple[str, ...]]:
    """Return each channel once: who is told at any time needs no hours, who has two has both."""
    given: dict[str, list[str | None]] = {}
    for each in assignments:
        channel = each["channel_id"]
        assert channel is not None  # noqa: S101 - the API has checked it
        given.setdefault(channel, []).append(each["schedule_id"])
    return {
        channel: () if None in schedules else tuple(filter(None, schedules))
        for channel, schedules in given.items()
    }


def _read_hours(content: Content) -> DeliveryHours:
    return DeliveryHours(
        content["timezone"],
        tuple(
            Window(
                tuple(window["days"]),
                read_minutes(window["start_time"]),
                read_minutes(window["end_time"]),
            )
            for window in content["windows"]
        ),
    )
