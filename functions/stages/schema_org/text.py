"""Clean text and addresses out of what pages put into structured data."""

from __future__ import annotations

import html
import re
import unicodedata
from functools import lru_cache
from typing import Final
from urllib.parse import quote, urljoin, urlsplit

from functions.stages.events import MAX_URL

_SCRIPT: Final = re.compile(
    r"<(script|style)\b(?>(?:[^<]|<(?!/\1))*)(?:</\1[^<>]*>)?", re.IGNORECASE
)
_INLINE_TAG: Final = re.compile(
    r"</?(?:a|abbr|b|em|font|i|mark|small|span|strong|sub|sup|u)(?:\s[^<>]*)?>", re.IGNORECASE
)
_TAG: Final = re.compile(r"</?[a-zA-Z][^<>]*>|<!--(?>(?:[^-]|-(?!->))*)-->")
_ENTITY: Final = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z][a-zA-Z0-9]{1,31});")
_INVISIBLE: Final = re.compile("[\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
"""Soft hyphens, zero-width spaces and marks of direction: two names that look the same but for
these are the same. The zero-width joiners stay: words and emoji are spelt with them."""
_CONTROL: Final = re.compile("[\x00-\x1f\x7f-\x9f]")
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_WEB: Final = re.compile(r"https?://", re.IGNORECASE)
_NO_HOST: Final = re.compile(r"https?:(?!//[^/?#])", re.IGNORECASE)
_UNSAFE_IN_URL: Final = re.compile(r"[\s\x00-\x20\x7f-\xa0<>\"{}|\\^`\ud800-\udfff]")

_PLACEHOLDERS: Final = frozenset(
    {"tba", "tbc", "tbd", "na", "none", "null", "undefined", "unknown", "tobeannounced"}
)
"""What stands in a form's field where nobody has filled in a name (folded)."""

_ESCAPED_TWICE: Final = 2
_MARKUP_ALLOWANCE: Final = 8
"""Text is cut to this many times its limit before cleaning: markup shrinks it."""


def clean_text(text: str, limit: int) -> str | None:
    """Turn what a page wrote into plain text.

    Tags go, entities become characters (twice where a page escaped twice), white space is folded,
    invisible characters go, and the rest is Unicode NFC.

    Args:
        text: Anything, with or without markup.
        limit: At most this many characters come back.

    Returns:
        The text, or None where nothing is left.
    """
    text = text[: limit * _MARKUP_ALLOWANCE]
    for _ in range(_ESCAPED_TWICE):
        text = _without_tags(text)
        if "&" not in text:
            break
        text = _ENTITY.sub(lambda entity: html.unescape(entity[0]), text)
    text = _without_tags(text)
    if not (text.isascii() and text.isprintable()):
        text = _SURROGATE.sub("\ufffd", _INVISIBLE.sub("", _CONTROL.sub(" ", text)))
        text = unicodedata.normalize("NFC", text)
    return " ".join(text.split())[:limit].rstrip() or None


def _without_tags(text: str) -> str:
    if "<" not in text:
        return text
    text = _INLINE_TAG.sub("", _SCRIPT.sub(" ", text))
    return _TAG.sub(" ", text)


def web_address(written: str, *, base: str) -> str | None:
    """Resolve an address against its page and make sure that it leads to the web.

    Args:
        written: The address as the page gives it, relative or absolute.
        base: The page's own address.

    Returns:
        An absolute http or https address without credentials, or None where it is none.
    """
    written = html.unescape(written.strip()) if "&" in written else written.strip()
    if not written or len(written) > MAX_URL or _NO_HOST.match(written):
        return None
    try:
        parts = urlsplit(urljoin(base, written))
        host, has_user = parts.hostname, "@" in parts.netloc
        _ = parts.port  # raises where it is no number
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not host or has_user:
        return None
    if _UNSAFE_IN_URL.search(parts.netloc):
        return None
    address = _UNSAFE_IN_URL.sub(lambda char: quote(char[0], errors="replace"), parts.geturl())
    return address if len(address) <= MAX_URL else None


def is_placeholder(name: str) -> bool:
    """Tell whether a name says that there is none yet: "TBA", "n/a", "null"."""
    return folded(name) in _PLACEHOLDERS


def is_web_address(text: str) -> bool:
    """Tell whether a text that should be a name is an address, good or not."""
    return _WEB.match(text.lstrip()) is not None


@lru_cache(maxsize=4_096)
def folded(text: str) -> str:
    """Reduce a name to what two spellings of it share.

    Case, accents, punctuation and white space do not count. A name of nothing but punctuation
    (there are bands called ``!!!``) stays as it is.
    """
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    kept = "".join(char for char in decomposed if char.isalnum())
    return kept or text.strip()
