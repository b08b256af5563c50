"""Read a page: bytes in, ``Page`` out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from functions.errors import PermanentError
from functions.stages.reading.addresses import (
    base_address,
    canonical_address,
    normalised_address,
)
from functions.stages.reading.blocks import bound_blocks
from functions.stages.reading.decoding import Decoded, decode_page
from functions.stages.reading.hashing import content_hash
from functions.stages.reading.head import declared_language, title_of
from functions.stages.reading.json_ld import Items, read_json, read_json_ld
from functions.stages.reading.main_text import MAX_BYTES, main_text
from functions.stages.reading.markup import flatten, parse_markup
from functions.stages.reading.media import media_of
from functions.stages.reading.microdata import read_microdata
from functions.stages.reading.page import Page
from functions.stages.reading.rdfa import read_rdfa
from functions.stages.schema_org import holds_event

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lxml.html import HtmlElement

    from functions.stages.reading.page import Block, Route, Syntax

MAX_PROBLEMS: Final = 50


def read_body(body: bytes, *, url: str, content_type: str | None) -> Page:
    """Read a page or a JSON-LD document; see :func:`functions.stages.reading.read_page`."""
    media = media_of(body, url=url, content_type=content_type)
    decoded = decode_page(body, content_type=content_type)
    if media == "json":
        return _read_document(decoded, url)
    return _read_html(decoded, url)


def _read_html(decoded: Decoded, url: str) -> Page:
    markup = parse_markup(decoded.text)
    tree = markup.tree
    if tree is None:
        raise _nothing_to_read(url, markup.problems)
    base_url = base_address(tree, url=url)
    canonical_url, ignored = canonical_address(tree, url=url, base_url=base_url)
    blocks, left_out = _read_blocks(tree, decoded.text, base_url)
    main = main_text(markup)
    problems = _listed(
        [decoded.problem] if decoded.problem else [],
        markup.problems,
        ignored,
        left_out,
        main.problems,
    )
    if not main.text and not blocks:
        raise _nothing_to_read(url, problems)
    return Page(
        url=url,
        canonical_url=canonical_url,
        encoding=decoded.encoding,
        title=title_of(tree),
        language=declared_language(tree),
        text=main.text,
        content_hash=content_hash(main.text, blocks),
        blocks=tuple(blocks),
        problems=problems,
        route=_route(blocks),
    )


def _read_blocks(tree: HtmlElement, text: str, base_url: str) -> tuple[list[Block], list[str]]:
    """Read the three syntaxes, each only where the page's text has its mark.

    JSON-LD comes first: a script may lie deeper in unclosed tags than the rest is read.
    """
    read: list[tuple[Syntax, Items]] = [("json-ld", read_json_ld(tree))]
    flattened = flatten(tree)
    lowered = text.lower()
    if "itemscope" in lowered:
        read.append(("microdata", read_microdata(tree, base_url=base_url)))
    if "typeof" in lowered:
        read.append(("rdfa", read_rdfa(tree, base_url=base_url)))
    pairs: list[tuple[Syntax, dict[str, Any]]] = [
        (syntax, item) for syntax, items in read for item in items.items
    ]
    blocks, left_out = bound_blocks(pairs)
    problems = [problem for _, items in read for problem in items.problems]
    return blocks, [*problems, *left_out, *([flattened] if flattened else [])]


def _read_document(decoded: Decoded, url: str) -> Page:
    """Read a document that is JSON as a whole."""
    document = read_json(decoded.text, "the JSON document")
    if not document.items:
        why = "; ".join(document.problems) or "it holds no object"
        raise PermanentError(f"{url} cannot be read: {why}. Check what the source sends.")
    blocks, left_out = bound_blocks([("json-ld", document.items[0])])
    route = _route(blocks)
    text = "" if route == "adapters" else decoded.text.encode()[:MAX_BYTES].decode(errors="ignore")
    return Page(
        url=url,
        canonical_url=normalised_address(url),
        encoding=decoded.encoding,
        title=None,
        language=None,
        text=text,
        content_hash=content_hash(text, blocks),
        blocks=tuple(blocks),
        problems=_listed(document.problems, left_out),
        route=route,
    )


def _route(blocks: Sequence[Block]) -> Route:
    return "adapters" if any(holds_event(block["item"]) for block in blocks) else "agents"


def _listed(*problems: Sequence[str]) -> tuple[str, ...]:
    every = [problem for several in problems for problem in several]
    if len(every) <= MAX_PROBLEMS:
        return tuple(every)
    return (*every[:MAX_PROBLEMS], f"and {len(every) - MAX_PROBLEMS} more problems")


def _nothing_to_read(url: str, problems: Sequence[str]) -> PermanentError:
    seen = f" ({'; '.join(problems[:3])})" if problems else ""
    return PermanentError(
        f"{url} has neither text nor structured data{seen}. It may be drawn by scripts in the"
        " browser: point the source at a page or feed that is sent whole."
    )
