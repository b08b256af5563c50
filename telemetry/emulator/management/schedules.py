"""Schedules: in which hours messages are delivered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final, Self
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, model_validator

from telemetry.emulator.http.refusals import Refusal
from telemetry.emulator.management.assignments import find_users
from telemetry.emulator.management.bodies import Body, Name
from telemetry.emulator.management.resources import Resource

if TYPE_CHECKING:
    from telemetry.emulator.management.rows import Row, Rows

KIND: Final = "schedule"


def _check_time_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, OSError, ValueError):
        raise ValueError("there is no such time zone: name one as Europe/Paris") from None
    return name


def _check_days(days: list[int]) -> list[int]:
    if len(set(days)) < len(days):
        raise ValueError("it names a day twice")
    return sorted(days)


Time = Annotated[str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]
Day = Annotated[int, Field(ge=1, le=7)]
"""From Monday, 1."""


class DeliveryWindow(Body):
    """Name days and hours."""

    days: Annotated[list[Day], Field(min_length=1), AfterValidator(_check_days)]
    start_time: Time
    end_time: Time

    @model_validator(mode="after")
    def _check_order(self) -> Self:
        if self.start_time >= self.end_time:
            raise ValueError("it ends before it starts")
        return self


class NewSchedule(Body):
    """Hold what makes a schedule."""

    label: Name
    timezone: Annotated[str, Field(max_length=100), AfterValidator(_check_time_zone)] = "UTC"
    windows: Annotated[list[DeliveryWindow], Field(min_length=1, max_length=100)]


class Schedules(Resource):
    """Keep schedules."""

    kind = KIND
    collection = "schedules"
    in_project = False
    creation = NewSchedule

    def check_unused(self, rows: Rows, row: Row) -> None:
        """Make sure that it can be deleted.

        Raises:
            Refusal: An alert or an objective is delivered by it.
        """
        if users := find_users(rows, "schedule_id", row.id):
            raise Refusal(409, f"the schedule is in use by {users}: take it out of there first")
