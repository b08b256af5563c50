"""Keep structured data within bounds, and say what was left out."""

from __future__ import annotations

import json
import math
import re
from typing import TYPE_CHECKING, Any, Final

from functions.stages.reading.page import Block
from functions.stages.schema_org import holds_event

if TYPE_CHECKING:
    from collections.abc import Iterable

    from functions.stages.reading.page import Syntax

MAX_BLOCKS: Final = 300
MAX_BYTES: Final = 600_000
"""Of all blocks of a page, as JSON: with the text, they fit a document of 1 MiB."""

MAX_DEPTH: Final = 40
"""Of objects and arrays within each other. Real markup nests six to ten levels."""

MAX_VALUES: Final = 100_000
MAX_STRING: Final = 5_000
"""Descriptions and article bodies are longer at times; no field that is used is."""

MAX_KEY: Final = 200
_MAX_INT: Final = 2**53
_SURROGATE: Final = re.compile("[\ud800-\udfff]")


def bound_blocks(items: Iterable[tuple[Syntax, dict[str, Any]]]) -> tuple[list[Block], list[str]]:
    """Turn items into blocks that are valid JSON of bounded depth, width and size.

    Long strings are cut, numbers that JSON does not have become null. Where the page has more than
    is kept, blocks without events go first, the last ones before the first ones.

    Returns:
        The blocks, in order, and what was left out, for people.
    """
    trimmer = _Trimmer()
    blocks: list[Block] = []
    for syntax, item in items:
        trimmed = trimmer.trim(item)
        if trimmed:
            blocks.append(Block(syntax=syntax, item=trimmed))
    problems = trimmer.problems()
    sizes = [len(json.dumps(block["item"], ensure_ascii=False).encode()) for block in blocks]
    eventful = [holds_event(block["item"]) for block in blocks]
    kept: set[int] = set()
    total = 0
    for index in sorted(range(len(blocks)), key=lambda index: (not eventful[index], index)):
        if len(kept) < MAX_BLOCKS and total + sizes[index] <= MAX_BYTES:
            kept.add(index)
            total += sizes[index]
    lost = [index for index in range(len(blocks)) if index not in kept]
    if lost:
        with_events = sum(eventful[index] for index in lost)
        problems.append(
            f"{len(lost)} structured blocks ({with_events} with events) were left out: a page keeps"
            f" {MAX_BLOCKS} blocks and {MAX_BYTES:,} bytes"
        )
    return [blocks[index] for index in sorted(kept)], problems


class _Trimmer:
    """Copy JSON values within bounds, counting over all blocks of a page."""

    def __init__(self) -> None:
        self._values = 0
        self._too_deep = 0

    def trim(self, item: dict[str, Any]) -> dict[str, Any]:
        """Copy one item."""
        trimmed: dict[str, Any] = self._value(item, depth=0)
        return trimmed

    def problems(self) -> list[str]:
        """Say what was left out."""
        problems = []
        if self._too_deep:
            problems.append(
                f"{self._too_deep} structured values nested deeper than {MAX_DEPTH} were left out"
            )
        if self._values > MAX_VALUES:
            problems.append(f"structured values beyond the first {MAX_VALUES:,} were left out")
        return problems

    def _value(self, value: Any, *, depth: int) -> Any:
        self._values += 1
        if isinstance(value, dict | list):
            if depth >= MAX_DEPTH:
                self._too_deep += 1
                return None
            return self._members(value, depth) if isinstance(value, dict) else self._items(
                value, depth
            )
        return _scalar(value)

    def _members(self, value: dict[str, Any], depth: int) -> dict[str, Any]:
        members = {}
        for key, member in value.items():
            if self._values > MAX_VALUES:
                break
            members[_SURROGATE.sub("\ufffd", key[:MAX_KEY])] = self._value(member, depth=depth + 1)
        return members

    def _items(self, value: list[Any], depth: int) -> list[Any]:
        items = []
        for item in value:
            if self._values > MAX_VALUES:
                break
            items.append(self._value(item, depth=depth + 1))
        return items


def _scalar(value: Any) -> str | int | float | bool | None:
    if isinstance(value, str):
        value = value[:MAX_STRING]
        return value if value.isascii() else _SURROGATE.sub("\ufffd", value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, int) and abs(value) > _MAX_INT:
        return None
    return value if isinstance(value, bool | int) else None
