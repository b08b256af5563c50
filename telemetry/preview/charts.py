"""Panels as Vega-Lite: https://vega.github.io/vega-lite/docs/."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from telemetry.definitions.panels import PanelKind
from telemetry.preview.views import is_series

if TYPE_CHECKING:
    from telemetry.preview.themes import Theme
    from telemetry.preview.views import View

SCHEMA: Final = "https://vega.github.io/schema/vega-lite/v5.json"

_FEW_POINTS: Final = 40
"""So many points of a series are marked; more would hide the line."""
_FEW_DAYS: Final = 4
_FULL: Final = 100
"""What a gauge ends at that does not say."""
_HALF: Final = 1.9
"""Radians from the top to either end of a gauge."""
_LABEL: Final = 28
"""Characters of a label."""
_CUT_LABEL: Final = (
    f"length(datum.label) <= {_LABEL} ? datum.label : replace(slice(datum.label, 0, {_LABEL - 1}),"
    " regexp('[\\ud800-\\udbff]$'), '') + '…'"
)
"""What cuts a label, by Vega's own language and in place of its limits: those may leave half of a
character that UTF-16 writes as two, and then nothing is drawn at all."""


def make_chart(view: View, theme: Theme, width: int, height: int) -> dict[str, Any] | None:
    """Return a panel's chart; None for a kind that is no chart, and where there is none to draw.

    Args:
        view: The panel and its rows.
        theme: Its colours.
        width: Pixels.
        height: Pixels.
    """
    if view.error or view.is_empty:
        return None
    body: dict[str, Any] | None
    match view.panel.kind:
        case PanelKind.TIME_SERIES:
            body = _time_series(view, theme)
        case PanelKind.BAR:
            body = _bars(view)
        case PanelKind.PIE:
            body = _pie(view)
        case PanelKind.GAUGE:
            body = _gauge(view, theme)
        case _:
            return None
    if body is None:
        return None
    return {
        "$schema": SCHEMA,
        "width": width,
        "height": height,
        "autosize": {"type": "fit", "contains": "padding"},
        "config": theme.config(),
        **body,
    }


def _time_series(view: View, theme: Theme) -> dict[str, Any] | None:
    points = view.series()
    if not points:
        return None
    names = list(dict.fromkeys(point["series"] for point in points))
    options = view.panel.options
    stacked = _option(options, "visual", "stack") == "all"
    mark: dict[str, Any] = {"type": "area" if stacked else "line", "interpolate": "linear"}
    if stacked:
        mark["opacity"] = 0.8
    if len(points) <= _FEW_POINTS * max(1, len(names)):
        mark["point"] = {"size": 18}
    legend = None if len(names) == 1 else {"labelExpr": _CUT_LABEL}
    color = {"field": "series", "type": "nominal", "sort": names, "legend": legend}
    layers: list[dict[str, Any]] = [
        {
            "data": {"values": points},
            "mark": mark,
            "encoding": {
                "x": {
                    "field": "x",
                    "type": "temporal",
                    "title": None,
                    "scale": {"type": "utc"},
                    "axis": {"format": _time_format(points), "labelOverlap": True},
                },
                "y": {
                    "field": "value",
                    "type": "quantitative",
                    "title": _unit(options) or (names[0] if len(names) == 1 else None),
                    "stack": "zero" if stacked else None,
                },
                "color": color,
            },
        }
    ]
    thresholds = _thresholds(options)
    if thresholds:
        layers.append(
            {
                "data": {"values": [{"limit": limit} for limit in thresholds]},
                "mark": {"type": "rule", "strokeDash": [4, 4], "color": theme.bad},
                "encoding": {"y": {"field": "limit", "type": "quantitative"}},
            }
        )
    return {"layer": layers}


def _time_format(points: list[dict[str, Any]]) -> str:
    """Return how times are written: as short as they stay apart."""
    times = sorted(str(point["x"]) for point in points)
    days = {time[:10] for time in times}
    if len(days) > 1:
        return "%d %b %H:%M" if len(days) <= _FEW_DAYS else "%d %b"
    same_hour = len({time[:13] for time in times}) == 1
    return "%H:%M:%S" if same_hour and len({time[:15] for time in times}) == 1 else "%H:%M"


def _bars(view: View) -> dict[str, Any] | None:
    label, value = _label_and_value(view)
    if value is None:
        return None
    rows = [
        {"label": _text(row.get(label)) if label else str(number), "value": row.get(value)}
        for number, row in enumerate(view.rows, 1)
    ]
    return {
        "data": {"values": rows},
        "mark": {"type": "bar", "cornerRadiusEnd": 2},
        "encoding": {
            # The first row is at the bottom, as Logfire draws it.
            "y": {
                "field": "label",
                "type": "nominal",
                "title": None,
                "axis": {"labelExpr": _CUT_LABEL},
                "sort": [row["label"] for row in reversed(rows)],
            },
            "x": {
                "field": "value",
                "type": "quantitative",
                "title": _unit(view.panel.options) or value,
            },
        },
    }


def _pie(view: View) -> dict[str, Any] | None:
    label, value = _label_and_value(view)
    if label is None or value is None:
        return None
    rows = [
        {"label": f"{_text(row.get(label))} ({row.get(value):g})", "value": row.get(value)}
        for row in view.rows
        if row.get(value)
    ]
    if not rows:
        return None
    return {
        "data": {"values": rows},
        "mark": {"type": "arc", "innerRadius": 30},
        "encoding": {
            "theta": {"field": "value", "type": "quantitative", "stack": True},
            "color": {
                "field": "label",
                "type": "nominal",
                "sort": [row["label"] for row in rows],
                "legend": {"orient": "right", "columns": 1, "labelExpr": _CUT_LABEL},
            },
        },
    }


def _gauge(view: View, theme: Theme) -> dict[str, Any] | None:
    if not view.numbers:
        return None
    value = float(view.rows[-1 if is_series(view) else 0].get(view.numbers[0]) or 0.0)
    full = _number(view.panel.options.get("max")) or _FULL
    share = min(max(value / full, 0.0), 1.0)
    reached = [limit for limit in _thresholds(view.panel.options) if value >= limit]
    radius = {
        "radius": {"expr": "min(width, height) / 2"},
        "radius2": {"expr": "min(width, height) / 2 - 18"},
    }
    return {
        "data": {"values": [{"value": value}]},
        "layer": [
            {
                "mark": {
                    "type": "arc",
                    "theta": -_HALF,
                    "theta2": _HALF,
                    "color": theme.grid,
                    **radius,
                }
            },
            {
                "mark": {
                    "type": "arc",
                    "theta": -_HALF,
                    "theta2": -_HALF + 2 * _HALF * share,
                    "color": theme.bad if reached else "#4e79a7",
                    **radius,
                }
            },
            {
                "mark": {"type": "text", "fontSize": 26, "color": theme.text, "fontWeight": "bold"},
                "encoding": {"text": {"field": "value", "type": "quantitative", "format": ",.4~g"}},
            },
        ],
    }


def _label_and_value(view: View) -> tuple[str | None, str | None]:
    labels, numbers = view.labels, view.numbers
    return (labels[0] if labels else None), (numbers[0] if numbers else None)


def _unit(options: Mapping[str, Any]) -> str:
    return str(
        _option(options, "yAxis", "format", "unit") or _option(options, "format", "unit") or ""
    )


def _thresholds(options: Mapping[str, Any]) -> list[float]:
    steps = _option(options, "thresholds", "steps")
    found = (
        [step.get("value") for step in steps if isinstance(step, Mapping)]
        if isinstance(steps, list)
        else []
    )
    return [number for value in found if (number := _number(value)) is not None]


def _number(value: Any) -> float | None:
    """Return a number of the options, which are whatever somebody wrote there."""
    is_one = isinstance(value, int | float) and abs(value) <= sys.float_info.max
    return float(value) if is_one else None


def _option(options: Any, *path: str) -> Any:
    for key in path:
        options = options.get(key) if isinstance(options, Mapping) else None
    return options


def _text(value: Any) -> str:
    return "(none)" if value is None else str(value)
