"""Foreign text, made fit for Slack.

Slack reads ``<…>`` in a text as a mention or a link, and ``&…;`` as a character
(https://docs.slack.dev/messaging/formatting-message-text#escaping). With those three characters
escaped, and texts marked ``verbatim``, nothing that a row or a name says notifies or links.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from telemetry.slack.limits import MAX_FIELD, measure
from telemetry.terminal import clean, on_one_line

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

ELLIPSIS: Final = "…"
"""Stands for what is left out."""

_ENTITIES: Final = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_URL_SAFE: Final = ":/?#[]@!$&'()*+,;=%~"

_EDGE: Final = re.compile(r"(?<![A-Za-z0-9])[*_~]|[*_~](?![A-Za-z0-9])")
"""What may begin or end a stretch that is emphasised; within a word it does not."""

_GAP: Final = "\u200b"
"""There is no escape for marks: a space of no width on both sides keeps them from being any."""

_CODE: Final = {"`": "\N{MODIFIER LETTER GRAVE ACCENT}"}
"""Code begins with or without spaces around: what looks like its mark stands in its place."""

_QUOTATION: Final = re.compile(r"\A>|(?<=\n)>")
"""A quotation, which even an escaped one begins at the beginning of a line."""


def escape(text: str, limit: int, *, lines: bool = False) -> str:
    """Return a text of which Slack reads nothing as a mention, a link or a character.

    Nothing in it steers a screen. For plain texts, or texts whose marks are meant.

    Args:
        text: Anything.
        limit: How long it may be once it is escaped, as :func:`measure` counts.
        lines: Whether ends of lines stay.
    """
    return _join((_ENTITIES.get(each, each) for each in _clean(text, lines=lines)), limit)


def escape_inline(text: str, limit: int, *, lines: bool = False) -> str:
    """Return a text for the middle of marked-up ones, in which nothing is marked up.

    Args:
        text: Anything.
        limit: As of :func:`escape`.
        lines: As of :func:`escape`.
    """
    cleaned = _clean(text, lines=lines)
    marks = {match.start() for match in _EDGE.finditer(cleaned)}
    quotes = {match.start() for match in _QUOTATION.finditer(cleaned)}
    pieces = (
        f"{_GAP}{each}{_GAP}"
        if position in marks
        else (_GAP if position in quotes else "") + (_ENTITIES | _CODE).get(each, each)
        for position, each in enumerate(cleaned)
    )
    return _join(pieces, limit)


def escape_code(text: str, limit: int) -> str:
    """Return one line of a text for a block of code, which nothing in it ends.

    Args:
        text: Anything.
        limit: As of :func:`escape`.
    """
    return _join(((_ENTITIES | _CODE).get(each, each) for each in on_one_line(text)), limit)


def link(url: str, label: str) -> str:
    """Return a link; the label is ours, the URL may have foreign parts that were quoted."""
    return f"<{escape(quote(url, safe=_URL_SAFE), MAX_FIELD)}|{label}>"


def date(moment: datetime) -> str:
    """Return a time that Slack shows in its reader's own time zone."""
    fallback = f"{moment:%Y-%m-%d %H:%M:%S} UTC"
    return f"<!date^{int(moment.timestamp())}^{{date_short_pretty}} {{time_secs}}|{fallback}>"


def mark_up(text: str) -> dict[str, Any]:
    """Return a text object whose marks are meant."""
    # Verbatim: no @name, #channel or URL that is merely written out becomes one.
    return {"type": "mrkdwn", "text": text, "verbatim": True}


def write_plain(text: str) -> dict[str, Any]:
    """Return a text object without marks, in which ``:name:`` is no picture."""
    return {"type": "plain_text", "text": text, "emoji": False}


def _clean(text: str, *, lines: bool) -> str:
    return clean(text) if lines else on_one_line(text)


def _join(pieces: Iterable[str], limit: int) -> str:
    """Return as many whole pieces as there is room for, and a sign where some are left out."""
    taken: list[str] = []
    left = limit
    fitting = 0  # pieces after which there is room for the sign
    for piece in pieces:
        left -= measure(piece)
        if left < 0:
            return "".join((*taken[:fitting], ELLIPSIS))
        taken.append(piece)
        if left >= measure(ELLIPSIS):
            fitting = len(taken)
    return "".join(taken)
