"""A variable that shadows Logfire's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from telemetry.definitions.dashboards import Dashboard
from telemetry.definitions.loader import identity_of
from telemetry.lint.rule import ProjectRule
from telemetry.sql.resolution import RESOLUTION

if TYPE_CHECKING:
    from collections.abc import Iterator

    from telemetry.definitions.dashboards import PersesDashboard
    from telemetry.definitions.loader import Definition
    from telemetry.definitions.places import Place
    from telemetry.lint.findings import Finding
    from telemetry.lint.project import Project


class ResolutionDeclared(ProjectRule):
    """A variable named ``resolution``.

    Each dashboard has ``$resolution`` already. One that is declared shadows it, and freezes the
    buckets of every chart.

    Anti-pattern::

        variables:
          - {type: text, name: resolution, default: 5 minutes}

    Best practice::

        variables: []     # and $resolution in the SQL
    """

    code = "MS020"
    name = "variables.resolution"

    def check(self, project: Project) -> Iterator[Finding]:
        """Give each declaration of a variable of that name."""
        for dashboard in project.definitions.dashboards:
            for place in _declared_at(dashboard, project):
                yield self.finding(
                    place,
                    f"${RESOLUTION} is every dashboard's own, and must not be declared",
                    hint="Leave the variable out",
                    subject=" ".join(identity_of(dashboard.model)),
                )


def _declared_at(
    dashboard: Definition[Dashboard | PersesDashboard], project: Project
) -> Iterator[Place]:
    model = dashboard.model
    if isinstance(model, Dashboard):
        for index, each in enumerate(model.variables):
            if each.name == RESOLUTION:
                yield dashboard.place("variables", index, "name")
        for number, group in enumerate(model.groups):
            for index, panel in enumerate(group.panels):
                for count, each in enumerate(panel.variables):
                    if each.name == RESOLUTION:
                        path = ("groups", number, "panels", index, "variables", count, "name")
                        yield dashboard.place(*path)
        return
    queries = (query for query in project.queries if query.owner is dashboard)
    if any(RESOLUTION in query.variables for query in queries):
        yield dashboard.place()
