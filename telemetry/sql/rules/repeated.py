"""Definitions of one identity."""

from __future__ import annotations

from typing import TYPE_CHECKING

from telemetry.definitions.loader import find_repeats
from telemetry.lint.rule import ProjectRule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from telemetry.lint.findings import Finding
    from telemetry.lint.project import Project


class Repeated(ProjectRule):
    """Two definitions of one identity.

    A dashboard is known by its slug, an alert by its name, a channel by its label: of two that are
    the same, the one that is written last would win.

    Anti-pattern::

        {kind: Alert, name: Failures, …}
        {kind: Alert, name: Failures, …}

    Best practice::

        {kind: Alert, name: Failures of sourcing, …}
        {kind: Alert, name: Failures of writers, …}
    """

    code = "MS040"
    name = "definitions.repeated"

    def check(self, project: Project) -> Iterator[Finding]:
        """Give each definition whose identity one before it has."""
        for problem in find_repeats(project.definitions):
            yield self.finding(problem.place, problem.message, hint=problem.hint)
