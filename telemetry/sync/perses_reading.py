"""Dashboards of Logfire's as definitions in YAML, where those can say the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from telemetry.definitions import Dashboard, PanelKind, QueryKind, compile_dashboard
from telemetry.definitions.panels import DEFAULT_SIZES
from telemetry.definitions.perses import PLUGINS, QUERIES, panel_keys, read_variable
from telemetry.sync.canonical_dashboards import canonical_dashboard
from telemetry.sync.shapes import as_list, as_mapping

if TYPE_CHECKING:
    from collections.abc import Mapping

_KINDS = {plugin: kind for kind, plugin in PLUGINS.items()}
_QUERIES = {plugin: kind for kind, (_, plugin) in QUERIES.items()}
_DEFAULT_DURATION = "1h"


def read_dashboard(slug: str, form: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return a dashboard as the data of a definition; None where that cannot say all of it.

    Args:
        slug: Its slug.
        form: Its canonical form.
    """
    spec = as_mapping(as_mapping(form.get("definition")).get("spec"))
    display = as_mapping(spec.get("display"))
    data: dict[str, Any] = {"kind": "Dashboard", "slug": slug, "name": form.get("name")}
    if display.get("description"):
        data["description"] = display["description"]
    if spec.get("duration") != _DEFAULT_DURATION:
        data["duration"] = spec.get("duration")
    if "refreshInterval" in spec:
        data["refresh"] = spec["refreshInterval"]
    if "variables" in spec:
        data["variables"] = _variables(spec)
    panels = as_mapping(spec.get("panels"))
    data["groups"] = [_group(layout, panels) for layout in as_list(spec, "layouts")]
    return data if _says_all(data, form) else None


def _says_all(data: dict[str, Any], form: Mapping[str, Any]) -> bool:
    """Say whether a definition compiles to what it was made of."""
    try:
        model = Dashboard.model_validate(data)
    except ValidationError:
        return False
    for group, model_group in zip(data["groups"], model.groups, strict=True):
        _drop_places(group, model_group.places)
    again = _drop_keys(data, panel_keys(model))
    body = {"name": again.name, "definition": compile_dashboard(again)}
    return canonical_dashboard(body) == form


def _drop_keys(data: dict[str, Any], keys: list[str]) -> Dashboard:
    """Leave out what panels are called if they would be called so anyway."""
    panels = _panels(data)
    for panel in panels:
        del panel["key"]
    usual = panel_keys(Dashboard.model_validate(data))
    for panel, key, its_usual in zip(panels, keys, usual, strict=True):
        if key != its_usual:
            panel["key"] = key
    dropped = Dashboard.model_validate(data)
    if panel_keys(dropped) == keys:
        return dropped
    # Those that are left out would be counted otherwise.
    for panel, key in zip(panels, keys, strict=True):
        panel["key"] = key
    return Dashboard.model_validate(data)


def _drop_places(group: dict[str, Any], places: Any) -> None:
    """Leave out where panels are if they would be there anyway."""
    kept = [{key: panel.pop(key) for key in ("x", "y")} for panel in group["panels"]]
    bare = Dashboard.model_validate(
        {"kind": "Dashboard", "slug": "a", "name": "a", "groups": [group]}
    )
    if bare.groups[0].places != places:
        for panel, place in zip(group["panels"], kept, strict=True):
            panel.update(place)


def _panels(data: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [panel for group in data["groups"] for panel in group["panels"]]


def _group(layout: Any, panels: Mapping[str, Any]) -> dict[str, Any]:
    spec = as_mapping(as_mapping(layout).get("spec"))
    display = as_mapping(spec.get("display"))
    group: dict[str, Any] = {"title": display.get("title", "")}
    if as_mapping(display.get("collapse")).get("open") is False:
        group["open"] = False
    group["panels"] = [_panel(item, panels) for item in as_list(spec, "items")]
    return group


def _panel(item: Any, panels: Mapping[str, Any]) -> dict[str, Any]:
    entry = as_mapping(item)
    key = str(as_mapping(entry.get("content")).get("$ref")).rpartition("/")[2]
    spec = as_mapping(as_mapping(panels.get(key)).get("spec"))
    display = as_mapping(spec.get("display"))
    plugin = as_mapping(spec.get("plugin"))
    kind = _KINDS.get(str(plugin.get("kind")))
    options = dict(as_mapping(plugin.get("spec")))
    panel: dict[str, Any] = {"name": display.get("name"), "kind": kind.value if kind else ""}
    panel["key"] = key
    if display.get("description"):
        panel["description"] = display["description"]
    size = DEFAULT_SIZES.get(kind) if kind else None
    for name, default in zip(("width", "height"), size or (0, 0), strict=True):
        if entry.get(name) != default:
            panel[name] = entry.get(name)
    panel["x"], panel["y"] = entry.get("x", 0), entry.get("y", 0)
    if kind is PanelKind.MARKDOWN:
        panel["text"] = options.pop("text", "")
    else:
        panel.update(_query(kind, spec))
    if options:
        panel["options"] = options
    if "variables" in spec:
        panel["variables"] = _variables(spec)
    return panel


def _query(kind: PanelKind | None, spec: Mapping[str, Any]) -> dict[str, Any]:
    queries = as_list(spec, "queries")
    frame = as_mapping(queries[0] if queries else None)
    plugin = as_mapping(as_mapping(frame.get("spec")).get("plugin"))
    inner = as_mapping(plugin.get("spec"))
    query_kind = _QUERIES.get(str(plugin.get("kind")))
    data: dict[str, Any] = {}
    usual = QueryKind.TIME_SERIES if kind is PanelKind.TIME_SERIES else QueryKind.ROWS
    if query_kind is not None and query_kind is not usual:
        data["query"] = query_kind.value
    if "metrics" in inner:
        data["metrics"] = inner["metrics"]
    if "groupBy" in inner:
        data["group_by"] = inner["groupBy"]
    data["sql"] = inner.get("query", "")
    return data


def _variables(spec: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return variables as data; what cannot be read is {}, which no definition takes."""
    found = []
    for each in as_list(spec, "variables"):
        variable = read_variable(each)
        data = variable.model_dump(mode="json", exclude_defaults=True) if variable else {}
        found.append({"type": variable.type, **data} if variable else {})
    return found
