"""Keep structured data within bounds, and say what was left out."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any, Final

from functions.stages.reading.page import Block
from functions.stages.schema_org import holds_event

if TYPE_CHECKING:
    from collections.abc import Iterable

    from functions.stages.reading.page import Syntax

MAX_BLOCKS: Final = 1_000
MAX_BYTES: Final = 600_000
"""Of all blocks of a page, as JSON: with the text, they fit a document of 1 MiB."""

MAX_VALUES: Final = 100_000
MAX_DEPTH: Final = 40
"""Of objects and arrays within each other; an offer within a festival's part is at level eight."""

MAX_STRING: Final = 5_000
"""Descriptions and article bodies are longer at times; no field that is used is."""

MAX_KEY: Final = 200
_MAX_INT: Final = 2**53
_NUMBER_BYTES: Final = 24
_PUNCTUATION_BYTES: Final = 2
_UNWANTED: Final = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")


class _Full(Exception):  # noqa: N818 - a state of the page's room, not a fault
    """Say that no more fits, up to the list or block that can do without its last item."""


def bound_blocks(items: Iterable[tuple[Syntax, dict[str, Any]]]) -> tuple[list[Block], list[str]]:
    """Turn items into blocks that are valid JSON of bounded depth, width and size.

    Long strings are cut, control characters become spaces, numbers that JSON does not have become
    null. Where a page has more than is kept, blocks with events come first; of the one that no
    longer fits whole, the first items of its outermost list are kept.

    Returns:
        The blocks, in the page's order, and what was left out, for people.
    """
    pairs = list(items)
    eventful = [holds_event(item) for _, item in pairs]
    room = _Room()
    kept: dict[int, Block] = {}
    for index in sorted(range(len(pairs)), key=lambda index: (not eventful[index], index)):
        syntax, item = pairs[index]
        trimmed = room.take(item) if len(kept) < MAX_BLOCKS else None
        if trimmed:
            kept[index] = Block(syntax=syntax, item=trimmed)
    return [kept[index] for index in sorted(kept)], room.problems(
        lost=len(pairs) - len(kept),
        lost_events=sum(eventful[index] for index in range(len(pairs)) if index not in kept),
    )


class _Room:
    """Copy JSON values as long as there is room for them."""

    def __init__(self) -> None:
        self._values_left = MAX_VALUES
        self._bytes_left = MAX_BYTES
        self._too_deep = 0
        self._cut_lists = 0

    def take(self, item: dict[str, Any]) -> dict[str, Any] | None:
        """Copy one item; None where there is no room for it."""
        before = self._values_left, self._bytes_left
        try:
            taken: dict[str, Any] = self._value(item, depth=0, in_list=False)
        except _Full:
            self._values_left, self._bytes_left = before
            return None
        return taken

    def problems(self, *, lost: int, lost_events: int) -> list[str]:
        """Say what was left out."""
        problems = []
        if self._too_deep:
            problems.append(
                f"{self._too_deep} structured values nested deeper than {MAX_DEPTH} were left out"
            )
        if self._cut_lists or lost:
            problems.append(
                f"structured data was cut to {MAX_BYTES:,} bytes and {MAX_BLOCKS:,} blocks:"
                f" {lost} blocks ({lost_events} with events) and the ends of {self._cut_lists}"
                " lists were left out"
            )
        return problems

    def _value(self, value: Any, *, depth: int, in_list: bool) -> Any:
        if isinstance(value, dict | list) and depth >= MAX_DEPTH:
            self._too_deep += 1
            value = None
        if isinstance(value, dict):
            self._spend(_PUNCTUATION_BYTES)
            return {
                self._string(key, MAX_KEY): self._value(each, depth=depth + 1, in_list=in_list)
                for key, each in value.items()
            }
        if isinstance(value, list):
            self._spend(_PUNCTUATION_BYTES)
            return self._list(value, depth=depth, is_outermost=not in_list)
        if isinstance(value, str):
            return self._string(value, MAX_STRING)
        self._spend(_NUMBER_BYTES)
        return _number(value)

    def _list(self, values: list[Any], *, depth: int, is_outermost: bool) -> list[Any]:
        taken: list[Any] = []
        for value in values:
            before = self._values_left, self._bytes_left
            try:
                taken.append(self._value(value, depth=depth + 1, in_list=True))
            except _Full:
                if not is_outermost or not taken:
                    raise
                self._values_left, self._bytes_left = before
                self._cut_lists += 1
                break
        return taken

    def _string(self, value: str, limit: int) -> str:
        value = value[:limit]
        if not (value.isascii() and value.isprintable()):
            value = _UNWANTED.sub(lambda char: " " if char[0] < "\x80" else "\ufffd", value)
        escapes = value.count('"') + value.count("\\")
        self._spend(len(value.encode()) + escapes + 2 * _PUNCTUATION_BYTES)
        return value

    def _spend(self, size: int) -> None:
        self._values_left -= 1
        self._bytes_left -= size
        if self._values_left < 0 or self._bytes_left < 0:
            raise _Full


def _number(value: Any) -> int | float | bool | None:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, bool):
        return value
    return value if isinstance(value, int) and abs(value) <= _MAX_INT else None
