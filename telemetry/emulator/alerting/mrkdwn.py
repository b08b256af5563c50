"""Text as Slack takes it: what it would read as markup is escaped, and it is not too long.

https://docs.slack.dev/messaging/formatting-message-text#escaping
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

import orjson
from rich.cells import cell_len, set_cell_size

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

ELLIPSIS: Final = "…"

_ESCAPES: Final = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_INVISIBLE: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]+")
"""Control characters, and those that turn the direction of what follows."""

_FENCE: Final = "```"
_QUOTE: Final = "`"
_PRIME: Final = "'"
"""Stands for a backtick in code, which three of would end."""

_MOST_COLUMNS: Final = 8
_WIDEST: Final = 48
"""Columns of the screen that a value takes at most."""


def flatten(text: str) -> str:
    """Return text as one line without what steers a screen."""
    return _INVISIBLE.sub(" ", text).strip()


def cut(text: str, most: int) -> str:
    """Return the beginning of a text, with an ellipsis where something is missing."""
    return text if len(text) <= most else text[: most - len(ELLIPSIS)] + ELLIPSIS


def escape(text: str, most: int) -> str:
    """Return text in which nothing is markup, cut to a length without cutting an escape.

    Args:
        text: Any.
        most: How many characters Slack takes.
    """
    escaped = [_ESCAPES.get(letter, letter) for letter in text]
    if sum(map(len, escaped)) <= most:
        return "".join(escaped)
    taken, room = [], most - len(ELLIPSIS)
    for letter in escaped:
        room -= len(letter)
        if room < 0:
            break
        taken.append(letter)
    return "".join(taken) + ELLIPSIS


def escape_plain(text: str, most: int) -> str:
    """Return text of one line in which nothing is markup, nor emphasised, quoted or code."""
    # There is no escape for these: a space of no width keeps them from being at a word's edge.
    broken = re.sub(r"([*_~`])", "\\1\u200b", flatten(text))
    return escape(broken, most)


def write_table(rows: Sequence[dict[str, Any]], most: int) -> str:
    """Return rows as a block of code with columns, as many of both as there is room for.

    Args:
        rows: All with the same keys.
        most: How many characters Slack takes.
    """
    names = list(rows[0])[:_MOST_COLUMNS] if rows else []
    table = [[_write_value(name) for name in names]]
    table += [[_write_value(row.get(name)) for name in names] for row in rows]
    widths = [max(map(cell_len, column)) for column in zip(*table, strict=True)]
    room = most - 2 * len(_FENCE) - 2
    lines: list[str] = []
    for line in (_join(cells, widths) for cells in table):
        escaped = escape(line, most if lines else room - 1)
        room -= len(escaped) + 1
        if room < 0:
            break
        lines.append(escaped)
    return "\n".join((_FENCE, *lines, _FENCE))


def _write_value(value: Any) -> str:
    match value:
        case None:
            text = "-"
        case str():
            text = value
        case _:
            text = orjson.dumps(value).decode()
    flat = flatten(text[: _WIDEST * 4]).replace(_QUOTE, _PRIME)
    return flat if cell_len(flat) <= _WIDEST else set_cell_size(flat, _WIDEST - 1) + ELLIPSIS


def _join(cells: Iterable[str], widths: Iterable[int]) -> str:
    padded = (set_cell_size(cell, width) for cell, width in zip(cells, widths, strict=True))
    return "  ".join(padded).rstrip()
