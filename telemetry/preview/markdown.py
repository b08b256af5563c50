"""The text of Markdown panels: as HTML that can do nothing, and as plain words."""

from __future__ import annotations

import html
import re
from typing import Final

from markdown_it import MarkdownIt

from telemetry.terminal import clean

_MARKDOWN: Final = MarkdownIt("commonmark", {"html": False}).disable("image")
"""HTML in it is shown, not obeyed; links go to the web only, and pictures nowhere."""

_TAG: Final = re.compile(r"<[^>]*>")
_ITEM: Final = re.compile(r"<li>")


def to_html(text: str) -> str:
    """Return Markdown as HTML."""
    rendered: str = _MARKDOWN.render(clean(text))
    return rendered


def words_of(text: str) -> str:
    """Return the words of Markdown, without what says how they look."""
    return html.unescape(_TAG.sub("", _ITEM.sub("- ", to_html(text)))).strip()
