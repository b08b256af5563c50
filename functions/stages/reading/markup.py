"""Parse HTML once, within bounds that hostile markup cannot break."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import lxml.html
from lxml import etree

if TYPE_CHECKING:
    from lxml.html import HtmlElement

MAX_TAGS: Final = 200_000
"""So many tags are parsed; libxml2 keeps some 200 bytes for each. A page of the largest listing
sites has 20,000."""

MAX_ATTRIBUTES: Final = 256
"""Of one tag. libxml2 walks a tag's attributes to append one: 400,000 of them take it minutes."""

INLINE: Final = frozenset(
    {
        *("a", "abbr", "b", "bdi", "bdo", "big", "cite", "code", "data", "dfn", "em", "font", "i"),
        *("kbd", "mark", "meta", "link", "q", "s", "samp", "small", "span", "strike", "strong"),
        *("sub", "sup", "time", "tt", "u", "var", "wbr"),
    }
)
"""Elements whose text runs on with that around them
(https://html.spec.whatwg.org/multipage/text-level-semantics.html)."""

_CONTROL: Final = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f\ud800-\udfff]")
_ATTRIBUTE_BOMB: Final = re.compile(
    r"""<[a-zA-Z][^\s/>]{0,64}+
        (?: [\s/]{0,200}+
            =?[^\s/>=]{1,64}+
            (?: \s{0,200}+ = \s{0,200}+ (?: "[^"]*+" | '[^']*+' | [^\s>]*+ ) )?+
        ){256}""",
    re.VERBOSE,
)
"""A tag with more attributes than ``MAX_ATTRIBUTES``, as the HTML standard's tokenizer sees it
(https://html.spec.whatwg.org/multipage/parsing.html#before-attribute-name-state). It is looked for
at every ``<``, also within comments, scripts and values, so that no quoting hides one; all
repetitions are possessive and short, so that the search stays linear."""


@dataclass(frozen=True, slots=True)
class Markup:
    """Be a parsed page.

    Attributes:
        tree: The ``<html>`` element; None where there is no element at all.
        problems: What was cut off, for people.
    """

    tree: HtmlElement | None
    problems: tuple[str, ...] = ()


def parse_markup(text: str) -> Markup:
    """Parse any text as HTML; nothing is raised.

    No entity is defined by a page, and nothing outside the page is ever loaded: the HTML parser
    knows no document types.
    """
    problems: list[str] = []
    if _CONTROL.search(text):
        text = _CONTROL.sub(" ", text)
    if text.count("<") > MAX_TAGS:
        text = "<".join(text.split("<", MAX_TAGS + 1)[: MAX_TAGS + 1])
        problems.append(f"more than {MAX_TAGS:,} tags; what comes after them was not read")
    text, bombs = _ATTRIBUTE_BOMB.subn(lambda tag: tag[0].replace("<", "&lt;"), text)
    if bombs:
        problems.append(f"{bombs} tags with more than {MAX_ATTRIBUTES} attributes; read as text")
    parser = lxml.html.HTMLParser(
        encoding="utf-8", remove_comments=True, remove_pis=True, huge_tree=True
    )
    try:
        tree = lxml.html.document_fromstring(text.encode(), parser=parser)
    except etree.ParserError:  # nothing in it but comments and the like
        return Markup(None, tuple(problems))
    if any(error.type == etree.ErrorTypes.ERR_RESOURCE_LIMIT for error in parser.error_log):
        problems.append("tags nest deeper than 2,048; what comes after that was not read")
    return Markup(tree, tuple(problems))
