"""Alerts and service-level objectives."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from telemetry.definitions.durations import Duration, Frequency, Window
from telemetry.definitions.models import Model, Name

NotifyWhen = Literal[
    "has_matches", "has_matches_changed", "matches_changed", "starts_having_matches"
]


class Delivery(Model):
    """Say whom to tell, and when."""

    channel: Name
    """The label of a channel."""
    schedule: str = ""
    """The label of a delivery schedule; none for at any time."""


class Alert(Model):
    """Define an alert: it has matches when its query returns rows."""

    kind: Literal["Alert"]
    name: Name
    """Its identity."""
    description: str = ""
    """What it means and what to do; it is in every message."""
    active: bool = True
    sql: Annotated[str, Field(min_length=1)]
    """The SQL itself, or the path of an ``.sql`` file beside this one."""
    window: Window
    """How far back each run looks."""
    every: Frequency
    """How often it runs."""
    watermark: Duration = 0
    """How long each run waits for rows that are late."""
    notify_when: NotifyWhen = "has_matches_changed"
    environments: tuple[str, ...] = ()
    """Only rows of these deployment environments; none for all."""
    channels: tuple[Delivery, ...] = ()


class SloAlert(Model):
    """Say whom to tell when a budget burns at one of the speeds."""

    channels: tuple[Delivery, ...] = ()


class SloAlerts(Model):
    """Say whom to tell at which speed."""

    fast: SloAlert = SloAlert()
    medium: SloAlert = SloAlert()
    slow: SloAlert = SloAlert()


class Slo(Model):
    """Define a service-level objective."""

    kind: Literal["SLO"]
    name: Name
    """Its identity."""
    description: str = ""
    scope: Literal["service", "provider"] = "service"
    scope_value: Name
    """Which service, or provider."""
    source: Literal["records", "metrics"] = "records"
    aggregation: (
        Literal["additive", "gauge_fraction", "counter_rate", "histogram_threshold"] | None
    ) = None
    """How metrics become good and bad; only with ``source: metrics``."""
    total: Annotated[str, Field(min_length=1)]
    """The condition of everything that counts, or the path of an ``.sql`` file."""
    bad: Annotated[str, Field(min_length=1)]
    """The condition of what is bad of it, or the path of an ``.sql`` file."""
    threshold: float | None = None
    comparison: Literal["gt", "gte", "lt", "lte"] | None = None
    target: Annotated[Decimal, Field(gt=0, lt=100)]
    """The percentage that is to be good."""
    window: Duration = 30 * 86400
    environments: tuple[str, ...] = ()
    alerts: SloAlerts = SloAlerts()

    @model_validator(mode="after")
    def _check_aggregation(self) -> Self:
        if (self.source == "metrics") != (self.aggregation is not None):
            raise ValueError("`aggregation` belongs to `source: metrics`, and to nothing else")
        if (self.threshold is None) != (self.comparison is None):
            raise ValueError("`threshold` and `comparison` belong together")
        if self.aggregation == "histogram_threshold" and self.threshold is None:
            raise ValueError(
                "`aggregation: histogram_threshold` wants `threshold` and `comparison`"
            )
        return self
