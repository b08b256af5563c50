"""Dashboards as Perses has them, which is how Logfire keeps them.

https://perses.dev/perses/docs/api/dashboard/ describes the frame; the kinds of panels and queries
that Logfire fills it with are those of its own interface's export.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from pydantic import TypeAdapter, ValidationError

from telemetry.definitions.dashboards import Dashboard, Group, PersesDashboard
from telemetry.definitions.durations import format_short
from telemetry.definitions.panels import (
    ListVariable,
    Panel,
    PanelKind,
    QueryKind,
    TextVariable,
    Variable,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from telemetry.definitions.dashboards import Place

PLUGINS: Final = {
    PanelKind.TIME_SERIES: "TimeSeriesChart",
    PanelKind.BAR: "BarChart",
    PanelKind.PIE: "PieChart",
    PanelKind.TABLE: "Table",
    PanelKind.VALUES: "Values",
    PanelKind.GAUGE: "GaugeChart",
    PanelKind.MARKDOWN: "Markdown",
}
_KINDS: Final = {plugin: kind for kind, plugin in PLUGINS.items()}

QUERIES: Final = {
    QueryKind.TIME_SERIES: ("TimeSeriesQuery", "LogfireTimeSeriesQuery"),
    QueryKind.ROWS: ("NonTimeSeriesQuery", "LogfireNonTimeSeriesQuery"),
}
"""The kind of a query, and of its plugin."""

_QUERY_KINDS: Final = {plugin: kind for kind, (_, plugin) in QUERIES.items()}
_NO_KEY: Final = re.compile(r"[^A-Za-z0-9]+")
_VARIABLE: Final[TypeAdapter[TextVariable | ListVariable]] = TypeAdapter(Variable)


@dataclass(frozen=True, slots=True, kw_only=True)
class PersesQuery:
    """Hold a query of a Perses dashboard; what it has of kinds there are not is None."""

    sql: str
    title: str
    panel_kind: PanelKind | None
    query_kind: QueryKind | None
    metrics: tuple[str, ...] = ()
    group_by: str = ""
    variables: Mapping[str, TextVariable | ListVariable] = field(default_factory=dict)


def compile_dashboard(dashboard: Dashboard | PersesDashboard) -> dict[str, Any]:
    """Return a dashboard as the management API takes it in ``definition``."""
    if isinstance(dashboard, PersesDashboard):
        return dashboard.definition
    keys = panel_keys(dashboard)
    layouts, start = [], 0
    for group in dashboard.groups:
        layouts.append(_layout(group, keys[start : start + len(group.panels)]))
        start += len(group.panels)
    return {
        "kind": "Dashboard",
        "metadata": {"name": dashboard.slug},
        "spec": {
            "display": {"name": dashboard.name, "description": dashboard.description or None},
            "duration": format_short(dashboard.duration),
            "refreshInterval": format_short(dashboard.refresh),
            "variables": [_variable(each) for each in dashboard.variables],
            "panels": {
                key: _panel(panel) for key, panel in zip(keys, dashboard.panels, strict=True)
            },
            "layouts": layouts,
            "datasources": {},
        },
    }


def panel_keys(dashboard: Dashboard) -> list[str]:
    """Return what each panel is called within the definition, all of them different."""
    taken: set[str] = set()
    keys = []
    for panel in dashboard.panels:
        base = panel.key or _NO_KEY.sub("-", panel.name).strip("-") or "panel"
        key, number = base, 1
        while key in taken:
            number += 1
            key = f"{base}-{number}"
        taken.add(key)
        keys.append(key)
    return keys


def read_queries(definition: Mapping[str, Any]) -> Iterator[PersesQuery]:
    """Give the queries of a Perses dashboard, whatever else is in it."""
    spec = _mapping(definition.get("spec"))
    shared = _read_variables(spec.get("variables"))
    for key, panel in _mapping(spec.get("panels")).items():
        inner = _mapping(_mapping(panel).get("spec"))
        title = _mapping(inner.get("display")).get("name") or key
        kind = _KINDS.get(str(_mapping(inner.get("plugin")).get("kind")))
        variables = {**shared, **_read_variables(inner.get("variables"))}
        for query in _list(inner.get("queries")):
            plugin = _mapping(_mapping(_mapping(query).get("spec")).get("plugin"))
            query_spec = _mapping(plugin.get("spec"))
            metrics = _list(query_spec.get("metrics"))
            yield PersesQuery(
                sql=str(query_spec.get("query") or ""),
                title=str(title),
                panel_kind=kind,
                query_kind=_QUERY_KINDS.get(str(plugin.get("kind"))),
                metrics=tuple(str(each) for each in metrics if each),
                group_by=str(query_spec.get("groupBy") or ""),
                variables=variables,
            )


def _panel(panel: Panel) -> dict[str, Any]:
    spec: dict[str, Any] = {
        "display": {"name": panel.name, "description": panel.description or None},
        "plugin": {"kind": PLUGINS[panel.kind], "spec": dict(panel.options)},
        "queries": [],
    }
    if panel.kind is PanelKind.MARKDOWN:
        spec["plugin"]["spec"]["text"] = panel.text
    else:
        spec["queries"].append(_query(panel))
    if panel.variables:
        spec["variables"] = [_variable(each) for each in panel.variables]
    return {"kind": "Panel", "spec": spec}


def _query(panel: Panel) -> dict[str, Any]:
    kind, plugin = QUERIES[panel.query_kind]
    spec: dict[str, Any] = {"query": panel.sql}
    if panel.query_kind is QueryKind.TIME_SERIES:
        spec.update(groupBy=panel.group_by, metrics=list(panel.metrics))
    return {"kind": kind, "spec": {"plugin": {"kind": plugin, "spec": spec}}}


def _layout(group: Group, keys: Sequence[str]) -> dict[str, Any]:
    places: Sequence[Place] = group.places
    return {
        "kind": "Grid",
        "spec": {
            "display": {"title": group.title, "collapse": {"open": group.open}},
            "items": [
                {**place.model_dump(), "content": {"$ref": f"#/spec/panels/{key}"}}
                for place, key in zip(places, keys, strict=True)
            ],
        },
    }


def _variable(variable: TextVariable | ListVariable) -> dict[str, Any]:
    display = {"name": variable.label or variable.name}
    if isinstance(variable, TextVariable):
        return {
            "kind": "TextVariable",
            "spec": {"name": variable.name, "display": display, "value": variable.default},
        }
    default = variable.default
    return {
        "kind": "ListVariable",
        "spec": {
            "name": variable.name,
            "display": display,
            "allowMultiple": variable.multiple,
            "allowAllValue": variable.all,
            "defaultValue": list(default) if isinstance(default, tuple) else default,
            "plugin": {"kind": "StaticListVariable", "spec": {"values": list(variable.values)}},
        },
    }


def _read_variables(variables: Any) -> dict[str, TextVariable | ListVariable]:
    found = {}
    for each in _list(variables):
        variable = read_variable(each)
        if variable is not None:
            found[variable.name] = variable
    return found


def read_variable(variable: Any) -> TextVariable | ListVariable | None:
    """Return a variable of a Perses dashboard; None for a kind there is not."""
    kind, spec = _mapping(variable).get("kind"), _mapping(_mapping(variable).get("spec"))
    name = spec.get("name")
    label = _mapping(spec.get("display")).get("name") or ""
    data: dict[str, Any] = {"name": name, "label": "" if label == name else label}
    if kind == "TextVariable":
        data.update(type="text", default=spec.get("value") or "")
    else:
        values = _mapping(_mapping(spec.get("plugin")).get("spec")).get("values")
        data.update(
            type="list",
            values=[_value_of(each) for each in _list(values)],
            multiple=bool(spec.get("allowMultiple")),
            all=bool(spec.get("allowAllValue")),
            default=spec.get("defaultValue") or None,
        )
    try:
        return _VARIABLE.validate_python(data)
    except ValidationError:
        return None


def _value_of(value: Any) -> str:
    """Return a value of a list, which Perses also writes as ``{"value": …, "label": …}``."""
    return str(value.get("value", "")) if isinstance(value, dict) else str(value)


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else ()
