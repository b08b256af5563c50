"""Dashboards: where panels go, and what Perses makes of them."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from telemetry.definitions import Dashboard, Group, Panel, PanelKind, compile_dashboard
from telemetry.definitions.perses import panel_keys, read_queries


def panel(name: str = "P", **more: Any) -> dict[str, Any]:
    return {"name": name, "kind": "table", "sql": "SELECT 1", **more}


def group(*panels: dict[str, Any]) -> Group:
    return Group.model_validate({"title": "G", "panels": list(panels)})


def dashboard(*panels: dict[str, Any], **more: Any) -> Dashboard:
    return Dashboard.model_validate(
        {
            "kind": "Dashboard",
            "slug": "d",
            "name": "D",
            "groups": [{"title": "G", "panels": list(panels)}],
            **more,
        }
    )


def test_panels_flow_from_the_left_and_into_the_next_row_where_there_is_no_room() -> None:
    flowing = group(
        panel(width=10, height=4), panel(width=14, height=6), panel(width=1, height=1), panel()
    )
    assert [(0, 0, 10, 4), (10, 0, 14, 6), (0, 6, 1, 1), (0, 7, 24, 10)] == [
        (place.x, place.y, place.width, place.height) for place in flowing.places
    ]


def test_a_panel_with_a_place_is_there_and_the_others_flow_as_if_it_were_not() -> None:
    placed = group(panel(width=8), panel(x=3, y=20, width=2, height=2), panel(width=8))
    assert [(0, 0), (3, 20), (8, 0)] == [(place.x, place.y) for place in placed.places]


def test_panels_that_flow_never_overlap() -> None:
    widths = [24, 1, 12, 12, 5, 7, 9, 24, 23, 2]
    places = group(*(panel(width=each, height=each % 5 + 1) for each in widths)).places
    pairs = [(a, b) for a in places for b in places if a is not b]
    assert [] == [(a, b) for a, b in pairs if a.overlaps(b)]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"kind": "markdown", "sql": "SELECT 1"}, "a markdown panel has `text`"),
        ({"kind": "table", "sql": ""}, "a markdown panel has `text`"),
        ({"kind": "table", "sql": "SELECT 1", "x": 1}, "a place is `x` and `y`, or neither"),
        ({"kind": "table", "sql": "SELECT 1", "width": 0}, "greater than or equal to 1"),
        (
            {
                "kind": "table",
                "sql": "SELECT 1",
                "variables": [{"type": "list", "name": "v", "values": ["a"], "default": "b"}],
            },
            "default 'b' is none of its values",
        ),
    ],
)
def test_a_panel_that_contradicts_itself_is_refused(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Panel.model_validate({"name": "P", **wrong})


def test_a_dashboard_becomes_what_logfire_keeps() -> None:
    made = dashboard(
        panel(
            "Items over time",
            kind="time-series",
            sql="SELECT time_bucket($resolution, start_timestamp) AS x, count(*) AS n",
            metrics=["n"],
            options={"legend": {"position": "bottom"}},
        ),
        {"name": "Read me", "kind": "markdown", "text": "# Hello"},
        duration="24h",
        refresh="90s",
        variables=[
            {"type": "text", "name": "needle", "default": "x"},
            {"type": "list", "name": "stage", "values": ["a", "b"], "multiple": True, "all": True},
        ],
    )
    assert {
        "kind": "Dashboard",
        "metadata": {"name": "d"},
        "spec": {
            "display": {"name": "D", "description": None},
            "duration": "24h",
            "refreshInterval": "90s",
            "variables": [
                {
                    "kind": "TextVariable",
                    "spec": {"name": "needle", "display": {"name": "needle"}, "value": "x"},
                },
                {
                    "kind": "ListVariable",
                    "spec": {
                        "name": "stage",
                        "display": {"name": "stage"},
                        "allowMultiple": True,
                        "allowAllValue": True,
                        "defaultValue": None,
                        "plugin": {"kind": "StaticListVariable", "spec": {"values": ["a", "b"]}},
                    },
                },
            ],
            "panels": {
                "Items-over-time": {
                    "kind": "Panel",
                    "spec": {
                        "display": {"name": "Items over time", "description": None},
                        "plugin": {
                            "kind": "TimeSeriesChart",
                            "spec": {"legend": {"position": "bottom"}},
                        },
                        "queries": [
                            {
                                "kind": "TimeSeriesQuery",
                                "spec": {
                                    "plugin": {
                                        "kind": "LogfireTimeSeriesQuery",
                                        "spec": {
                                            "query": "SELECT time_bucket($resolution,"
                                            " start_timestamp) AS x, count(*) AS n",
                                            "groupBy": "",
                                            "metrics": ["n"],
                                        },
                                    }
                                },
                            }
                        ],
                    },
                },
                "Read-me": {
                    "kind": "Panel",
                    "spec": {
                        "display": {"name": "Read me", "description": None},
                        "plugin": {"kind": "Markdown", "spec": {"text": "# Hello"}},
                        "queries": [],
                    },
                },
            },
            "layouts": [
                {
                    "kind": "Grid",
                    "spec": {
                        "display": {"title": "G", "collapse": {"open": True}},
                        "items": [
                            {
                                "x": 0,
                                "y": 0,
                                "width": 12,
                                "height": 8,
                                "content": {"$ref": "#/spec/panels/Items-over-time"},
                            },
                            {
                                "x": 0,
                                "y": 8,
                                "width": 24,
                                "height": 4,
                                "content": {"$ref": "#/spec/panels/Read-me"},
                            },
                        ],
                    },
                }
            ],
            "datasources": {},
        },
    } == compile_dashboard(made)


def test_panels_of_one_name_have_different_keys() -> None:
    assert ["P", "P-2", "own", "panel"] == panel_keys(
        dashboard(panel("P"), panel("P"), panel("P", key="own"), panel("…"))
    )


def test_what_is_compiled_has_the_queries_it_was_made_of() -> None:
    made = dashboard(
        panel("A", kind="gauge", sql="SELECT 1", query="time-series", group_by="g"),
        panel("B", kind="pie", sql="SELECT 2"),
        variables=[{"type": "text", "name": "v"}],
    )
    assert [
        ("A", PanelKind.GAUGE, "time-series", "SELECT 1", "g", ["v"]),
        ("B", PanelKind.PIE, "rows", "SELECT 2", "", ["v"]),
    ] == [
        (
            each.title,
            each.panel_kind,
            each.query_kind,
            each.sql,
            each.group_by,
            list(each.variables),
        )
        for each in read_queries(compile_dashboard(made))
    ]


@pytest.mark.parametrize(
    "definition",
    [
        {},
        {"spec": None},
        {"spec": {"panels": [1]}},
        {"spec": {"panels": {"P": {"spec": {"queries": [None, {"spec": 1}]}}}}},
        {"spec": {"variables": [{"kind": "Other"}, 7, {"spec": {"name": 3}}]}},
    ],
)
def test_reading_queries_of_any_json_never_fails(definition: dict[str, Any]) -> None:
    assert all(not each.sql for each in read_queries(definition))
