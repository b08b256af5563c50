"""Alerts as they are kept; what runs them is in ``telemetry.emulator.alerting``."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from telemetry.emulator.management.assignments import (
    FIELD,
    Assignments,
    check_assignments,
)
from telemetry.emulator.management.bodies import Body, Content, Environments, Name, Sql, Text
from telemetry.emulator.management.channels import show_channel
from telemetry.emulator.management.durations import (  # noqa: TC001 - pydantic reads at run time
    Frequency,
    Watermark,
    Window,
)
from telemetry.emulator.management.resources import Resource

if TYPE_CHECKING:
    from telemetry.emulator.management.rows import Row, Rows


KIND: Final = "alert"

DescribeRuns: TypeAlias = Callable[[str], Content]
"""Returns what an alert, by its UUID, is read with that its runs have found."""


def describe_no_runs(alert_id: str) -> Content:  # noqa: ARG001 - as DescribeRuns has it
    """Return what an alert is read with that has never run."""
    return {
        "last_run": None,
        "has_matches": False,
        "has_errors": False,
        "result": None,
        "result_length": 0,
    }


class NewAlert(Body):
    """Hold what makes an alert."""

    name: Name
    description: Text | None = None
    active: bool = True
    query: Sql
    time_window: Window
    frequency: Frequency
    watermark: Watermark = "PT0S"
    environments: Environments = ()
    channel_assignments: Assignments = ()
    notify_when: Literal[
        "has_matches", "has_matches_changed", "matches_changed", "starts_having_matches"
    ] = "has_matches"


class Alerts(Resource):
    """Keep alerts.

    Args:
        describe_runs: Tells what their runs have found; by default there were none.
    """

    kind = KIND
    collection = "alerts"
    creation = NewAlert

    def __init__(self, describe_runs: DescribeRuns = describe_no_runs) -> None:
        self._describe_runs = describe_runs

    def identity(self, content: Content) -> str:
        """Return its name."""
        return str(content["name"])

    def check_references(self, rows: Rows, content: Content) -> None:
        """Make sure that its channels and schedules are there.

        Raises:
            Refusal: One is not.
        """
        check_assignments(rows, content)

    def show(self, rows: Rows, row: Row) -> Content:
        """Return one as it is read: with its channels, and with what its last run found."""
        channels = dict.fromkeys(each["channel_id"] for each in row.content[FIELD])
        return (
            super().show(rows, row)
            | {"channels": [show_channel(rows, each) for each in channels]}
            | self._describe_runs(row.id)
        )
