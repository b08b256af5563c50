"""Values that Logfire would render once more."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from telemetry.definitions.dashboards import Dashboard
from telemetry.definitions.loader import identity_of
from telemetry.definitions.panels import ListVariable
from telemetry.lint.rule import ProjectRule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from telemetry.definitions.panels import TextVariable
    from telemetry.lint.findings import Finding
    from telemetry.lint.project import Project

_UNSAFE: Final = re.compile(r"[$()]")


class VariableValues(ProjectRule):
    """A value of a variable with ``$``, ``(`` or ``)`` in it.

    Logfire renders what it put in once more, and such a value breaks the query.

    Anti-pattern::

        variables: [{type: list, name: kind, values: [event (music)]}]

    Best practice::

        variables: [{type: list, name: kind, values: [music_event]}]
    """

    code = "MS025"
    name = "variables.values"

    def check(self, project: Project) -> Iterator[Finding]:
        """Give each such value that a dashboard or a panel declares."""
        for dashboard in project.definitions.dashboards:
            model = dashboard.model
            if not isinstance(model, Dashboard):
                continue
            declared: list[tuple[tuple[str | int, ...], TextVariable | ListVariable]] = [
                (("variables", index), each) for index, each in enumerate(model.variables)
            ]
            for number, group in enumerate(model.groups):
                for index, panel in enumerate(group.panels):
                    path = ("groups", number, "panels", index, "variables")
                    declared += [((*path, at), each) for at, each in enumerate(panel.variables)]
            for at, variable in declared:
                for inner, value in _values_of(variable):
                    if _UNSAFE.search(value):
                        yield self.finding(
                            dashboard.place(*at, *inner),
                            f"a value of ${variable.name} has $, ( or ) in it",
                            hint="Leave them out: Logfire renders the value once more",
                            subject=" ".join(identity_of(model)),
                        )


def _values_of(
    variable: TextVariable | ListVariable,
) -> Iterator[tuple[tuple[str | int, ...], str]]:
    if isinstance(variable, ListVariable):
        for index, value in enumerate(variable.values):
            yield ("values", index), value
    else:
        yield ("default",), variable.default
