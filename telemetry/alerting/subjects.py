"""What tests are of: alerts by their names, and panels by their dashboard's slug and their name."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from telemetry.definitions.dashboards import Dashboard, PersesDashboard
from telemetry.definitions.durations import parse_duration
from telemetry.definitions.panels import ListVariable
from telemetry.definitions.queries import queries_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from telemetry.definitions.alerts import Alert
    from telemetry.definitions.loader import Definitions
    from telemetry.definitions.panels import TextVariable


@dataclass(frozen=True, slots=True, order=True)
class Subject:
    """Name an alert, or a panel.

    Attributes:
        dashboard: The slug of the panel's dashboard; "" for an alert.
        name: The alert's or the panel's.
    """

    dashboard: str
    name: str

    @property
    def title(self) -> str:
        """What to call it in one text."""
        return f"{self.dashboard}: {self.name}" if self.dashboard else self.name


@dataclass(frozen=True, slots=True, kw_only=True)
class PanelQuery:
    """Hold what of a panel decides what it shows.

    Attributes:
        sql: Its query, with variables in it.
        duration: How far back its dashboard looks when it is opened, in seconds.
        variables: Those that the query may use.
    """

    sql: str
    duration: int
    variables: tuple[TextVariable | ListVariable, ...] = ()

    def refuse(self, given: Mapping[str, Sequence[str]]) -> str:
        """Say why no reader of the dashboard could choose these values; "" if one could.

        Args:
            given: Values of variables, by name.
        """
        known = {each.name: each for each in self.variables}
        for name, values in given.items():
            variable = known.get(name)
            if variable is None:
                return f"there is no variable {name!r}: there are {', '.join(known) or 'none'}"
            several = isinstance(variable, ListVariable) and variable.multiple
            if len(values) != 1 and not several:
                return f"the variable {name!r} has one value"
            if isinstance(variable, ListVariable) and not set(values) <= set(variable.values):
                return f"the values of {name!r} are some of {', '.join(variable.values)}"
        return ""


def subjects_of(definitions: Definitions) -> dict[Subject, Alert | PanelQuery]:
    """Return all alerts, and all panels that have a query."""
    alerts = {Subject("", each.model.name): each.model for each in definitions.alerts}
    return {**alerts, **dict(_panels(definitions))}


def _panels(definitions: Definitions) -> Iterator[tuple[Subject, PanelQuery]]:
    """Give the panels; of one name, the second is ``name (2)``."""
    for dashboard in definitions.dashboards:
        names = Counter[str]()
        for query in queries_of(dashboard):
            names[query.title] += 1
            number = names[query.title]
            name = query.title if number == 1 else f"{query.title} ({number})"
            yield (
                Subject(dashboard.model.slug, name),
                PanelQuery(
                    sql=query.sql,
                    duration=_duration_of(dashboard.model),
                    variables=tuple(query.variables.values()),
                ),
            )


def _duration_of(dashboard: Dashboard | PersesDashboard) -> int:
    if isinstance(dashboard, Dashboard):
        return dashboard.duration
    usual: int = Dashboard.model_fields["duration"].default
    try:
        return parse_duration(str(dashboard.definition["spec"].get("duration", f"{usual}s")))
    except ValueError:  # Perses has durations that Logfire's interface does not offer: 1h30m
        return usual
