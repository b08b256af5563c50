"""A dashboard as one picture: SVG, and PNG of it."""

from __future__ import annotations

import json
import re
import textwrap
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final
from xml.sax.saxutils import escape, quoteattr

from telemetry.definitions.panels import COLUMNS, PanelKind
from telemetry.preview.charts import make_chart
from telemetry.preview.markdown import words_of
from telemetry.preview.themes import FONT
from telemetry.terminal import on_one_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from telemetry.preview.themes import Theme
    from telemetry.preview.views import DashboardView, GroupView, View

COLUMN: Final = 52
ROW: Final = 34
"""Pixels of a column and a row of the grid."""
GAP: Final = 12
_HEAD: Final = 34
"""Pixels of a panel's title."""
_WIDTH: Final = COLUMNS * COLUMN + GAP
_LINE: Final = 18
_CHARACTER: Final = 6.4
"""Pixels of a character of small text, about."""
_SVG: Final = re.compile(r"<svg[^>]*>(.*)</svg>", re.DOTALL)


def draw_dashboard(dashboard: DashboardView, theme: Theme) -> str:
    """Return a picture of a dashboard, as SVG."""
    parts: list[str] = []
    y = GAP + 24
    parts.append(_words(GAP, y, dashboard.title, theme.text, size=20, weight="bold"))
    y += 22
    parts.append(_words(GAP, y, dashboard.caption, theme.quiet))
    y += GAP
    for group in dashboard.groups:
        y += 26
        parts.append(_words(GAP, y, group.title, theme.text, size=15, weight="bold"))
        y += 10
        parts += (_card(view, theme, y) for view in group.views)
        y += _rows_of(group) * ROW
    return _frame(_WIDTH, y + GAP, dashboard.title, theme, "".join(parts))


def draw_panel(view: View, theme: Theme) -> str:
    """Return a picture of one panel, of the size it has in its dashboard, as SVG."""
    width, height = view.place.width * COLUMN + GAP, view.place.height * ROW + GAP
    first = replace(view, place=view.place.model_copy(update={"x": 0, "y": 0}))
    return _frame(width, height, view.panel.name, theme, _card(first, theme, GAP))


def _frame(width: int, height: int, label: str, theme: Theme, inside: str) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}"'
        f' viewBox="0 0 {width} {height}" role="img" aria-label={quoteattr(_plain(label))}'
        f" font-family={quoteattr(FONT)}>"
        f'<rect width="100%" height="100%" fill="{theme.page}"/>{inside}</svg>'
    )


def draw_chart(view: View, theme: Theme, width: int, height: int) -> str | None:
    """Return a panel's chart as SVG; None where it has none."""
    import vl_convert  # noqa: PLC0415 - takes half a second, and not every page has charts

    chart = make_chart(view, theme, width, height)
    if chart is None:
        return None
    # It aborts the whole process at a text that XML cannot hold, as one with an escape character.
    spec = json.dumps(_plain_all(chart), default=str)
    svg: str = vl_convert.vegalite_to_svg(spec, allowed_base_urls=[])
    return svg


def _plain_all(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain_all(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_plain_all(each) for each in value]
    return _plain(value) if isinstance(value, str) else value


def to_png(svg: str, scale: float = 2.0) -> bytes:
    """Return a picture as PNG."""
    import vl_convert  # noqa: PLC0415 - as above

    png: bytes = vl_convert.svg_to_png(svg, scale=scale)
    return png


def _rows_of(group: GroupView) -> int:
    return max((view.place.y + view.place.height for view in group.views), default=0)


def _card(view: View, theme: Theme, top: int) -> str:
    x, y = GAP + view.place.x * COLUMN, top + view.place.y * ROW
    width, height = view.place.width * COLUMN - GAP, view.place.height * ROW - GAP
    room = width - 2 * GAP
    inner = _body(view, theme, room, height - _HEAD - GAP)
    title = _words(GAP, 22, view.panel.name, theme.text, size=13, weight="bold", width=room)
    return (
        f'<g transform="translate({x},{y})"><rect width="{width}" height="{height}" rx="6"'
        f' fill="{theme.card}" stroke="{theme.border}"/>'
        f"{title}"
        f'<g transform="translate({GAP},{_HEAD})">{inner}</g></g>'
    )


def _body(view: View, theme: Theme, width: int, height: int) -> str:
    if view.error:
        return "".join(_paragraph(view.error, theme.bad, width, height))
    if view.is_empty:
        return _words(width / 2, height / 2, "No data", theme.quiet, anchor="middle")
    chart = draw_chart(view, theme, width, height)
    if chart is not None:
        found = _SVG.search(chart)
        inside = found[1] if found else ""
        return (
            f'<svg width="{width}" height="{height}" viewBox="0 0 {width} {height}">{inside}</svg>'
        )
    match view.panel.kind:
        case PanelKind.MARKDOWN:
            return "".join(_paragraph(words_of(view.panel.text), theme.text, width, height))
        case PanelKind.VALUES:
            return "".join(_values(view, theme, width, height))
        case _:
            return "".join(_table(view, theme, width, height))


def _values(view: View, theme: Theme, width: int, height: int) -> Iterator[str]:
    names = view.numbers or view.columns
    each = width / max(1, len(names))
    for number, name in enumerate(names):
        x, value = (number + 0.5) * each, view.rows[0].get(name)
        size = min(28, int(each / 4))
        yield _words(
            x, height / 2, show(value), theme.text, size=size, weight="bold", anchor="middle"
        )
        yield _words(x, height / 2 + 22, name, theme.quiet, anchor="middle", width=each)


def _table(view: View, theme: Theme, width: int, height: int) -> Iterator[str]:
    each = width / max(1, len(view.columns))
    fits = max(1, height // _LINE - 1)
    hidden = len(view.rows) - fits
    if hidden > 0:
        fits -= 1
        hidden += 1
    for number, name in enumerate(view.columns):
        yield _words(number * each, 12, name, theme.quiet, width=each, weight="bold")
        for line, row in enumerate(view.rows[:fits], 1):
            y = 12 + line * _LINE
            yield _words(number * each, y, show(row.get(name)), theme.text, width=each)
    if hidden > 0:
        yield _words(0, 12 + (fits + 1) * _LINE, f"… and {hidden} more rows", theme.quiet)


def _paragraph(text: str, color: str, width: int, height: int) -> Iterator[str]:
    per_line = max(8, int(width / _CHARACTER))
    lines = [line for part in text.splitlines() for line in textwrap.wrap(part, per_line) or [""]]
    for number, line in enumerate(lines[: max(1, height // _LINE)]):
        yield _words(0, 12 + number * _LINE, line, color)


def _words(  # noqa: PLR0913 - what a text looks like
    x: float,
    y: float,
    text: str,
    color: str,
    *,
    size: int = 12,
    weight: str = "normal",
    anchor: str = "start",
    width: float | None = None,
) -> str:
    shown = _plain(text)
    if width is not None:
        most = max(1, int(width / (_CHARACTER * size / 12)) - 1)
        shown = shown if len(shown) <= most else f"{shown[: most - 1]}…"
    return (
        f'<text x="{x:g}" y="{y:g}" font-size="{size}" font-weight="{weight}"'
        f' text-anchor="{anchor}" fill="{color}">{escape(shown)}</text>'
    )


def show(value: Any) -> str:
    """Return a value as panels show it."""
    if value is None:
        return "-"
    if isinstance(value, bool) or not isinstance(value, int | float):
        return (
            value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
        )
    return f"{value:,}" if isinstance(value, int) else f"{value:,.4g}"


def _plain(text: str) -> str:
    """Return a text that XML can hold."""
    return re.sub(r"[\ud800-\udfff\ufffe\uffff]", "?", on_one_line(text))
