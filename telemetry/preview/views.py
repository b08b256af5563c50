"""A panel with its rows: what charts, pictures and pages are made of."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from telemetry.definitions.panels import PanelKind, QueryKind

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from telemetry.definitions import Panel
    from telemetry.definitions.dashboards import Place


@dataclass(frozen=True, slots=True)
class View:
    """Hold a panel and what its query returned.

    Attributes:
        panel: The panel.
        place: Where it is in its group.
        columns: The names of the answer's columns, in order.
        rows: The answer.
        error: Why there is none; "" where there is.
    """

    panel: Panel
    place: Place
    columns: tuple[str, ...] = ()
    rows: tuple[Mapping[str, Any], ...] = ()
    error: str = ""

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to draw, though nothing is wrong."""
        return self.panel.kind is not PanelKind.MARKDOWN and not self.error and not self.rows

    @property
    def numbers(self) -> tuple[str, ...]:
        """The columns that hold numbers."""
        return tuple(name for name in self.columns if _is_numeric(self.rows, name))

    @property
    def labels(self) -> tuple[str, ...]:
        """The other columns."""
        numbers = set(self.numbers)
        return tuple(name for name in self.columns if name not in numbers)

    def series(self) -> list[dict[str, Any]]:
        """Return the points of a time series: ``x``, ``series`` and ``value``."""
        panel = self.panel
        values = panel.metrics or tuple(each for each in self.numbers)
        axis = next((name for name in self.columns if name not in {*values, panel.group_by}), "")
        points = []
        for row in self.rows:
            for name in values:
                if row.get(name) is None or row.get(axis) is None:
                    continue
                points.append(
                    {"x": row[axis], "series": self._name(row, name, values), "value": row[name]}
                )
        return points

    def _name(self, row: Mapping[str, Any], value: str, values: Sequence[str]) -> str:
        if not self.panel.group_by:
            return value
        group = str(row.get(self.panel.group_by))
        return group if len(values) == 1 else f"{group} {value}"


@dataclass(frozen=True, slots=True)
class GroupView:
    """Hold the panels of a group."""

    title: str
    views: tuple[View, ...]


@dataclass(frozen=True, slots=True)
class DashboardView:
    """Hold a dashboard with the rows of all its panels.

    Attributes:
        title: Its name.
        description: What it is about.
        caption: Which time and which values of variables it shows.
        groups: Its groups.
    """

    title: str
    description: str
    caption: str
    groups: tuple[GroupView, ...] = field(default=())

    @property
    def views(self) -> tuple[View, ...]:
        """The panels of all groups."""
        return tuple(view for group in self.groups for view in group.views)


def is_series(view: View) -> bool:
    """Say whether a panel's rows are points over time."""
    return view.panel.query_kind is QueryKind.TIME_SERIES


def _is_numeric(rows: Sequence[Mapping[str, Any]], name: str) -> bool:
    values = [row.get(name) for row in rows]
    known = [value for value in values if value is not None]
    return bool(known) and all(
        isinstance(value, int | float) and not isinstance(value, bool) for value in known
    )
