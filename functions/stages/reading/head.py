"""Read a page's title and language."""

from __future__ import annotations

import re
from itertools import chain, islice
from typing import TYPE_CHECKING, Final

from functions.stages.schema_org.text import clean_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lxml.html import HtmlElement

MAX_TITLE: Final = 300

_TAG: Final = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8}){0,3}")
_XML_LANG: Final = "{http://www.w3.org/XML/1998/namespace}lang"


def title_of(tree: HtmlElement) -> str | None:
    """Take the ``<title>``, else ``og:title``, else the first heading."""
    candidates = chain(
        ("".join(title.itertext()) for title in _first(tree, "title")),
        _meta_contents(tree, "og:title"),
        ("".join(heading.itertext()) for heading in _first(tree, "h1")),
    )
    titles = (clean_text(candidate, MAX_TITLE) for candidate in candidates)
    return next((title for title in titles if title), None)


def declared_language(tree: HtmlElement) -> str | None:
    """Take the BCP 47 tag of ``<html lang>``, else of the metadata."""
    candidates = chain(
        (tree.get("lang"), tree.get("xml:lang"), tree.get(_XML_LANG)),
        _meta_contents(tree, "content-language"),
        _meta_contents(tree, "og:locale"),
    )
    for candidate in candidates:
        tag = (candidate or "").split(",", 1)[0].strip()
        if _TAG.fullmatch(tag):
            return tag.replace("_", "-")
    return None


def _first(tree: HtmlElement, tag: str) -> Iterator[HtmlElement]:
    return islice(tree.iter(tag), 1)


def _meta_contents(tree: HtmlElement, name: str) -> Iterator[str]:
    for meta in tree.iter("meta"):
        named = (meta.get("property"), meta.get("name"), meta.get("http-equiv"))
        if name in {(each or "").lower() for each in named}:
            yield meta.get("content") or ""
