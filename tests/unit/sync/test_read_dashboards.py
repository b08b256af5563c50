from __future__ import annotations

import copy
from typing import Any

import pytest

from telemetry.definitions import Dashboard, compile_dashboard
from telemetry.sync.canonical import canonical
from telemetry.sync.perses_reading import read_dashboard
from telemetry.sync.resources import Kind

DASHBOARD: dict[str, Any] = {
    "kind": "Dashboard",
    "slug": "health",
    "name": "Health",
    "description": "All of it",
    "duration": "24h",
    "refresh": "30s",
    "variables": [
        {"type": "text", "name": "host", "label": "Host", "default": "a"},
        {
            "type": "list",
            "name": "service",
            "values": ["a", "b"],
            "multiple": True,
            "all": True,
            "default": ["a"],
        },
    ],
    "groups": [
        {
            "title": "First",
            "open": False,
            "panels": [
                {"name": "Over time", "kind": "time-series", "metrics": ["n"], "sql": "SELECT 1"},
                {"name": "Gauge", "kind": "gauge", "query": "time-series", "sql": "SELECT 2"},
                {"name": "Gauge", "kind": "gauge", "sql": "SELECT 3", "options": {"max": 5}},
            ],
        },
        {
            "title": "Second",
            "panels": [
                {"name": "Text", "kind": "markdown", "text": "# A\nb"},
                {
                    "name": "Bars",
                    "kind": "bar",
                    "sql": "SELECT 4",
                    "key": "own",
                    "x": 3,
                    "y": 9,
                    "width": 5,
                    "height": 2,
                    "variables": [{"type": "text", "name": "x"}],
                },
            ],
        },
    ],
}


def _form(data: dict[str, Any]) -> dict[str, Any]:
    model = Dashboard.model_validate(data)
    body = {"name": model.name, "definition": compile_dashboard(model)}
    return canonical(Kind.DASHBOARD, body)


def test_what_definitions_can_say_is_read_back() -> None:
    form = _form(DASHBOARD)
    data = read_dashboard("health", form)
    assert data is not None
    assert form == _form(data)
    # Nothing that is so anyway is said.
    first = data["groups"][0]["panels"][0]
    assert {"name", "kind", "metrics", "sql"} == set(first)


@pytest.mark.parametrize(
    "change",
    [
        lambda spec: spec["panels"]["own"]["spec"]["plugin"].update(kind="New"),
        lambda spec: spec["panels"]["own"]["spec"]["queries"].append({"kind": "x"}),
        lambda spec: spec["panels"]["own"]["spec"].update(queries=[]),
        lambda spec: spec["panels"].update(Lost=spec["panels"]["own"]),
        lambda spec: spec["layouts"][0].update(kind="Tabs"),
        lambda spec: spec["layouts"][0]["spec"]["display"].pop("title"),
        lambda spec: spec["layouts"].clear(),
        lambda spec: spec["variables"][0].update(kind="QueryVariable"),
        lambda spec: spec.update(datasources={"x": {"kind": "y"}}),
        lambda spec: spec.update(duration="soon"),
    ],
)
def test_what_definitions_cannot_say_is_not_read(change: Any) -> None:
    form = copy.deepcopy(_form(DASHBOARD))
    change(form["definition"]["spec"])
    assert read_dashboard("health", form) is None
