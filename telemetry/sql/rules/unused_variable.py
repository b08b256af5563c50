"""Variables that nothing uses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from telemetry.definitions.dashboards import Dashboard
from telemetry.definitions.loader import identity_of
from telemetry.lint.rule import ProjectRule
from telemetry.lint.variables import mentions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from telemetry.definitions.panels import Panel
    from telemetry.lint.findings import Finding
    from telemetry.lint.project import Project


class UnusedVariable(ProjectRule):
    """A variable that nothing uses.

    Whoever chooses a value believes to have filtered, and sees everything.

    Anti-pattern::

        variables: [{type: text, name: service}]      # and no $service in any query

    Best practice::

        variables: []
    """

    code = "MS023"
    name = "variables.unused"

    def check(self, project: Project) -> Iterator[Finding]:
        """Give each variable of a dashboard, and of a panel, that nothing there mentions."""
        for dashboard in project.definitions.dashboards:
            model = dashboard.model
            if not isinstance(model, Dashboard):
                continue
            subject = " ".join(identity_of(model))
            for index, each in enumerate(model.variables):
                if not any(_uses(panel, each.name) for panel in model.panels):
                    yield self.finding(
                        dashboard.place("variables", index, "name"),
                        f"no panel uses the variable ${each.name}",
                        hint="Use it in a query, or leave it out",
                        subject=subject,
                    )
            for number, group in enumerate(model.groups):
                for index, panel in enumerate(group.panels):
                    for count, each in enumerate(panel.variables):
                        if not _uses(panel, each.name):
                            path = ("groups", number, "panels", index, "variables", count, "name")
                            yield self.finding(
                                dashboard.place(*path),
                                f"the panel does not use its variable ${each.name}",
                                hint="Use it in the query, or leave it out",
                                subject=f'{subject}, panel "{panel.name}"',
                            )


def _uses(panel: Panel, name: str) -> bool:
    return any(mentions(text, name) for text in (panel.sql, panel.text, panel.name))
