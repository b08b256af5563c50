"""Alerts that do not look at all of the time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from telemetry.lint.rule import ProjectRule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from telemetry.lint.findings import Finding
    from telemetry.lint.project import Project


class AlertWindow(ProjectRule):
    """An alert that looks back less far than its runs lie apart.

    What happens between two windows is never seen.

    Anti-pattern::

        window: 5m
        every: 15m

    Best practice::

        window: 15m
        every: 5m
    """

    code = "MS030"
    name = "alerts.window"

    def check(self, project: Project) -> Iterator[Finding]:
        """Give each alert whose window is shorter than its frequency."""
        for alert in project.definitions.alerts:
            model = alert.model
            if model.window < model.every:
                yield self.finding(
                    alert.place("window"),
                    "the window is shorter than the time between two runs",
                    hint="Look back at least as far as `every`",
                    subject=f"alert {model.name}",
                )
