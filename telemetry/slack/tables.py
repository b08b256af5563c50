"""Rows as a table of characters, compact and aligned."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from rich.cells import cell_len, set_cell_size

from telemetry.slack.limits import MAX_TEXT, measure
from telemetry.slack.mrkdwn import ELLIPSIS, escape_code
from telemetry.terminal import on_one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

MAX_ROWS: Final = 10
_MAX_COLUMNS: Final = 12
_MAX_CELL: Final = 32
_MAX_CHARACTERS: Final = 2 * _MAX_CELL
"""Of a cell: what combines with the character before takes no cell of its own."""

_MAX_WIDTH: Final = 110
"""Cells of a line: about what a wide window of Slack shows without breaking it."""

_GAP: Final = "  "
_FENCE: Final = "```"


def draw_table(rows: Sequence[dict[str, Any]]) -> str:
    """Return a heading and a line for each of the first rows; "" where there are none.

    Columns that no longer fit are left out, and a sign at the end of the heading says so; so are
    last lines, without one, where all would be longer than a text may be. It is for preformatted
    texts, which Slack takes literally.

    Args:
        rows: By column; they need not have the same.
    """
    return "\n".join(_take(_draw(rows), MAX_TEXT))


def draw_code(rows: Sequence[dict[str, Any]], limit: int) -> str:
    """Return the same table as a block of code within mrkdwn; "" where there are no rows.

    Args:
        rows: By column.
        limit: Of all, the fences included.
    """
    room = limit - 2 * len(_FENCE) - 2
    lines = list(_take((escape_code(line, room) for line in _draw(rows)), room))
    return "\n".join((_FENCE, *lines, _FENCE)) if lines else ""


def _draw(rows: Sequence[dict[str, Any]]) -> list[str]:
    shown = rows[:MAX_ROWS]
    columns = list(dict.fromkeys(name for row in shown for name in row))
    drawn = [_draw_column(name, [row.get(name) for row in shown]) for name in columns]
    fitting = _fit(drawn)
    lines = [_GAP.join(cells).rstrip() for cells in zip(*fitting, strict=True)]
    if lines and len(fitting) < len(drawn):
        lines[0] += f"{_GAP}{ELLIPSIS}"
    return lines


def _draw_column(name: str, values: list[object]) -> list[str]:
    cells = [_cut(name), *(_cut(_show(value)) for value in values)]
    width = max(map(cell_len, cells))
    if all(value is None or _is_number(value) for value in values):
        return [" " * (width - cell_len(cell)) + cell for cell in cells]
    return [cell + " " * (width - cell_len(cell)) for cell in cells]


def _fit(drawn: list[list[str]]) -> list[list[str]]:
    left = _MAX_WIDTH + len(_GAP)
    fitting = []
    for column in drawn[:_MAX_COLUMNS]:
        left -= cell_len(column[0]) + len(_GAP)
        if left < 0:
            break
        fitting.append(column)
    return fitting


def _take(lines: Iterable[str], limit: int) -> Iterator[str]:
    """Give the first lines that there is room for."""
    left = limit + 1
    for line in lines:
        left -= measure(line) + 1
        if left < 0:
            return
        yield line


def _show(value: object) -> str:
    match value:
        case None:
            return "-"
        case str():
            return value
        case float():
            return f"{value:.6g}"
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)


def _cut(text: str) -> str:
    # A long text is not looked at as a whole.
    text = on_one_line(text[: _MAX_CHARACTERS + 1])
    if cell_len(text) <= _MAX_CELL and len(text) <= _MAX_CHARACTERS:
        return text
    return set_cell_size(text[: _MAX_CHARACTERS - 1], _MAX_CELL - 1).rstrip() + ELLIPSIS


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
