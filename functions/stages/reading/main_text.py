"""Take the main text out of a page: what it tells, without its navigation."""

from __future__ import annotations

import logging
import re
import unicodedata
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final

from lxml import etree

from functions.stages.reading.markup import INLINE

if TYPE_CHECKING:
    from collections.abc import Callable

    from lxml.html import HtmlElement

    from functions.stages.reading.markup import Markup

MAX_BYTES: Final = 200_000
"""Of the text in UTF-8: some thirty thousand words."""

MAX_ELEMENTS: Final = 20_000
MAX_TOTAL_DEPTH: Final = 500_000
"""The depths of all elements, added up. Larger trees are not given to trafilatura: it copies a tree
five times and more, and asks for the ancestors of everything."""

MIN_SHARE: Final = 0.6
"""Where the main text would be less than this of all visible text, all of it is taken: a lost event
costs more than a few lines of sidebar."""

_INVISIBLE: Final = frozenset(
    {
        *("script", "style", "noscript", "template", "svg", "iframe", "object", "head"),
        *("select", "button", "textarea", "canvas", "math"),
    }
)
_HEADINGS: Final = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
_HEADING_MARK: Final = "\x02"
"""Stands before a heading while lines are gathered; pages have no control characters by then."""

_NO_WORD: Final = re.compile(r"[\W_]+")
_SURROUNDINGS: Final = frozenset({"nav", "footer", "aside", "form", "dialog", "menu"})


@dataclass(frozen=True, slots=True)
class MainText:
    """Be a page's main text, one paragraph per line, with what went wrong, for people."""

    text: str
    problems: tuple[str, ...] = ()


def main_text(markup: Markup) -> MainText:
    """Take the main text: all visible lines from the first to the last one of the main part.

    trafilatura tells where the main part begins and ends. Its own text is not taken: it drops what
    looks like a link or a mere list, and in listings of events those are the names of the bands.

    Args:
        markup: The page; its tree is left as it is.
    """
    tree = markup.tree
    if tree is None:
        return MainText("")
    visible = _visible_lines(tree)
    problems: tuple[str, ...] = ()
    lines = visible
    if markup.elements <= MAX_ELEMENTS and markup.total_depth <= MAX_TOTAL_DEPTH:
        try:
            lines = _main_lines(visible, _trafilatura()(tree))
        except Exception as error:  # noqa: BLE001 - the library raises whatever its input makes it
            problems = (f"main text: all visible text was taken, {type(error).__name__}: {error}",)
    text = "\n".join(line.removeprefix(_HEADING_MARK) for line in lines)
    cut = text.encode()[:MAX_BYTES].decode(errors="ignore")
    if len(cut) < len(text):
        size = len(text.encode())
        problems = (*problems, f"main text was cut to {MAX_BYTES:,} of {size:,} bytes")
    return MainText(cut, problems)


def _main_lines(visible: list[str], found: str) -> list[str]:
    """Cut off the lines before and after those that trafilatura found.

    The main part's heading belongs to it: the page's first one, if that comes before.
    """
    words = {_NO_WORD.sub("", line) for line in found.replace("|", "\n").splitlines()} - {""}
    matches = [number for number, line in enumerate(visible) if _NO_WORD.sub("", line) in words]
    if not matches:
        return visible
    headings = (number for number, line in enumerate(visible) if line.startswith(_HEADING_MARK))
    first = min(matches[0], next(headings, matches[0]))
    lines = visible[first : matches[-1] + 1]
    return lines if sum(map(len, lines)) >= MIN_SHARE * sum(map(len, visible)) else visible


def _visible_lines(tree: HtmlElement) -> list[str]:
    """List all text but scripts, navigation, footers, asides and forms, one block per line.

    Where that leaves nothing, those are taken as well.
    """
    return _lines_without(tree, _INVISIBLE | _SURROUNDINGS) or _lines_without(tree, _INVISIBLE)


def _lines_without(tree: HtmlElement, left_out: frozenset[str]) -> list[str]:
    parts: list[str] = []
    walker = etree.iterwalk(tree, events=("start", "end"))
    for event, element in walker:
        if element.tag not in INLINE:
            parts.append("\n")
        if event == "end":
            parts.append(element.tail or "")
        elif element.tag in left_out:
            walker.skip_subtree()
        else:
            if element.tag in _HEADINGS:
                parts.append(_HEADING_MARK)
            parts.append(element.text or "")
    text = unicodedata.normalize("NFC", "".join(parts))
    lines = (" ".join(line.split()) for line in text.splitlines())
    return [line for line in lines if line.strip(_HEADING_MARK)]


@cache
def _trafilatura() -> Callable[[HtmlElement], str]:
    """Load trafilatura, which takes a quarter of a second."""
    from trafilatura import extract  # noqa: PLC0415 - not before a page is read

    # It logs every page it finds nothing in; what matters to us is among the page's problems.
    logging.getLogger("trafilatura").setLevel(logging.CRITICAL)

    def text_of(tree: HtmlElement) -> str:
        return extract(tree, fast=True, include_comments=False) or ""

    return text_of
