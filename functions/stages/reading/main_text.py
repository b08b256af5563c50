"""Take the main text out of a page: what it tells, without its navigation."""

from __future__ import annotations

import logging
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
"""Of the text in UTF-8: forty times the main text of a long page."""

MAX_ELEMENTS: Final = 20_000
MAX_TOTAL_DEPTH: Final = 500_000
"""The depths of all elements, added up. Larger trees are not given to trafilatura: it copies a tree
five times and more, and asks for the ancestors of everything."""

MIN_SHARE: Final = 0.6
"""trafilatura looks for an article: it may take one item of a listing for it, or drop a line-up as
a mere list. Where it keeps less than this of a page's visible text, the visible text is taken
whole: a lost event costs more than a few lines of sidebar."""

_INVISIBLE: Final = frozenset(
    {
        *("script", "style", "noscript", "template", "svg", "iframe", "object", "head"),
        *("select", "button", "textarea", "canvas", "math"),
    }
)
_SURROUNDINGS: Final = frozenset({"nav", "footer", "aside", "form", "dialog", "menu"})


@dataclass(frozen=True, slots=True)
class MainText:
    """Be a page's main text, one paragraph per line, with what went wrong, for people."""

    text: str
    problems: tuple[str, ...] = ()


def main_text(markup: Markup) -> MainText:
    """Take the main text, by trafilatura where it finds one, else all visible text.

    Args:
        markup: The page; its tree is left as it is.
    """
    tree = markup.tree
    if tree is None:
        return MainText("")
    visible = visible_text(tree)
    problems: tuple[str, ...] = ()
    found = ""
    if markup.elements <= MAX_ELEMENTS and markup.total_depth <= MAX_TOTAL_DEPTH:
        try:
            found = _trafilatura()(tree)
        except Exception as error:  # noqa: BLE001 - the library raises whatever its input makes it
            problems = (f"main text: all visible text was taken, {type(error).__name__}: {error}",)
    text = tidy_text(found)
    if len(text) < len(visible) * MIN_SHARE:
        text = visible
    cut = text.encode()[:MAX_BYTES].decode(errors="ignore")
    if len(cut) < len(text):
        problems = (
            *problems,
            f"main text was cut to {MAX_BYTES:,} of {len(text.encode()):,} bytes",
        )
    return MainText(cut, problems)


def visible_text(tree: HtmlElement) -> str:
    """Take all text but scripts, navigation, footers, asides and forms, one block per line.

    Where that leaves nothing, those are taken as well.
    """
    return _text_without(tree, _INVISIBLE | _SURROUNDINGS) or _text_without(tree, _INVISIBLE)


def tidy_text(text: str) -> str:
    """Fold white space within lines, drop empty lines, and bring characters to Unicode NFC."""
    lines = (" ".join(line.split()) for line in text.splitlines())
    return unicodedata.normalize("NFC", "\n".join(line for line in lines if line))


def _text_without(tree: HtmlElement, left_out: frozenset[str]) -> str:
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
            parts.append(element.text or "")
    return tidy_text("".join(parts))


@cache
def _trafilatura() -> Callable[[HtmlElement], str]:
    """Load trafilatura, which takes a quarter of a second."""
    from trafilatura import extract  # noqa: PLC0415 - not before a page is read

    # It logs every page it finds nothing in; what matters to us is among the page's problems.
    logging.getLogger("trafilatura").setLevel(logging.CRITICAL)

    def text_of(tree: HtmlElement) -> str:
        return extract(tree, fast=True, include_comments=False) or ""

    return text_of
