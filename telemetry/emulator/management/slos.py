"""Service-level objectives: they are kept, and never computed."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import Field, FiniteFloat, PlainSerializer, model_validator

from telemetry.emulator.management.assignments import Assignments, check_assignments
from telemetry.emulator.management.bodies import Body, Content, Environments, Name, Sql, Text
from telemetry.emulator.management.resources import Resource

if TYPE_CHECKING:
    from telemetry.emulator.management.rows import Rows

_LONGEST = 366 * 86_400


def _write_percent(value: Decimal) -> str:
    return f"{value.normalize():f}"


Percent = Annotated[
    Decimal,
    Field(gt=0, lt=100, max_digits=10, decimal_places=8),
    PlainSerializer(_write_percent, return_type=str),
]


class BurnAlert(Body):
    """Say whom to tell."""

    channel_assignments: Assignments = ()


class BurnAlerts(Body):
    """Say whom to tell at which speed."""

    fast: BurnAlert = BurnAlert()
    medium: BurnAlert = BurnAlert()
    slow: BurnAlert = BurnAlert()


class NewSlo(Body):
    """Hold what makes an objective."""

    scope_kind: Literal["service", "provider"] = "service"
    scope_value: Name
    name: Name
    description: Text | None = None
    source: Literal["records", "metrics"] = "records"
    metric_aggregation: (
        Literal["additive", "gauge_fraction", "counter_rate", "histogram_threshold"] | None
    ) = None
    total_query: Sql
    bad_query: Sql
    threshold: FiniteFloat | None = None
    comparison: Literal["gt", "gte", "lt", "lte"] | None = None
    target_percent: Percent
    rolling_window_seconds: Annotated[int, Field(gt=0, le=_LONGEST)]
    environments: Environments = ()
    alerts: BurnAlerts = BurnAlerts()

    @model_validator(mode="after")
    def _check_together(self) -> Self:
        if (self.source == "metrics") != (self.metric_aggregation is not None):
            raise ValueError("metric_aggregation belongs to the source metrics, and only there")
        if (self.threshold is None) != (self.comparison is None):
            raise ValueError("threshold and comparison belong together")
        if self.metric_aggregation == "histogram_threshold" and self.threshold is None:
            raise ValueError("histogram_threshold needs threshold and comparison")
        return self


class Slos(Resource):
    """Keep objectives."""

    kind = "slo"
    collection = "slos"
    creation = NewSlo
    update_method = "PATCH"

    def check_references(self, rows: Rows, content: Content) -> None:
        """Make sure that its channels and schedules are there.

        Raises:
            Refusal: One is not.
        """
        check_assignments(rows, content)
