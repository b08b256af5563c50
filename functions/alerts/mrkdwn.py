"""Foreign text, made fit for Slack.

Slack reads ``<…>`` in a text as a mention or a link, and ``&…;`` as a character
(https://docs.slack.dev/messaging/formatting-message-text#escaping). With those three characters
escaped, and texts marked ``verbatim``, nothing that a row or a name says notifies or links.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from telemetry.terminal import clean, on_one_line

if TYPE_CHECKING:
    from datetime import datetime

_ENTITIES: Final = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_BEYOND_BMP: Final = 0xFFFF
_URL_SAFE: Final = ":/?#[]@!$&'()*+,;=%~"
_MARKUP: Final = re.compile(r"[*_~`]")
_JOINER: Final = "\u2060"


def escape(text: str, limit: int, *, lines: bool = False) -> str:
    """Return a text that Slack shows as it is, cut to a length.

    Args:
        text: Anything.
        limit: Characters at most, once escaped; counted as JavaScript does, as Slack may, too.
        lines: Whether ends of lines stay.
    """
    text = clean(text) if lines else on_one_line(text)
    pieces: list[str] = []
    left = limit
    for position, character in enumerate(text):
        piece = _ENTITIES.get(character, character)
        size = _length(piece)
        is_last = position == len(text) - 1
        if size > (left if is_last else left - 1):
            return "".join((*pieces, "…"))
        pieces.append(piece)
        left -= size
    return "".join(pieces)


def escape_inline(text: str, limit: int) -> str:
    """Return a text for the middle of marked-up ones, in which it marks up nothing."""
    return escape(_MARKUP.sub(lambda match: _JOINER + match[0] + _JOINER, text), limit)


def link(url: str, label: str) -> str:
    """Return a link; the label is ours, the URL may have foreign parts that were quoted."""
    return f"<{escape(quote(url, safe=_URL_SAFE), 2_000)}|{label}>"


def date(moment: datetime) -> str:
    """Return a time that Slack shows in its reader's own time zone."""
    fallback = f"{moment:%Y-%m-%d %H:%M:%S} UTC"
    return f"<!date^{int(moment.timestamp())}^{{date_short_pretty}} {{time_secs}}|{fallback}>"


def _length(text: str) -> int:
    return sum(2 if ord(character) > _BEYOND_BMP else 1 for character in text)
