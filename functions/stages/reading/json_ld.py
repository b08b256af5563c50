"""Take the JSON-LD out of a page, each ``<script>`` on its own (https://www.w3.org/TR/json-ld11/)."""

from __future__ import annotations

import html
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from functions.stages.reading.lenient_json import read_lenient_json

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lxml.html import HtmlElement

MAX_SCRIPTS: Final = 300
MAX_SCRIPT_CHARS: Final = 2_000_000


@dataclass(frozen=True, slots=True)
class Items:
    """Be the items of one syntax, with what could not be read, for people."""

    items: tuple[dict[str, Any], ...] = ()
    problems: tuple[str, ...] = ()


def read_json_ld(tree: HtmlElement) -> Items:
    """Read every JSON-LD script of a page; a broken one takes no other along."""
    items: list[dict[str, Any]] = []
    problems: list[str] = []
    for number, text in enumerate(_scripts(tree), start=1):
        if number > MAX_SCRIPTS:
            problems.append(f"more than {MAX_SCRIPTS} JSON-LD blocks; the others were not read")
            break
        read = read_json(text, f"JSON-LD block {number}")
        items.extend(read.items)
        problems.extend(read.problems)
    return Items(tuple(items), tuple(problems))


def read_json(text: str, name: str) -> Items:
    """Read one JSON text into at most one item; several values become its ``@graph``.

    Args:
        text: The JSON, perhaps escaped for HTML, commented, or otherwise not quite JSON.
        name: What to call it in problems.
    """
    if len(text) > MAX_SCRIPT_CHARS:
        return Items(
            problems=(f"{name} has {len(text):,} characters; up to {MAX_SCRIPT_CHARS:,} are read",)
        )
    if not text.strip():
        return Items()
    if '"' not in text and "&quot;" in text:
        text = html.unescape(text)
    problems: tuple[str, ...] = ()
    try:
        values = [json.loads(text, strict=False, parse_constant=_no_number)]
    except (ValueError, RecursionError):
        try:
            read = read_lenient_json(text)
        except json.JSONDecodeError as error:
            where = f"line {error.lineno} column {error.colno}"
            return Items(problems=(f"{name} could not be read: {where}: {error.msg}",))
        values = read.values
        if read.missing_ends:
            problems = (f"{name} ends early: {read.missing_ends} closing brackets are missing",)
    objects = list(_objects(values))
    if not objects:
        return Items(problems=problems)
    return Items((objects[0] if len(objects) == 1 else {"@graph": objects},), problems)


def _scripts(tree: HtmlElement) -> Iterator[str]:
    for script in tree.iter("script"):
        if (script.get("type") or "").split(";", 1)[0].strip().lower() == "application/ld+json":
            yield "".join(script.itertext())


def _no_number(_constant: str) -> None:
    """Read NaN and Infinity, which Python takes for JSON, as null."""


def _objects(values: list[Any]) -> Iterator[dict[str, Any]]:
    """Yield the objects of nested arrays, in order, without recursion."""
    waiting = list(reversed(values))
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            yield value
        elif isinstance(value, list):
            waiting.extend(reversed(value))
