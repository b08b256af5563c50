"""A page's structured data as one graph of nodes, whatever syntax it was written in.

JSON-LD may name a node in one place and describe it in another, wrap values in ``@value``,
``@list`` or ``@set``, and spell schema.org's prefix in four ways
(https://www.w3.org/TR/json-ld11/). Here all of that is undone once, so that the rest of the package
reads plain properties.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urljoin

from functions.stages.schema_org.text import web_address
from functions.stages.schema_org.types import event_type, local_name, written_types

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

MAX_DEPTH: Final = 48
"""Deeper values are left out; a page's blocks are not deeper (see reading.blocks)."""

MAX_NODES: Final = 50_000
"""Per page; what comes after is left out."""

_TERM: Final = re.compile(r"[A-Za-z]{1,40}")
_LARGEST_NUMBER: Final = 2**53
"""Beyond it JSON numbers are not exact (https://www.rfc-editor.org/rfc/rfc8259#section-6)."""

_SPELLINGS: Final = {
    "performers": "performer",
    "actors": "actor",
    "locations": "location",
    "events": "event",
    "subevents": "subEvent",
    "superevents": "superEvent",
    "containedin": "containedInPlace",
    "startdate": "startDate",
    "enddate": "endDate",
    "starttime": "startTime",
    "doortime": "doorTime",
    "eventstatus": "eventStatus",
    "sameas": "sameAs",
    "byartist": "byArtist",
    "subevent": "subEvent",
    "superevent": "superEvent",
    "streetaddress": "streetAddress",
    "addresslocality": "addressLocality",
    "addressregion": "addressRegion",
    "addresscountry": "addressCountry",
    "postalcode": "postalCode",
}
"""Superseded plurals (https://schema.org/docs/sdo-deprecated.html) and wrong capitals."""

MAX_TRIES: Final = 10
"""So many values of a property are tried where one is wanted."""

MAX_COMPARED: Final = 20
"""So many nodes of one ``@id`` are compared with each other; further ones stand alone."""


@dataclass(slots=True, eq=False)
class Node:
    """Be one thing that the page describes. Two nodes are equal only if they are the same object.

    Attributes:
        types: Its types without schema.org's prefix; those of other vocabularies are left out.
        event_type: The kind of event it is, or None.
        id: Its ``@id``, absolute; None where it has none.
        properties: Every property's values, lists flattened, empty ones left out.
    """

    types: tuple[str, ...] = ()
    event_type: str | None = None
    id: str | None = None
    properties: dict[str, list[Any]] = field(default_factory=dict)


class Graph:
    """Hold every node of a page and resolve references between them.

    Args:
        items: The page's structured data, JSON-LD or shaped like it; anything else is ignored.
        page_url: Relative ``@id``s are relative to it.
    """

    def __init__(self, items: Sequence[object], *, page_url: str) -> None:
        self._page_url = page_url
        self._written: list[Node] = []
        self._described: dict[str, list[Node]] = {}
        self._same: dict[Node, Node] = {}
        for number, item in enumerate(items):
            self._read(item, depth=0, block=number)
        for node in self._written:
            self._identify(node)

    def nodes(self) -> Iterator[Node]:
        """Yield every described node once, in the page's order; mere references are left out."""
        return (node for node in self._written if node.properties and node not in self._same)

    def values(self, node: Node, *names: str) -> list[Any]:
        """List the values of some properties, in the order of ``names``, references resolved."""
        return [
            self.resolve(value) if isinstance(value, Node) else value
            for name in names
            for value in node.properties.get(name, ())
        ]

    def nodes_of(self, node: Node, *names: str) -> list[Node]:
        """List those values of some properties that are nodes."""
        return [value for value in self.values(node, *names) if isinstance(value, Node)]

    def text(self, node: Node, *names: str) -> str | None:
        """Take the first value of some properties that says something, as it was written.

        A nested node answers with its own name: ``{"@type": "Country", "name": "GB"}``.
        """
        for name in names:
            for value in self.values(node, name)[:MAX_TRIES]:
                answer = self.written(value)
                if answer:
                    return answer
        return None

    def written(self, value: object) -> str | None:
        """Write a value as text: a node by its name, a number as JSON has it."""
        if isinstance(value, Node):
            named = value.properties.get("name") or value.properties.get("value") or [None]
            value = named[0]
        if isinstance(value, str):
            return value.strip() or None
        if isinstance(value, int | float) and not isinstance(value, bool):
            return str(value)
        return None

    def addresses(self, node: Node, *names: str) -> list[str]:
        """List the web addresses that some properties hold, each once, in order.

        A nested node answers with its own address: ``{"@type": "ImageObject", "url": …}``.
        """
        found = (
            self._address(value) for name in names for value in self.values(node, name)[:MAX_TRIES]
        )
        return list(dict.fromkeys(address for address in found if address))

    def _address(self, value: object) -> str | None:
        if not isinstance(value, Node):
            written = self.written(value)
            return web_address(written, base=self._page_url) if written else None
        written = self.text(value, "url", "contentUrl")
        if written:
            return web_address(written, base=self._page_url)
        return web_address(value.id, base="") if value.id else None

    def terms(self, node: Node, *names: str) -> list[str]:
        """List the values of some properties that are terms of schema.org, without its prefix.

        ``https://schema.org/InStock``, ``schema:InStock``, ``InStock`` and ``{"@id": …}`` are one.
        """
        written = (
            value.id if isinstance(value, Node) else value
            for name in names
            for value in self.values(node, name)[:MAX_TRIES]
        )
        ends = (
            each.strip().rstrip("/").rsplit("/", 1)[-1].rsplit("#", 1)[-1].rsplit(":", 1)[-1]
            for each in written
            if isinstance(each, str)
        )
        return [end for end in ends if _TERM.fullmatch(end)]

    def resolve(self, node: Node) -> Node:
        """Follow a reference to the node that describes the thing, within this page."""
        node = self._same.get(node, node)
        if not node.properties and node.id is not None:
            return next(iter(self._described.get(node.id, ())), node)
        return node

    def look_up(self, reference: str) -> Node | None:
        """Find the node that a plain string names by its ``@id``."""
        found = self._described.get(self._absolute(reference, block=None))
        return found[0] if found else None

    def _identify(self, node: Node) -> None:
        """Join a node with one of the same ``@id`` described before, unless they contradict.

        Listings are seen that give all their events the page's own address as ``@id``: those are
        different events still.
        """
        if node.id is None or not node.properties:
            return
        known = self._described.setdefault(node.id, [])
        for other in known[:MAX_COMPARED]:
            if _compatible(node, other):
                self._same[node] = other
                for name, values in node.properties.items():
                    other.properties.setdefault(name, values)
                return
        known.append(node)

    def _read(self, value: object, *, depth: int, block: int) -> list[Any]:
        """Read any JSON value into the values it stands for."""
        if depth > MAX_DEPTH:
            return []
        if isinstance(value, list):
            return [
                each for part in value for each in self._read(part, depth=depth + 1, block=block)
            ]
        if isinstance(value, dict):
            for wrapper in ("@value", "@list", "@set"):
                if wrapper in value:
                    return self._read(value[wrapper], depth=depth + 1, block=block)
            return self._read_node(value, depth=depth, block=block)
        return [value] if _says_something(value) else []

    def _read_node(self, written: dict[str, Any], *, depth: int, block: int) -> list[Any]:
        if len(self._written) >= MAX_NODES:
            return []
        identity = written.get("@id", written.get("id"))
        types = tuple(
            name for each in written_types(written) if (name := local_name(each)) is not None
        )
        node = Node(
            types,
            event_type(types),
            self._absolute(identity, block) if isinstance(identity, str) and identity else None,
        )
        self._written.append(node)
        for key, value in written.items():
            if key == "@graph":
                self._read(value, depth=depth + 1, block=block)
                continue
            name = None if key.startswith("@") else local_name(key)
            if name is None or name in ("type", "id"):
                continue
            values = self._read(value, depth=depth + 1, block=block)
            if values:
                name = _SPELLINGS.get(name.lower(), name)
                node.properties.setdefault(name, []).extend(values)
        return [node]

    def _absolute(self, identity: str, block: int | None) -> str:
        if identity.startswith("_:"):  # a blank node's label counts within its block only
            return f"{block}{identity}"
        try:
            return urljoin(self._page_url, identity.strip())
        except ValueError:
            return identity


def _says_something(scalar: object) -> bool:
    """Tell whether a string has text, and whether a number is one."""
    if isinstance(scalar, str):
        return bool(scalar.strip())
    # No comparison with NaN is true.
    return isinstance(scalar, int | float) and abs(scalar) <= _LARGEST_NUMBER


def _compatible(one: Node, other: Node) -> bool:
    """Tell whether two descriptions under one ``@id`` can be of one thing."""
    if one.types and other.types and one.event_type != other.event_type:
        return False
    return all(
        name not in one.properties
        or name not in other.properties
        or one.properties[name][0] == other.properties[name][0]
        for name in ("name", "startDate")
    )
