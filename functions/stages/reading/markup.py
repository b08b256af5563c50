"""Parse HTML once, within bounds that hostile markup cannot break."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import lxml.html
from lxml import etree

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lxml.html import HtmlElement

MAX_TAGS: Final = 200_000
"""Of one page; libxml2 keeps some 200 bytes for each. Ten times what a long listing has."""

MAX_ATTRIBUTES: Final = 300_000
"""Of one page; libxml2 keeps some 400 bytes for each."""

MAX_ATTRIBUTES_OF_TAG: Final = 500
"""libxml2 walks a tag's attributes to append one: 400,000 of them take it minutes."""

MAX_DEPTH: Final = 200
"""Of tags within tags; browsers stop at 512."""

INLINE: Final = frozenset(
    {
        *("a", "abbr", "b", "bdi", "bdo", "big", "cite", "code", "data", "dfn", "em", "font", "i"),
        *("kbd", "mark", "meta", "link", "q", "s", "samp", "small", "span", "strike", "strong"),
        *("sub", "sup", "time", "tt", "u", "var", "wbr"),
    }
)
"""Elements whose text runs on with that around them
(https://html.spec.whatwg.org/multipage/text-level-semantics.html)."""

_CHUNK: Final = 16_384
_CONTROL: Final = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Markup:
    """Be a parsed page.

    Attributes:
        tree: The ``<html>`` element; None where there is no element at all.
        elements: How many elements it has.
        total_depth: The depths of all elements, added up: the cost of asking for ancestors.
        problems: What was cut off, for people.
    """

    tree: HtmlElement | None
    elements: int = 0
    total_depth: int = 0
    problems: tuple[str, ...] = ()


def parse_markup(text: str) -> Markup:
    """Parse any text as HTML; nothing is raised.

    The page is tokenized twice: once to count, so that what would be too much for libxml2 is cut
    off, and once to build the tree. No entity is defined by a page, and nothing outside the page is
    ever loaded: the HTML parser knows no document types.
    """
    if _CONTROL.search(text):
        text = _CONTROL.sub(" ", text)
    body = text.encode()
    size = _measure(body)
    problems: list[str] = []
    if size.within < len(body):
        problems.append(
            f"the page has more tags or attributes than are read; what comes after the first"
            f" {size.within:,} bytes was left out"
        )
    parser = lxml.html.HTMLParser(**_OPTIONS)
    try:
        tree = lxml.html.document_fromstring(body[: size.within], parser=parser)
    except etree.ParserError:  # nothing in it but comments and the like
        return Markup(None, problems=tuple(problems))
    if any(error.type == etree.ErrorTypes.ERR_RESOURCE_LIMIT for error in parser.error_log):
        problems.append("tags nest deeper than 2,048; what comes after that was not read")
    return Markup(tree, size.elements, size.total_depth, tuple(problems))


def flatten(tree: HtmlElement) -> str | None:
    """Turn tags nested deeper than ``MAX_DEPTH`` into their text, in place.

    Returns:
        What was done, for people; None where there was nothing to do.
    """
    deepest = tree.xpath("/*" * MAX_DEPTH)
    if not any(len(element) for element in deepest):
        return None
    for element in deepest:
        etree.strip_elements(element, "script", "style", with_tail=False)
        text = " ".join(element.itertext())
        del element[:]
        element.text = text
    return f"tags nest deeper than {MAX_DEPTH}; only the text of the deeper ones was read"


_OPTIONS: Final[dict[str, Any]] = {
    "encoding": "utf-8",
    "remove_comments": True,
    "remove_pis": True,
    "huge_tree": True,
}


@dataclass(slots=True)
class _Size:
    """Count what libxml2's own tokenizer sees, without a tree being built.

    Attributes:
        within: How many bytes of the page are within the limits.
    """

    within: int = 0
    elements: int = 0
    attributes: int = 0
    depth: int = 0
    total_depth: int = 0
    is_too_much: bool = False

    def start(self, _tag: str, attributes: Mapping[str, str]) -> None:
        """Count a start tag."""
        self.elements += 1
        self.attributes += len(attributes)
        self.depth += 1
        self.total_depth += self.depth
        if (
            len(attributes) > MAX_ATTRIBUTES_OF_TAG
            or self.attributes > MAX_ATTRIBUTES
            or self.elements > MAX_TAGS
        ):
            self.is_too_much = True

    def end(self, _tag: str) -> None:
        """Count an end tag."""
        self.depth -= 1

    def close(self) -> None:
        """Do nothing: lxml wants it."""


def _measure(body: bytes) -> _Size:
    """Feed a page bit by bit, and find where it becomes too much."""
    size = _Size(within=len(body))
    target: Any = size  # text and comments may be left uncounted, whatever the stubs say
    parser = etree.HTMLParser(target=target, **_OPTIONS)
    # A tag is counted at its end, which may be far from its start: what is kept ends before the
    # last piece in which another tag was counted.
    safe = elements = 0
    for position in range(0, len(body), _CHUNK):
        parser.feed(body[position : position + _CHUNK])
        if size.is_too_much:
            size.within = safe
            break
        if size.elements > elements:
            safe, elements = position, size.elements
    return size
