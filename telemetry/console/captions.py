"""What charts show, in words: for those who hear a page, and where a picture does not load."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from telemetry.console.showing import show_value
from telemetry.definitions import PanelKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from telemetry.preview.views import View

_SERIES: Final = 8
"""Series or rows that are spoken of."""
_CHARACTERS: Final = 60
"""Of a name."""
_KINDS: Final = {
    PanelKind.TIME_SERIES: "Chart over time",
    PanelKind.BAR: "Bar chart",
    PanelKind.PIE: "Pie chart",
    PanelKind.GAUGE: "Gauge",
}


def describe_chart(view: View) -> str:
    """Return what a chart shows: its panel, its series, and their last values."""
    kind = _KINDS.get(view.panel.kind, "Chart")
    if view.panel.kind is PanelKind.TIME_SERIES:
        said = _describe_series(view)
    else:
        said = _describe_rows(view)
    return f"{kind}: {_cut(view.panel.name)}. {said}"


def _describe_series(view: View) -> str:
    points = sorted(view.series(), key=lambda point: str(point["x"]))
    last = {point["series"]: point["value"] for point in points}
    span = f"From {_cut(points[0]['x'])} to {_cut(points[-1]['x'])}. " if points else ""
    return f"{span}Last values: {_list(list(last.items()))}."


def _describe_rows(view: View) -> str:
    value = next(iter(view.numbers), "")
    label = next(iter(view.labels), "")
    pairs = [(row.get(label, value) if label else value, row.get(value)) for row in view.rows]
    return f"{_list(pairs)}."


def _list(pairs: Sequence[tuple[Any, Any]]) -> str:
    said = [f"{_cut(name)} {_cut(value)}" for name, value in pairs[:_SERIES]]
    if len(pairs) > _SERIES:
        said.append(f"and {len(pairs) - _SERIES:,} more")
    return ", ".join(said)


def _cut(value: Any) -> str:
    text = " ".join(show_value(value).split())
    return text if len(text) <= _CHARACTERS else f"{text[: _CHARACTERS - 1]}…"
