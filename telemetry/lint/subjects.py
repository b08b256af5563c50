"""What of a query decides what rules say about it: small, and the key of the cache."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from telemetry.definitions.alerts import Slo
from telemetry.definitions.dashboards import PersesDashboard
from telemetry.definitions.loader import identity_of
from telemetry.definitions.panels import ListVariable, PanelKind, QueryKind, TextVariable
from telemetry.definitions.queries import Purpose

if TYPE_CHECKING:
    from telemetry.definitions.queries import Query

_BEGINNINGS = ("select", "with")


@dataclass(frozen=True, slots=True)
class Variable:
    """Describe a variable that a query may use.

    Attributes:
        multiple: Whether it may hold several values.
        values: What it may be; the first is what the query is planned with.
    """

    multiple: bool
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """Hold what a query is and what it is for, without where it stands.

    Attributes:
        sql: Its text.
        purpose: What its rows are for.
        panel_kind: What its panel shows; None for alerts and kinds there are not.
        query_kind: What its rows are declared to be; None for kinds there are not.
        metrics: The columns that are values, of a time series.
        group_by: The column whose values are the series.
        variables: Those it may use, by name, in their order.
        table: Of a condition: the table it is about.
    """

    sql: str
    purpose: Purpose
    panel_kind: PanelKind | None = None
    query_kind: QueryKind | None = None
    metrics: tuple[str, ...] = ()
    group_by: str = ""
    variables: tuple[tuple[str, Variable], ...] = ()
    table: str = ""

    @property
    def prefix(self) -> str:
        """What makes a query of a condition, in front of it."""
        # Nothing is run, and what it is put in front of is the user's own SQL.
        return f"SELECT 1 FROM {self.table} WHERE (" if self._is_condition else ""  # noqa: S608

    @property
    def suffix(self) -> str:
        """The same behind it: on a line of its own, for the condition may end in a comment."""
        return "\n)" if self._is_condition else ""

    @property
    def _is_condition(self) -> bool:
        return bool(self.table) and not self.sql.lstrip().lower().startswith(_BEGINNINGS)


def subject_of(query: Query) -> Subject:
    """Return what of a query rules look at."""
    model = query.owner.model
    return Subject(
        sql=query.sql,
        purpose=query.purpose,
        panel_kind=query.panel_kind,
        query_kind=query.query_kind,
        metrics=query.metrics,
        group_by=query.group_by,
        variables=tuple((name, _variable(each)) for name, each in query.variables.items()),
        table=model.source if isinstance(model, Slo) else "",
    )


def _variable(variable: TextVariable | ListVariable) -> Variable:
    if isinstance(variable, TextVariable):
        return Variable(multiple=False, values=(variable.default,) if variable.default else ())
    return Variable(multiple=variable.multiple, values=variable.values)


def name_of(query: Query) -> str:
    """Return what to call a query, as ``dashboard health, panel "Failures"``."""
    kind, identity = identity_of(query.owner.model)
    if query.purpose is Purpose.PANEL:
        return f'{kind} {identity}, panel "{query.title}"'
    return f"{kind} {query.title}"


def is_exported(query: Query) -> bool:
    """Tell whether a query comes from JSON, where lines of SQL are no lines of the file."""
    return isinstance(query.owner.model, PersesDashboard)
