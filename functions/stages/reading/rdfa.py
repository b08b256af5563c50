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
from functions.stages.schema_org.types import VOCABULARY_PREFIX, event_type

if TYPE_CHECKING:
    from lxml.html import HtmlElement

MAX_ELEMENTS: Final = 5_000

_LABEL: Final = "#rdfa-node-"
_SUBJECTS: Final = ("about", "resource", "href", "src")
_NO_RDFA: Final = ("script", "style", "svg", "iframe", "noscript", "template")
_NOT_VISIBLE: Final = 2**31


def read_rdfa(tree: HtmlElement, *, base_url: str) -> Items:
    """Read a page's RDFa into one item, JSON-LD with an ``@graph``.

    Args:
        tree: The page, flattened: pyRdfa calls itself for each level. It is left as it is.
        base_url: Links are relative to it.
    """
    if not any(_is_event(element) for element in tree.iter()):
        return Items()
    if sum(1 for _ in tree.iter()) > MAX_ELEMENTS:
        return Items(problems=(f"RDFa was not read: more than {MAX_ELEMENTS:,} elements",))
    try:
        nodes = _extract(_prepared(tree), base_url)
    except Exception as error:  # noqa: BLE001 - the library raises whatever its input makes it
        return Items(problems=(f"RDFa could not be read: {type(error).__name__}: {error}"[:300],))
    described = [node for node in nodes if any(VOCABULARY_PREFIX.match(key) for key in node)]
    ordered = _in_page_order(described, " ".join("".join(tree.itertext()).split()))
    return Items(({"@graph": ordered},)) if ordered else Items()


def _is_event(element: HtmlElement) -> bool:
    written = element.get("typeof")
    if not written:
        return False
    return event_type(tuple(re.split(r"[/:#]", each)[-1] for each in written.split())) is not None


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


def _in_page_order(nodes: list[dict[str, Any]], text: str) -> list[dict[str, Any]]:
    """Bring nodes and their values into the order of the page's text, under names that stay.

    Args:
        nodes: Expanded JSON-LD, in any order.
        text: The page's text, white space folded.
    """
    names = {node["@id"]: _name(node) for node in nodes}

    def place(value: dict[str, Any]) -> tuple[int, int, str]:
        written = names.get(value.get("@id"), str(value.get("@value", "")))
        found = text.find(" ".join(written.split())) if written else -1
        label = str(value.get("@id", "")).rpartition(_LABEL)[2]
        return (
            found if found >= 0 else _NOT_VISIBLE,
            int(label) if label.isdigit() else _NOT_VISIBLE,
            written,
        )

    nodes = sorted(nodes, key=place)
    renamed = {
        identity: f"_:rdfa{number}"
        for number, identity in enumerate(node["@id"] for node in nodes)
        if _LABEL in identity or identity.startswith("_:")
    }

    def written(value: dict[str, Any]) -> Any:
        if "@id" in value:
            return {"@id": renamed.get(value["@id"], value["@id"])}
        return value.get("@value")

    def compact(key: str, values: Any) -> Any:
        if key == "@id":
            return renamed.get(values, values)
        several = sorted(values) if key == "@type" else sorted(values, key=place)
        several = [each if key == "@type" else written(each) for each in several]
        return several if len(several) > 1 else several[0]

    return [
        {
            VOCABULARY_PREFIX.sub("", key, count=1): compact(key, values)
            for key, values in sorted(node.items())
        }
        for node in nodes
    ]


def _name(node: dict[str, Any]) -> str:
    for key, values in sorted(node.items()):
        if VOCABULARY_PREFIX.sub("", key) == "name":
            return " ".join(str(value.get("@value", "")) for value in values[:1])
    return ""
