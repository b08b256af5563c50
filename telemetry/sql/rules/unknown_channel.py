"""Channels and schedules that nobody defines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from telemetry.lint.known import nearest
from telemetry.lint.rule import ProjectRule

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from telemetry.definitions.alerts import Delivery
    from telemetry.definitions.places import Place
    from telemetry.lint.findings import Finding
    from telemetry.lint.project import Project


class UnknownChannel(ProjectRule):
    """A channel or delivery schedule that no definition has.

    Anti-pattern::

        channels: [{channel: oncall}]     # it is defined as on-call

    Best practice::

        channels: [{channel: on-call}]
    """

    code = "MS032"
    name = "alerts.unknown-channel"

    def check(self, project: Project) -> Iterator[Finding]:
        """Give each label of a channel or schedule that is not defined."""
        for kind, label, place, subject in _deliveries(project):
            if label and label not in _labels(project, kind):
                yield self.finding(
                    place,
                    f"there is no {kind} {label}",
                    hint=nearest(label, _labels(project, kind)),
                    subject=subject,
                )


def _labels(project: Project, kind: str) -> Collection[str]:
    def found() -> set[str]:
        if kind == "channel":
            return {each.model.label for each in definitions.channels}
        return {each.model.label for each in definitions.schedules}

    definitions = project.definitions
    labels = found()
    definitions = project.others
    return labels | found()


def _deliveries(project: Project) -> Iterator[tuple[str, str, Place, str]]:
    """Give kind, label, place and owner of each reference."""
    for alert in project.definitions.alerts:
        for index, delivery in enumerate(alert.model.channels):
            for kind, label in _labels_of(delivery):
                place = alert.place("channels", index, kind)
                yield kind, label, place, f"alert {alert.model.name}"
    for slo in project.definitions.slos:
        for speed in ("fast", "medium", "slow"):
            for index, delivery in enumerate(getattr(slo.model.alerts, speed).channels):
                for kind, label in _labels_of(delivery):
                    place = slo.place("alerts", speed, "channels", index, kind)
                    yield kind, label, place, f"SLO {slo.model.name}"


def _labels_of(delivery: Delivery) -> tuple[tuple[str, str], ...]:
    return ("channel", delivery.channel), ("schedule", delivery.schedule)
