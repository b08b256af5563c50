"""Asking for the rows of a dashboard's panels, several at a time."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from telemetry.definitions.panels import ListVariable, PanelKind, TextVariable
from telemetry.errors import QueryError
from telemetry.preview.views import DashboardView, GroupView, View
from telemetry.sql.resolution import render

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import datetime

    from telemetry.definitions import Dashboard, Panel
    from telemetry.definitions.dashboards import Place

AT_ONCE: Final = 4
"""How many queries are asked at the same time."""
_BUCKETS: Final = 90
"""How many buckets a chart has, about."""
_RESOLUTIONS: Final = (
    (1, "1 second"), (5, "5 seconds"), (15, "15 seconds"), (30, "30 seconds"), (60, "1 minute"),
    (300, "5 minutes"), (900, "15 minutes"), (1800, "30 minutes"), (3600, "1 hour"),
    (10800, "3 hours"), (21600, "6 hours"), (43200, "12 hours"), (86400, "1 day"),
    (604800, "7 days"),
)  # fmt: skip


class Answer(NamedTuple):
    """Hold what a query returned.

    Attributes:
        columns: Their names, in order.
        rows: By column.
    """

    columns: tuple[str, ...]
    rows: tuple[Mapping[str, Any], ...]


def choose_resolution(seconds: float) -> str:
    """Return what ``$resolution`` is for a chart over so many seconds."""
    fitting = (text for step, text in _RESOLUTIONS if seconds / step <= _BUCKETS)
    return next(fitting, _RESOLUTIONS[-1][1])


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Hold what a reader of a dashboard chooses.

    Attributes:
        since: When the time begins that it shows.
        until: When that ends.
        variables: Values in the place of the defaults.
        resolution: In the place of the one that fits; None for that.
    """

    since: datetime
    until: datetime
    variables: Mapping[str, Sequence[str]] = field(default_factory=dict)
    resolution: str | None = None

    @property
    def chosen_resolution(self) -> str:
        """What ``$resolution`` is."""
        return self.resolution or choose_resolution((self.until - self.since).total_seconds())

    @property
    def caption(self) -> str:
        """What is shown, in a line."""
        values = (f"{name}: {', '.join(each)}" for name, each in self.variables.items())
        span = f"{self.since:%Y-%m-%d %H:%M} to {self.until:%Y-%m-%d %H:%M} UTC"
        return "; ".join((span, f"$resolution: {self.chosen_resolution}", *values))


def fill_dashboard(
    dashboard: Dashboard, ask: Callable[[str], Answer], choice: Choice
) -> DashboardView:
    """Return a dashboard with the rows of its panels; a panel's error is its own.

    Args:
        dashboard: The dashboard.
        ask: Runs a query. It may be called from several threads, and raises QueryError.
        choice: What is to be shown.
    """

    def fill(item: tuple[Panel, Place]) -> View:
        panel, place = item
        return fill_panel(dashboard, panel, place, ask, choice)

    with ThreadPoolExecutor(AT_ONCE) as threads:
        groups = tuple(
            GroupView(
                group.title,
                tuple(threads.map(fill, zip(group.panels, group.places, strict=True))),
            )
            for group in dashboard.groups
        )
    return DashboardView(dashboard.name, dashboard.description, choice.caption, groups)


def fill_panel(
    dashboard: Dashboard,
    panel: Panel,
    place: Place,
    ask: Callable[[str], Answer],
    choice: Choice,
) -> View:
    """Return a panel with its rows, or with what is wrong.

    Args:
        dashboard: Whose panel it is.
        panel: The panel.
        place: Where it is in its group.
        ask: Runs a query, and raises QueryError.
        choice: What is to be shown.
    """
    if panel.kind is PanelKind.MARKDOWN:
        return View(panel, place)
    try:
        answer = ask(panel_sql(dashboard, panel, choice))
    except QueryError as error:
        return View(panel, place, error=str(error))
    return View(panel, place, answer.columns, answer.rows)


def panel_sql(dashboard: Dashboard, panel: Panel, choice: Choice) -> str:
    """Return a panel's query with the values of its variables.

    Args:
        dashboard: Whose panel it is.
        panel: The panel.
        choice: What is to be shown.

    Raises:
        InvalidSql: A variable is unknown, or has a value that it must not.
    """
    # A panel's own variable takes the place of the dashboard's.
    declared = {each.name: each for each in (*dashboard.variables, *panel.variables)}
    values = chosen_values(declared.values(), choice.variables)
    return render(panel.sql, values, choice.chosen_resolution)


def chosen_values(
    declared: Iterable[TextVariable | ListVariable], given: Mapping[str, Sequence[str]]
) -> dict[str, str | list[str]]:
    """Return the values of variables: the given ones, else their defaults.

    Args:
        declared: The variables.
        given: Values by name.
    """
    values: dict[str, str | list[str]] = {}
    for variable in declared:
        if isinstance(variable, TextVariable):
            values[variable.name] = given.get(variable.name, (variable.default,))[0]
            continue
        default = variable.default
        chosen = given.get(variable.name) or (
            (default,) if isinstance(default, str) else default or variable.values
        )
        values[variable.name] = list(chosen) if variable.multiple else chosen[0]
    return values
