"""A page that has been read: what doc_processing keeps and the extraction stages work on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from pydantic import TypeAdapter
from typing_extensions import TypedDict

Syntax = Literal["json-ld", "microdata", "rdfa"]
Route = Literal["adapters", "agents"]


class Block(TypedDict):
    """Be one structured item of a page, as plain JSON in the shape of JSON-LD.

    Several objects of one ``<script>`` are one block with an ``@graph``.
    """

    syntax: Syntax
    item: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Be what was read of a web page.

    Attributes:
        url: Where it was fetched.
        canonical_url: Where it says it lives, made sure of; else ``url``, normalised.
        encoding: The WHATWG name of the encoding its bytes turned out to be in.
        title: None where it has none.
        language: The BCP 47 tag it declares, such as ``en-GB``; None where it declares none.
        text: Its main text, one paragraph per line.
        content_hash: Equal for two readings of the same content; see
            :func:`functions.stages.reading.hashing.content_hash`.
        blocks: Its structured data.
        problems: What could not be read or had to be repaired, for people.
        route: ``adapters`` where the structured data holds an event, else ``agents``.
    """

    url: str
    canonical_url: str
    encoding: str
    title: str | None
    language: str | None
    text: str
    content_hash: str
    blocks: tuple[Block, ...]
    problems: tuple[str, ...]
    route: Route

    def to_json(self) -> str:
        """Write the page as one JSON object."""
        return _PAGE.dump_json(self).decode()

    @classmethod
    def from_json(cls, text: str | bytes) -> Page:
        """Read what ``to_json`` wrote.

        Raises:
            ValueError: It is something else.
        """
        return _PAGE.validate_json(text)


_PAGE = TypeAdapter(Page)
