"""Take RDFa events out of a page (https://www.w3.org/TR/rdfa-primer/), by extruct and pyRdfa.

They are thorough and slow, and loading them takes half a second: so this runs only where a
``typeof`` names an event. Three things are put right around them: ``<time datetime>``, which they
do not read (https://www.w3.org/TR/html-rdfa/#extensions-to-the-html5-syntax); the names of blank
nodes, which are random; and the order of values, which is lost.
"""

from __future__ import annotations

import logging
import re
import warnings
from typing import TYPE_CHECKING, Any, Final

from lxml import etree

from functions.stages.reading.json_ld import Items
from functions.stages.schema_org.types import event_type

if TYPE_CHECKING:
    from lxml.html import HtmlElement

MAX_ELEMENTS: Final = 10_000
MAX_DEPTH: Final = 200
"""pyRdfa calls itself for each level of tags."""

_LABEL: Final = "#rdfa-node-"
_LABELLED: Final = re.compile(rf".*{_LABEL}([0-9]+)")
_SUBJECTS: Final = ("about", "resource", "href", "src")
_NO_RDFA: Final = ("script", "style", "svg", "iframe", "noscript", "template")
_LAST: Final = 2**31


def read_rdfa(tree: HtmlElement, *, base_url: str) -> Items:
    """Read a page's RDFa into one item, expanded JSON-LD with an ``@graph``.

    Args:
        tree: The page; it is left as it is.
        base_url: Links are relative to it.
    """
    if not any(_is_event(element) for element in tree.iter()):
        return Items()
    elements, depth = _measure(tree)
    if elements > MAX_ELEMENTS or depth > MAX_DEPTH:
        limits = f"{MAX_ELEMENTS:,} elements and {MAX_DEPTH} levels"
        return Items(problems=(f"RDFa was not read: the page has more than {limits}",))
    try:
        nodes = _extract(_prepared(tree), base_url)
    except Exception as error:  # noqa: BLE001 - the library raises whatever its input makes it
        return Items(problems=(f"RDFa could not be read: {type(error).__name__}: {error}"[:300],))
    text = " ".join("".join(tree.itertext()).split())
    ordered = sorted((_ordered(node, text) for node in nodes), key=lambda node: _place(node, text))
    return Items(({"@graph": ordered},)) if ordered else Items()


def _is_event(element: HtmlElement) -> bool:
    written = element.get("typeof")
    if not written:
        return False
    return event_type(tuple(re.split(r"[/:#]", each)[-1] for each in written.split())) is not None


def _measure(tree: HtmlElement) -> tuple[int, int]:
    """Count a tree's elements and levels."""
    elements = depth = deepest = 0
    for event, _ in etree.iterwalk(tree, events=("start", "end")):
        if event == "start":
            elements += 1
            depth += 1
            deepest = max(deepest, depth)
        else:
            depth -= 1
    return elements, deepest


def _prepared(tree: HtmlElement) -> str:
    """Write the page anew for pyRdfa: no scripts, dates as content, things with fixed names."""
    copied = etree.fromstring(etree.tostring(tree, method="html"), etree.HTMLParser())
    etree.strip_elements(copied, *_NO_RDFA, with_tail=False)
    for number, element in enumerate(copied.iter(etree.Element)):
        if element.get("datetime") and element.get("property") and not element.get("content"):
            element.set("content", element.get("datetime"))
        if element.get("typeof") and not any(name in element.attrib for name in _SUBJECTS):
            element.set("resource", f"{_LABEL}{number}")
    return etree.tostring(copied, method="html", encoding="unicode")


def _extract(markup: str, base_url: str) -> list[dict[str, Any]]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from extruct.rdfa import RDFaExtractor  # noqa: PLC0415 - half a second, for few pages

        logging.getLogger("rdflib").setLevel(logging.CRITICAL)
        nodes: list[dict[str, Any]] = RDFaExtractor().extract(markup, base_url=base_url)
    return nodes


def _ordered(node: dict[str, Any], text: str) -> dict[str, Any]:
    """Put each property's values into the page's order, the properties into that of their names."""
    return {
        name: sorted(values, key=lambda value: _place(value, text))
        if isinstance(values, list)
        else _renamed(values)
        for name, values in sorted(node.items())
    }
