"""A dashboard as one page: no script, nothing from outside, light and dark as the reader has it."""

from __future__ import annotations

import html
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

from telemetry.definitions.panels import PanelKind
from telemetry.preview.markdown import to_html
from telemetry.preview.pictures import COLUMN, GAP, ROW, draw_chart, show
from telemetry.preview.themes import DARK, LIGHT, Theme
from telemetry.terminal import clean

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from telemetry.preview.views import DashboardView, GroupView, View

POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
"""What the page may load: nothing, and its own styles (https://www.w3.org/TR/CSP3/)."""

_HEAD: Final = 44


def write_page(dashboard: DashboardView) -> str:
    """Return a dashboard as HTML."""
    groups = "".join(_group(group, number) for number, group in enumerate(dashboard.groups))
    title = _text(dashboard.title)
    about = f"<p>{_text(dashboard.description)}</p>" if dashboard.description else ""
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{title}</title><style>{_styles()}</style></head><body><main>"
        f"<header><h1>{title}</h1>{about}<p class=quiet>{_text(dashboard.caption)}</p></header>"
        f"{groups}</main></body></html>\n"
    )


def _group(group: GroupView, number: int) -> str:
    views = "".join(_panel(view, f"{number}-{index}") for index, view in enumerate(group.views))
    return (
        f'<section aria-label="{_text(group.title)}"><h2>{_text(group.title)}</h2>'
        f"<div class=grid>{views}</div></section>"
    )


def _panel(view: View, key: str) -> str:
    place = view.place
    columns = f"{place.x + 1} / span {place.width}"
    rows = f"{place.y + 1} / span {place.height}"
    about = f"<p class=quiet>{_text(view.panel.description)}</p>" if view.panel.description else ""
    sql = ""
    if view.panel.sql:
        sql = f"<details><summary>SQL</summary><pre>{_text(view.panel.sql)}</pre></details>"
    return (
        f'<article style="grid-column:{columns};grid-row:{rows}" aria-labelledby="p{key}">'
        f'<h3 id="p{key}">{_text(view.panel.name)}</h3>{_body(view)}{about}{sql}</article>'
    )


def _body(view: View) -> str:
    if view.error:
        return f'<p class=bad role="alert">{_text(view.error)}</p>'
    if view.is_empty:
        return "<p class=quiet>No data</p>"
    if view.panel.kind is PanelKind.MARKDOWN:
        return f"<div class=words>{to_html(view.panel.text)}</div>"
    width = view.place.width * COLUMN - 3 * GAP
    height = view.place.height * ROW - _HEAD - 2 * GAP
    pictures = "".join(_picture(view, theme, width, height) for theme in (LIGHT, DARK))
    if pictures:
        # The numbers themselves, for who cannot see the picture or wants to copy them.
        return f"{pictures}<details><summary>Numbers</summary>{_table(view)}</details>"
    return _values(view) if view.panel.kind is PanelKind.VALUES else _table(view)


def _picture(view: View, theme: Theme, width: int, height: int) -> str:
    chart = draw_chart(view, theme, width, height)
    return (
        "" if chart is None else f'<div class="{theme.name} chart" aria-hidden="true">{chart}</div>'
    )


def _values(view: View) -> str:
    names = view.numbers or view.columns
    pairs = (
        f"<div><dt>{_text(name)}</dt><dd>{_text(show(view.rows[0].get(name)))}</dd></div>"
        for name in names
    )
    return f"<dl>{''.join(pairs)}</dl>"


def _table(view: View) -> str:
    numbers = set(view.numbers)
    head = "".join(
        f'<th scope="col"{_class(name in numbers)}>{_text(name)}</th>' for name in view.columns
    )
    rows = "".join(f"<tr>{''.join(_cells(row, view.columns, numbers))}</tr>" for row in view.rows)
    return (
        f'<div class=scroll tabindex="0"><table><thead><tr>{head}</tr></thead>'
        f"<tbody>{rows}</tbody></table></div>"
    )


def _cells(row: Any, names: Sequence[str], numbers: set[str]) -> Iterator[str]:
    for name in names:
        yield f"<td{_class(name in numbers)}>{_text(show(row.get(name)))}</td>"


def _class(is_number: bool) -> str:  # noqa: FBT001 - says what it is of
    return " class=number" if is_number else ""


def _text(text: str) -> str:
    return html.escape(clean(text))


def _styles() -> str:
    sheet = files("telemetry.preview").joinpath("page.css").read_text(encoding="utf-8")
    return (
        f":root{{{_colors(LIGHT)};color-scheme:light dark}}"
        f"@media(prefers-color-scheme:dark){{:root{{{_colors(DARK)}}}}}\n{sheet}"
    )


def _colors(theme: Theme) -> str:
    names = ("page", "card", "border", "text", "quiet", "grid", "bad")
    return ";".join(f"--{name}:{getattr(theme, name)}" for name in names)
