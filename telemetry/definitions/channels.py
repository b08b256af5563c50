"""Where messages go, and when."""

from __future__ import annotations

import re
from typing import Annotated, Final, Literal, Self
from zoneinfo import available_timezones

from pydantic import AfterValidator, Field, model_validator

from telemetry.definitions.models import Model, Name, Secret

_TIME: Final = re.compile(r"([01]\d|2[0-3]):[0-5]\d")


class Webhook(Model):
    """Post to an address."""

    type: Literal["webhook"]
    format: Literal["auto", "slack-blockkit", "slack-legacy", "raw-data"] = "auto"
    url: Secret


class Opsgenie(Model):
    """Open an alert of Opsgenie."""

    type: Literal["opsgenie"]
    auth_key: Secret


class PagerDuty(Model):
    """Open an incident of PagerDuty."""

    type: Literal["pagerduty"]
    routing_key: Secret
    region: Literal["us", "eu"] = "us"


class SlackApp(Model):
    """Write to a Slack channel by Logfire's app."""

    type: Literal["slack-integration"]
    install_id: Name
    channel_id: Name
    include_agent_prompt: bool = False


class PagerDutyApp(Model):
    """Open an incident by Logfire's PagerDuty app."""

    type: Literal["pagerduty-integration"]
    install_id: Name
    service_id: Name


class Email(Model):
    """Write to the people of the organisation."""

    type: Literal["email"]


ChannelConfig = Annotated[
    Webhook | Opsgenie | PagerDuty | SlackApp | PagerDutyApp | Email, Field(discriminator="type")
]


class Channel(Model):
    """Define a channel; it belongs to the organisation."""

    kind: Literal["Channel"]
    label: Name
    """Its identity."""
    active: bool = True
    config: ChannelConfig


def _check_time(value: str) -> str:
    if not _TIME.fullmatch(value):
        raise ValueError(f"{value!r} is no time: write it as 09:00")
    return value


def _check_timezone(value: str) -> str:
    if value not in available_timezones():
        raise ValueError(f"{value!r} is no time zone: write it as Europe/Paris")
    return value


DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class DeliveryWindow(Model):
    """Say when messages are delivered."""

    days: Annotated[
        tuple[Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"], ...], Field(min_length=1)
    ]
    start: Annotated[str, AfterValidator(_check_time)]
    end: Annotated[str, AfterValidator(_check_time)]

    @model_validator(mode="after")
    def _check_order(self) -> Self:
        if self.start >= self.end:
            raise ValueError(f"it ends at {self.end}, before it starts at {self.start}")
        return self


class Schedule(Model):
    """Define a delivery schedule; it belongs to the organisation."""

    kind: Literal["Schedule"]
    label: Name
    """Its identity."""
    timezone: Annotated[str, AfterValidator(_check_timezone)] = "UTC"
    windows: Annotated[tuple[DeliveryWindow, ...], Field(min_length=1)]
