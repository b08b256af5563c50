"""The canonical form of dashboards."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final

from telemetry.definitions.durations import format_short, parse_duration
from telemetry.sync.markers import strip_marker
from telemetry.sync.shapes import as_list, as_mapping, clean_text, tidy, tidy_mapping

if TYPE_CHECKING:
    from collections.abc import Mapping

_NOISE: Final = ("annotations", "links")
"""What the interface's export carries and the API drops."""

_PART: Final = re.compile(r"\d+[smhdw]")
_VARIABLE_DEFAULTS: Final = {
    "allowMultiple": False,
    "allowAllValue": False,
    "constant": False,
    "sort": "none",
}


def canonical_dashboard(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return the canonical form of a dashboard's ``name`` and ``definition``.

    Metadata is left out: its name is the identity, the rest is the server's.
    """
    spec = as_mapping(as_mapping(body.get("definition")).get("spec"))
    display = as_mapping(spec.get("display"))
    description = strip_marker(str(display.get("description") or ""))
    form = {key: value for key, value in spec.items() if key not in _NOISE}
    form["display"] = {**display, "description": description}
    form["duration"] = _duration(spec.get("duration") or "1h")
    refresh = _duration(spec.get("refreshInterval") or "0s")
    form["refreshInterval"] = "" if refresh == "0s" else refresh
    form["variables"] = [_variable(each) for each in as_list(spec, "variables")]
    form["panels"] = {key: _panel(each) for key, each in as_mapping(spec.get("panels")).items()}
    form["layouts"] = [_layout(each) for each in as_list(spec, "layouts")]
    name = body.get("name") or display.get("name")
    return tidy_mapping({"name": name, "definition": {"spec": form}})


def _panel(panel: Any) -> dict[str, Any]:
    inner = as_mapping(as_mapping(panel).get("spec"))
    spec = {key: value for key, value in inner.items() if key not in _NOISE}
    display = as_mapping(inner.get("display"))
    if isinstance(display.get("description"), str):
        spec["display"] = {**display, "description": clean_text(display["description"])}
    plugin = as_mapping(inner.get("plugin"))
    options = as_mapping(plugin.get("spec"))
    if isinstance(options.get("text"), str):
        options = {**options, "text": clean_text(options["text"])}
        spec["plugin"] = {**plugin, "spec": options}
    spec["queries"] = [_query(each) for each in as_list(inner, "queries")]
    spec["variables"] = [_variable(each) for each in as_list(inner, "variables")]
    return {**as_mapping(panel), "kind": "Panel", "spec": spec}


def _query(query: Any) -> dict[str, Any]:
    frame = as_mapping(query)
    spec = as_mapping(frame.get("spec"))
    plugin = as_mapping(spec.get("plugin"))
    inner = dict(as_mapping(plugin.get("spec")))
    if isinstance(inner.get("query"), str):
        inner["query"] = clean_text(inner["query"])
    return {**frame, "spec": {**spec, "plugin": {**plugin, "spec": inner}}}


def _variable(variable: Any) -> dict[str, Any]:
    frame = as_mapping(variable)
    spec = {
        key: value
        for key, value in as_mapping(frame.get("spec")).items()
        if not (key in _VARIABLE_DEFAULTS and value == _VARIABLE_DEFAULTS[key])
    }
    display = dict(as_mapping(spec.get("display")))
    # Its own name is what it is called anyway.
    if display.get("name") == spec.get("name"):
        display.pop("name", None)
    if display.get("hidden") is False:
        del display["hidden"]
    spec["display"] = display
    plugin = as_mapping(spec.get("plugin"))
    if "spec" in plugin:
        values = [_value(each) for each in as_list(plugin["spec"], "values")]
        inner = {**as_mapping(plugin["spec"]), "values": values}
        spec["plugin"] = {**plugin, "spec": inner}
    return {**frame, "spec": spec}


def _value(value: Any) -> Any:
    """Return a value of a list; one whose label is the value itself is also written plainly."""
    entry = as_mapping(value)
    if isinstance(entry.get("value"), str) and entry.get("label", entry["value"]) == entry["value"]:
        return entry["value"]
    return value


def _layout(layout: Any) -> dict[str, Any]:
    frame = as_mapping(layout)
    spec = as_mapping(frame.get("spec"))
    display = dict(as_mapping(spec.get("display")))
    collapse = dict(as_mapping(display.get("collapse")))
    if collapse.get("open") is True:
        del collapse["open"]
    display["collapse"] = collapse
    # Each says where it is, so their order says nothing.
    items = sorted(tidy(as_list(spec, "items")), key=_position)
    return {**frame, "spec": {**spec, "display": display, "items": items}}


def _position(item: Any) -> tuple[int, int, str]:
    entry = as_mapping(item)
    x, y = entry.get("x"), entry.get("y")
    # What is at the same place has its order from something, too.
    text = json.dumps(entry, sort_keys=True)
    return (y if isinstance(y, int) else 0, x if isinstance(x, int) else 0, text)


def _duration(value: Any) -> Any:
    """Return a duration as mystage writes it: 60m and 1h, or 1h30m and 90m, are the same."""
    text = str(value).strip().lower()
    parts = _PART.findall(text)
    if "".join(parts) != text:
        return value
    try:
        return format_short(sum(parse_duration(part) for part in parts))
    except ValueError:
        return value
