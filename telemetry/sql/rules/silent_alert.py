"""Alerts that tell nobody."""

from __future__ import annotations

from typing import TYPE_CHECKING

from telemetry.lint.rule import ProjectRule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from telemetry.lint.findings import Finding
    from telemetry.lint.project import Project


class SilentAlert(ProjectRule):
    """An alert without a channel.

    It has matches, and nobody is told.

    Anti-pattern::

        kind: Alert
        channels: []

    Best practice::

        kind: Alert
        channels: [{channel: on-call}]
    """

    code = "MS031"
    name = "alerts.silent"

    def check(self, project: Project) -> Iterator[Finding]:
        """Give each active alert, and each objective, that no channel is told of."""
        for alert in project.definitions.alerts:
            if alert.model.active and not alert.model.channels:
                yield self.finding(
                    alert.place("channels"),
                    "the alert has no channel, and tells nobody",
                    hint="Name one in channels",
                    subject=f"alert {alert.model.name}",
                )
        for slo in project.definitions.slos:
            speeds = slo.model.alerts
            if not any(each.channels for each in (speeds.fast, speeds.medium, speeds.slow)):
                yield self.finding(
                    slo.place("alerts"),
                    "the objective has no channel, and tells nobody",
                    hint="Name one in alerts.fast.channels",
                    subject=f"SLO {slo.model.name}",
                )
