"""Tell whether two readings of a page say the same."""

from __future__ import annotations

import hashlib
import json
import unicodedata
from typing import TYPE_CHECKING, Any, Final

from functions.stages.schema_org import holds_event

if TYPE_CHECKING:
    from collections.abc import Sequence

    from functions.stages.reading.page import Block

VOLATILE: Final = frozenset(
    {
        *("dateModified", "dateCreated", "datePublished", "uploadDate", "sdDatePublished"),
        *("interactionStatistic", "interactionCount", "userInteractionCount", "commentCount"),
        *("aggregateRating", "potentialAction", "nonce"),
    }
)
"""Properties that change from one visit to the next without the event changing."""


def content_hash(text: str, blocks: Sequence[Block]) -> str:
    """Hash what a page says, so that a page fetched again unchanged is known again.

    It is the SHA-256, in hexadecimal, of two parts with a NUL between them, in UTF-8:

    1. the main text, all white space between words being one space;
    2. the canonical JSON of an array of the blocks that hold an event, each once, sorted: keys
       sorted, no spaces, no escapes but the necessary ones, strings in NFC with white space folded,
       without the properties in ``VOLATILE``.

    Scripts, styles, comments, attributes, tokens, the order of blocks, and blocks without events
    have no part in it.
    """
    events = sorted(
        {
            json.dumps(
                _steady(block["item"]), sort_keys=True, ensure_ascii=False, separators=(",", ":")
            )
            for block in blocks
            if holds_event(block["item"])
        }
    )
    content = f"{_steady(text)}\0[{','.join(events)}]"
    return hashlib.sha256(content.encode()).hexdigest()


def _steady(value: Any) -> Any:
    if isinstance(value, str):
        return unicodedata.normalize("NFC", " ".join(value.split()))
    if isinstance(value, dict):
        return {key: _steady(each) for key, each in value.items() if key not in VOLATILE}
    if isinstance(value, list):
        return [_steady(each) for each in value]
    return value
