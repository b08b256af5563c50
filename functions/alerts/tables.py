"""Rows as a table of characters, compact and aligned."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from rich.cells import cell_len, set_cell_size

from telemetry.terminal import on_one_line

if TYPE_CHECKING:
    from collections.abc import Sequence

MAX_ROWS: Final = 10
_MAX_CELL: Final = 32
_MAX_WIDTH: Final = 110
"""Cells of a line: about what a wide window of Slack shows without breaking it."""

_GAP: Final = "  "


def draw_table(rows: Sequence[dict[str, Any]]) -> str:
    """Return a heading and a line for each of the first rows; "" where there are none.

    Columns that no longer fit are left out, and a sign at the end of the heading says so.
    """
    shown = rows[:MAX_ROWS]
    columns = list(dict.fromkeys(name for row in shown for name in row))
    drawn = [_draw_column(name, [row.get(name) for row in shown]) for name in columns]
    fitting = _fit(drawn)
    lines = [_GAP.join(cells).rstrip() for cells in zip(*fitting, strict=True)]
    if lines and len(fitting) < len(drawn):
        lines[0] += f"{_GAP}…"
    return "\n".join(lines)


def _draw_column(name: str, values: list[object]) -> list[str]:
    cells = [_cut(name), *(_cut(_show(value)) for value in values)]
    width = max(map(cell_len, cells))
    if all(value is None or _is_number(value) for value in values):
        return [" " * (width - cell_len(cell)) + cell for cell in cells]
    return [cell + " " * (width - cell_len(cell)) for cell in cells]


def _fit(drawn: list[list[str]]) -> list[list[str]]:
    left = _MAX_WIDTH
    fitting = []
    for column in drawn:
        left -= cell_len(column[0]) + len(_GAP)
        if left < 0:
            break
        fitting.append(column)
    return fitting


def _show(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:.6g}"
    return on_one_line(str(value))


def _cut(text: str) -> str:
    text = on_one_line(text)
    if cell_len(text) <= _MAX_CELL:
        return text
    return set_cell_size(text, _MAX_CELL - 1).rstrip() + "…"


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
