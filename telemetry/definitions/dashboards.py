"""Dashboards: groups of panels on a grid."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from telemetry.definitions.durations import Duration
from telemetry.definitions.models import Model, Name, Slug
from telemetry.definitions.panels import COLUMNS, Panel, Variable


class Place(Model):
    """Say where a panel is in its group, in columns and rows of the grid."""

    x: int
    y: int
    width: int
    height: int

    def overlaps(self, other: Place) -> bool:
        """Say whether two panels cover each other."""
        return (
            self.x < other.x + other.width
            and other.x < self.x + self.width
            and self.y < other.y + other.height
            and other.y < self.y + self.height
        )


class Group(Model):
    """Define a group of panels, which can be folded."""

    title: Name
    open: bool = True
    panels: Annotated[tuple[Panel, ...], Field(min_length=1)]

    @property
    def places(self) -> tuple[Place, ...]:
        """Where each panel is: where it says, or after the one before, in rows from the left."""
        places: list[Place] = []
        x = y = tallest = 0
        for panel in self.panels:
            width, height = panel.size
            if panel.x is not None and panel.y is not None:
                places.append(Place(x=panel.x, y=panel.y, width=width, height=height))
                continue
            if x + width > COLUMNS and x > 0:
                x, y, tallest = 0, y + tallest, 0
            places.append(Place(x=x, y=y, width=width, height=height))
            x, tallest = x + width, max(tallest, height)
        return tuple(places)


class Dashboard(Model):
    """Define a dashboard."""

    kind: Literal["Dashboard"]
    slug: Slug
    """Its identity; Logfire cannot change it."""
    name: Name
    description: str = ""
    duration: Duration = 3600
    """How far back it looks when it is opened."""
    refresh: Duration = 0
    """How often it asks again; 0s for never."""
    variables: tuple[Variable, ...] = ()
    groups: Annotated[tuple[Group, ...], Field(min_length=1)]

    @property
    def panels(self) -> tuple[Panel, ...]:
        """Those of all groups, in order."""
        return tuple(panel for group in self.groups for panel in group.panels)


class PersesDashboard(Model):
    """Hold a dashboard as Perses has it: the JSON that Logfire's interface exports."""

    kind: Literal["PersesDashboard"] = "PersesDashboard"
    slug: Slug
    name: Name
    definition: dict[str, Any]

    @model_validator(mode="after")
    def _check_definition(self) -> Self:
        if not isinstance(self.definition.get("spec"), dict):
            raise ValueError("a Perses dashboard has a `spec`")  # noqa: TRY004 - pydantic takes ValueError
        return self
