"""Take the microdata out of a page (https://html.spec.whatwg.org/multipage/microdata.html).

Linear in the page's size. extruct's reader, against which this one is tested, takes seconds for ten
kilobytes of nested items, and loading it loads an RDF library.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urljoin

from lxml import etree

from functions.stages.reading.json_ld import Items
from functions.stages.reading.markup import INLINE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lxml.html import HtmlElement

MAX_DEPTH: Final = 32
"""Of items within items."""

MAX_VISITS: Final = 150_000
"""So many tags are looked at, those of ``itemref`` and of nested texts again each time."""

MAX_TEXT: Final = 5_000
"""Characters of one property's text."""

_ADDRESS_ATTRIBUTES: Final = {
    **dict.fromkeys(("a", "area", "link"), "href"),
    **dict.fromkeys(("audio", "embed", "iframe", "img", "source", "track", "video"), "src"),
    "object": "data",
}
_VALUE_ATTRIBUTES: Final = {"meta": "content", "data": "value", "meter": "value"}
_NO_TEXT: Final = frozenset({"script", "style"})
_WANTS_A_NAME: Final = frozenset({"name", "performer", "performers", "location", "organizer"})
"""Properties for which the text of a link is wanted, not only its address."""


def read_microdata(tree: HtmlElement, *, base_url: str) -> Items:
    """Read every top-level item of a page, shaped like JSON-LD.

    ``itemtype`` becomes ``@type``, ``itemid`` becomes ``@id``; several values of one property
    become an array. Where a link is a property that wants a name, such as ``performer``, it
    becomes an object with ``name`` and ``url``: plain microdata would give its address alone.

    Args:
        tree: The page.
        base_url: Links are relative to it.
    """
    reader = _Reader(tree, base_url)
    items = tuple(reader.items())
    if reader.visits <= MAX_VISITS:
        return Items(items)
    return Items(items, (f"microdata beyond {MAX_VISITS:,} tags was left out",))


class _Reader:
    """Go through one page.

    Args:
        tree: The page.
        base_url: Links are relative to it.
    """

    def __init__(self, tree: HtmlElement, base_url: str) -> None:
        self.visits = 0
        self._tree = tree
        self._base_url = base_url
        self._read: set[HtmlElement] = set()
        self._by_id: dict[str, HtmlElement] | None = None

    def items(self) -> Iterator[dict[str, Any]]:
        """Yield the top-level items; then those that are a property of no item in sight."""
        scopes = [each for each in self._tree.iter() if each.get("itemscope") is not None]
        tops = [each for each in scopes if each.get("itemprop") is None]
        orphans = [each for each in scopes if each.get("itemprop") is not None]
        for element in (*tops, *orphans):
            if element not in self._read:
                yield self._item(element, within=())

    def _item(self, element: HtmlElement, *, within: tuple[HtmlElement, ...]) -> dict[str, Any]:
        """Read one item, nested ones included.

        Args:
            element: The element with ``itemscope``.
            within: The items around it: ``itemref`` can make a circle of items.
        """
        self._read.add(element)
        within = (*within, element)
        item: dict[str, Any] = {}
        types = (element.get("itemtype") or "").split()
        if types:
            item["@type"] = types if len(types) > 1 else types[0]
        if (identity := element.get("itemid")) and identity.strip():
            item["@id"] = self._resolved(identity)
        values: dict[str, list[Any]] = {}
        for found, names in self._properties(element):
            if found.get("itemscope") is None:
                value: Any = self._value(found, names)
            elif found in within or len(within) >= MAX_DEPTH:
                continue
            else:
                value = self._item(found, within=within)
            for name in names:
                values.setdefault(name, []).append(value)
        for name, several in values.items():
            item[name] = several if len(several) > 1 else several[0]
        return item

    def _properties(self, item: HtmlElement) -> Iterator[tuple[HtmlElement, list[str]]]:
        """Yield an item's properties and their names: those within it, then those it refers to."""
        yield from self._found_below(list(item))
        for reference in (item.get("itemref") or "").split():
            referred = self._ids().get(reference)
            if referred is not None and referred is not item:
                yield from self._found_below([referred])

    def _found_below(self, elements: list[HtmlElement]) -> Iterator[tuple[HtmlElement, list[str]]]:
        """Yield elements with ``itemprop`` in document order, without looking into other items."""
        waiting = elements[::-1]
        while waiting and self.visits <= MAX_VISITS:
            element = waiting.pop()
            self.visits += 1
            names = (element.get("itemprop") or "").split()
            if names:
                yield element, names
            if element.get("itemscope") is None:
                waiting.extend(reversed(element))

    def _value(self, element: HtmlElement, names: list[str]) -> Any:
        tag = element.tag
        if tag in _ADDRESS_ATTRIBUTES:
            address = self._resolved(element.get(_ADDRESS_ATTRIBUTES[tag]) or "")
            if tag == "a" and _WANTS_A_NAME.intersection(names) and (name := self._text(element)):
                return name if "name" in names else {"name": name, "url": address}
            return address
        if tag in _VALUE_ATTRIBUTES:
            return element.get(_VALUE_ATTRIBUTES[tag]) or ""
        if tag == "time" and element.get("datetime"):
            return element.get("datetime")
        # Not in the standard, but in schema.org's own examples.
        return element.get("content") or self._text(element)

    def _text(self, element: HtmlElement) -> str:
        """Join the text below an element, white space folded; blocks are apart from each other."""
        parts: list[str] = []
        length = 0
        for event, each in etree.iterwalk(element, events=("start", "end")):
            self.visits += 1
            if length > MAX_TEXT or self.visits > MAX_VISITS:
                break
            text = each.text if event == "start" else each.tail if each is not element else None
            if each.tag not in INLINE:
                parts.append(" ")
            if text and not (event == "start" and each.tag in _NO_TEXT):
                parts.append(text)
                length += len(text)
        return " ".join("".join(parts).split())[:MAX_TEXT]

    def _resolved(self, address: str) -> str:
        try:
            return urljoin(self._base_url, address.strip())
        except ValueError:
            return address.strip()

    def _ids(self) -> dict[str, HtmlElement]:
        if self._by_id is None:
            self._by_id = {}
            for element in self._tree.iter():
                if identity := element.get("id"):
                    self._by_id.setdefault(identity, element)
        return self._by_id
