"""All queries of the definitions, each with what it is for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from telemetry.definitions.dashboards import Dashboard, PersesDashboard
from telemetry.definitions.panels import (
    ListVariable,
    Panel,
    PanelKind,
    QueryKind,
    TextVariable,
)
from telemetry.definitions.perses import read_queries

if TYPE_CHECKING:
    from telemetry.definitions.loader import Definition, Definitions
    from telemetry.definitions.models import Model
    from telemetry.definitions.places import Place

Variables = Mapping[str, TextVariable | ListVariable]


class Purpose(StrEnum):
    """Say what a query's rows are for."""

    PANEL = "panel"
    ALERT = "alert"
    SLO = "SLO"
    """No whole query: a condition."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """Hold a query and what it is for.

    Attributes:
        sql: Its text, with dashboard variables and nothing left of templates.
        place: Where it begins; ``place.within(line, column)`` points into it.
        purpose: What its rows are for.
        owner: The definition it is of.
        title: What to call it: of its panel, or of the alert.
        panel: Its panel, of a dashboard in YAML.
        panel_kind: What its panel shows; None for alerts and kinds there are not.
        query_kind: What its rows are declared to be; None for kinds there are not.
        metrics: The columns that are values, of a time series.
        group_by: The column whose values are the series.
        variables: Those it may use, by name.
    """

    sql: str
    place: Place
    purpose: Purpose
    owner: Definition[Model]
    title: str
    panel: Panel | None = None
    panel_kind: PanelKind | None = None
    query_kind: QueryKind | None = None
    metrics: tuple[str, ...] = ()
    group_by: str = ""
    variables: Variables = field(default_factory=dict)


def all_queries(definitions: Definitions) -> Iterator[Query]:
    """Give every query of every definition."""
    for dashboard in definitions.dashboards:
        yield from queries_of(dashboard)
    for alert in definitions.alerts:
        yield Query(
            sql=alert.model.sql,
            place=alert.place("sql"),
            purpose=Purpose.ALERT,
            owner=alert,
            title=alert.model.name,
        )
    for slo in definitions.slos:
        for key in ("total", "bad"):
            yield Query(
                sql=getattr(slo.model, key),
                place=slo.place(key),
                purpose=Purpose.SLO,
                owner=slo,
                title=f"{slo.model.name}: {key}",
            )


def queries_of(dashboard: Definition[Dashboard | PersesDashboard]) -> Iterator[Query]:
    """Give the queries of a dashboard."""
    model = dashboard.model
    if isinstance(model, PersesDashboard):
        yield from _perses_queries(dashboard, model.definition)
        return
    shared: dict[str, Any] = {each.name: each for each in model.variables}
    for number, group in enumerate(model.groups):
        for index, panel in enumerate(group.panels):
            if panel.kind is PanelKind.MARKDOWN:
                continue
            yield Query(
                sql=panel.sql,
                place=dashboard.place("groups", number, "panels", index, "sql"),
                purpose=Purpose.PANEL,
                owner=dashboard,
                title=panel.name,
                panel=panel,
                panel_kind=panel.kind,
                query_kind=panel.query_kind,
                metrics=panel.metrics,
                group_by=panel.group_by,
                variables={**shared, **{each.name: each for each in panel.variables}},
            )


def _perses_queries(dashboard: Definition[Model], definition: Mapping[str, Any]) -> Iterator[Query]:
    for each in read_queries(definition):
        yield Query(
            sql=each.sql,
            place=dashboard.place(),
            purpose=Purpose.PANEL,
            owner=dashboard,
            title=each.title,
            panel_kind=each.panel_kind,
            query_kind=each.query_kind,
            metrics=each.metrics,
            group_by=each.group_by,
            variables=each.variables,
        )
