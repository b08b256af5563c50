"""Definitions that cannot be read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from telemetry.lint.rule import ProjectRule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from telemetry.lint.findings import Finding
    from telemetry.lint.project import Project


class Unreadable(ProjectRule):
    """A definition that cannot be read.

    A key that there is not, a duration or mode that Logfire refuses, a template that cannot be
    rendered, a file that is no YAML: nothing else can be said of such a definition.

    Anti-pattern::

        kind: Alert
        window: 45m        # Logfire knows 30m and 1h

    Best practice::

        kind: Alert
        window: 1h
    """

    code = "MS000"
    name = "definitions.unreadable"

    def check(self, project: Project) -> Iterator[Finding]:
        """Give every problem of loading."""
        for problem in project.definitions.problems:
            yield self.finding(problem.place, problem.message, hint=problem.hint)
