"""Payloads as trees that a page unfolds, without what looks like a secret."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from functions.runtime.failed_tasks.masking import MASK, mask_secrets

if TYPE_CHECKING:
    from collections.abc import Iterable

MOST_NODES: Final = 2_000
"""Values of a payload that a page shows."""

_MOST_TEXT: Final = 4_000
"""Characters of one of them."""

_MOST_DEPTH: Final = 40


@dataclass(frozen=True, slots=True)
class Node:
    """Show a value of a payload.

    Attributes:
        name: Its key, or its number; "" for the whole.
        kind: What it is: ``object``, ``list``, ``text``, ``number``, ``boolean``, ``null``.
        text: It, or how much of it there is.
        children: What it holds.
        is_masked: Whether it is a secret.
        left_out: How much of what it holds is not shown.
    """

    name: str
    kind: str
    text: str
    children: tuple[Node, ...] = ()
    is_masked: bool = False
    left_out: int = 0


def draw_tree(payload: object) -> Node:
    """Return a payload as a tree, its secrets masked, at most ``MOST_NODES`` of it."""
    return _Drawing(MOST_NODES).draw("", mask_secrets(payload), 0)


class _Drawing:
    def __init__(self, room: int) -> None:
        self._room = room

    def draw(self, name: str, value: object, depth: int) -> Node:
        self._room -= 1
        match value:
            case dict():
                return self._draw_all(name, "object", value.items(), len(value), depth)
            case list() | tuple():
                pairs = ((str(number), each) for number, each in enumerate(value))
                return self._draw_all(name, "list", pairs, len(value), depth)
            case bool():
                return Node(name, "boolean", json.dumps(value))
            case None:
                return Node(name, "null", "null")
            case int() | float():
                return Node(name, "number", str(value))
            case _:
                return _draw_text(name, str(value))

    def _draw_all(
        self, name: str, kind: str, pairs: Iterable[tuple[str, Any]], size: int, depth: int
    ) -> Node:
        children = []
        if depth < _MOST_DEPTH:
            for each, value in pairs:
                if self._room <= 0:
                    break
                children.append(self.draw(each, value, depth + 1))
        unit = "key" if kind == "object" else "item"
        text = f"{size:,} {unit}{'' if size == 1 else 's'}"
        return Node(name, kind, text, tuple(children), left_out=size - len(children))


def _draw_text(name: str, text: str) -> Node:
    left_out = max(0, len(text) - _MOST_TEXT)
    return Node(name, "text", text[:_MOST_TEXT], is_masked=text == MASK, left_out=left_out)
