"""Panels that lie over each other, or outside of the dashboard."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

from telemetry.definitions.dashboards import Dashboard
from telemetry.definitions.loader import identity_of
from telemetry.definitions.panels import COLUMNS
from telemetry.lint.rule import ProjectRule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from telemetry.lint.findings import Finding
    from telemetry.lint.project import Project


class Grid(ProjectRule):
    """Panels that overlap, or lie outside of the 24 columns.

    Panels without a place follow one another, and never do.

    Anti-pattern::

        panels:
          - {name: A, x: 0, y: 0, width: 14, …}
          - {name: B, x: 12, y: 0, width: 14, …}

    Best practice::

        panels:
          - {name: A, width: 12, …}
          - {name: B, width: 12, …}
    """

    code = "MS026"
    name = "panels.grid"

    def check(self, project: Project) -> Iterator[Finding]:
        """Give each panel that is too far right, and each that covers one before it."""
        for dashboard in project.definitions.dashboards:
            model = dashboard.model
            if not isinstance(model, Dashboard):
                continue
            subject = " ".join(identity_of(model))
            for number, group in enumerate(model.groups):
                places = group.places
                for index, place in enumerate(places):
                    if place.x + place.width > COLUMNS:
                        yield self.finding(
                            dashboard.place("groups", number, "panels", index),
                            f'"{group.panels[index].name}" ends at column'
                            f" {place.x + place.width} of {COLUMNS}",
                            hint="Make it narrower, or give it another x",
                            subject=subject,
                        )
                for (_, one), (index, other) in combinations(enumerate(places), 2):
                    if one.overlaps(other):
                        before = next(i for i, each in enumerate(places) if each is one)
                        yield self.finding(
                            dashboard.place("groups", number, "panels", index),
                            f'"{group.panels[index].name}" overlaps "{group.panels[before].name}"',
                            hint="Give one of them another place, or neither a place of its own",
                            subject=subject,
                        )
