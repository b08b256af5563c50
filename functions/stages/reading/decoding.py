"""Turn a page's bytes into text, in the order of the HTML standard, and repair wrong labels.

The order (https://html.spec.whatwg.org/multipage/parsing.html#determining-the-character-encoding):
byte order mark, transport layer, ``<meta>`` prescan, then a guess. Labels mean what the Encoding
Standard says they mean: ``iso-8859-1`` is windows-1252 (https://encoding.spec.whatwg.org/).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import islice
from typing import Final

import webencodings  # type: ignore[import-untyped] # ships no types

from functions.stages.reading.languages import encodings_of_language
from functions.stages.reading.media import utf16_without_bom

PRESCAN_BYTES: Final = 4_096
"""The standard says 1024 bytes and lets browsers look further; real pages need it."""

_BOMS: Final = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16le"), (b"\xfe\xff", "utf-16be"))
_HEADER_CHARSET: Final = re.compile(r"""charset\s*=\s*["']?\s*([^\s"';,]+)""", re.IGNORECASE)
_META: Final = re.compile(
    rb"<!--(?:(?!-->).)*"
    rb"|<meta(?=[\s/])(?P<meta>(?:[^>\"']|\"[^\"]*\"|'[^']*')*)"
    rb"|<\?xml\s(?P<xml>[^>]*)",
    re.IGNORECASE | re.DOTALL,
)
_ATTRIBUTE: Final = re.compile(
    rb"([a-z-]+)\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s>\"']+))", re.IGNORECASE
)
_HTML_LANG: Final = re.compile(rb"<html[^>]*?\slang\s*=\s*[\"']?([a-z-]{2,20})", re.IGNORECASE)
_NON_ASCII: Final = re.compile(rb"[\x80-\xff][^<>\x00-\x1f]{0,80}")

_MULTIBYTE: Final = frozenset({"gbk", "gb18030", "big5", "euc-jp", "euc-kr", "shift_jis"})
_FEW: Final = 3
"""Fewer non-ASCII characters than this prove nothing against a declared multi-byte encoding."""

_MAX_WRONG_SHARE: Final = 0.05
_SAMPLE_PIECES: Final = 200
_BEFORE: Final = 40
_REPLACEMENT: Final = "\ufffd"
_LAST_RESORT: Final = "windows-1252"

# What charset-normalizer may answer, by Python's name of it.
_GUESSABLE: Final = {
    "cp1251": "windows-1251",
    "koi8_r": "koi8-r",
    "cp1253": "windows-1253",
    "cp1255": "windows-1255",
    "cp1256": "windows-1256",
    "cp874": "windows-874",
    "cp932": "shift_jis",
    "euc_jp": "euc-jp",
    "gb18030": "gb18030",
    "big5": "big5",
    "cp949": "euc-kr",
    "cp1250": _LAST_RESORT,
    "cp1252": _LAST_RESORT,
    "cp1254": _LAST_RESORT,
    "cp1257": _LAST_RESORT,
}
"""Among the Latin ones it cannot tell (it reads French as Polish): they are one answer here, the
standard's own default, unless the page names its language."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """Be a page's text.

    Attributes:
        encoding: The WHATWG name of the encoding it was read in.
        problem: What was wrong with its label or its bytes, for people; None where nothing was.
    """

    text: str
    encoding: str
    problem: str | None = None


def decode_page(body: bytes, *, content_type: str | None) -> Decoded:
    """Decode any bytes; what cannot be decoded becomes U+FFFD, and nothing is raised.

    A label is overruled where the bytes prove it wrong: text that is valid UTF-8 is UTF-8, and
    "UTF-8" with more broken sequences than whole ones is not.

    Args:
        body: The page as fetched.
        content_type: The HTTP header, if there was one.
    """
    for mark, encoding in _BOMS:
        if body.startswith(mark):
            return Decoded(_decode(body[len(mark) :], encoding), encoding)
    utf16 = utf16_without_bom(body)
    if utf16 is not None:
        return Decoded(_decode(body, utf16), utf16)
    labels = [_header_label(content_type), _meta_label(body[:PRESCAN_BYTES])]
    declared = list(dict.fromkeys(label for label in labels if label is not None))
    if "iso-2022-jp" in declared and b"\x1b" in body:
        return Decoded(_decode(body, "iso-2022-jp"), "iso-2022-jp")
    text = _strictly(body, "utf-8")
    if text is not None:
        return _valid_utf8(body, text, declared)
    return _legacy(body, declared)


def _valid_utf8(body: bytes, text: str, declared: list[str]) -> Decoded:
    """Settle what valid UTF-8 is: that, unless a few bytes could as well be what is declared."""
    first = declared[0] if declared else "utf-8"
    if first == "utf-8" or body.isascii():
        return Decoded(text, "utf-8")
    if first in _MULTIBYTE and sum(not char.isascii() for char in text) < _FEW:
        as_declared = _strictly(body, first)
        if as_declared is not None:
            return Decoded(as_declared, first)
    return Decoded(text, "utf-8", _overruled(first, "utf-8"))


def _legacy(body: bytes, declared: list[str]) -> Decoded:
    """Decode what is not valid UTF-8."""
    first = declared[0] if declared else None
    for label in declared:
        if label != "utf-8" and (text := _nearly(body, label)) is not None:
            return Decoded(text, label, None if label == first else _overruled(first, label))
    text = body.decode("utf-8", "replace")
    wrong = text.count(_REPLACEMENT)
    if sum(not char.isascii() for char in text) - wrong > wrong:
        return Decoded(
            text, "utf-8", f"{wrong} byte sequences are not UTF-8; U+FFFD stands in their place"
        )
    guess = _guess(body)
    return Decoded(_decode(body, guess), guess, _overruled(first, guess) if first else None)


def _overruled(declared: str | None, actual: str) -> str:
    return f"declared as {declared}, but its bytes are {actual}: it was read as {actual}"


def _decode(body: bytes, encoding: str) -> str:
    found = webencodings.lookup(encoding)
    text: str = found.codec_info.decode(body, "replace")[0]
    return text


def _strictly(body: bytes, encoding: str) -> str | None:
    try:
        text: str = webencodings.lookup(encoding).codec_info.decode(body, "strict")[0]
    except UnicodeError:
        return None
    return text


def _nearly(body: bytes, encoding: str) -> str | None:
    """Decode where hardly a byte is wrong; any single-byte encoding fits any bytes."""
    text = _decode(body, encoding)
    wrong = text.count(_REPLACEMENT)
    return text if wrong <= sum(not char.isascii() for char in text) * _MAX_WRONG_SHARE else None


def _known(label: str) -> str | None:
    """Look a label up; those that browsers decode to nothing, or to private use, do not count."""
    found = webencodings.lookup(label)
    if found is None or found.name in ("replacement", "x-user-defined"):
        return None
    name: str = found.name
    return name


def _header_label(content_type: str | None) -> str | None:
    found = _HEADER_CHARSET.search(content_type or "")
    return _known(found[1]) if found else None


def _meta_label(start: bytes) -> str | None:
    """Prescan for ``<meta charset>`` and its older forms, skipping comments."""
    for tag in _META.finditer(start):
        written = tag["meta"] or tag["xml"]
        if written is None:
            continue
        attributes = {
            name.lower(): double or single or bare
            for name, double, single, bare in _ATTRIBUTE.findall(written)
        }
        label = attributes.get(b"charset") or attributes.get(b"encoding")
        if label is None and attributes.get(b"http-equiv", b"").lower() == b"content-type":
            content = attributes.get(b"content", b"").decode("latin-1")
            found = _HEADER_CHARSET.search(content)
            label = found[1].encode("latin-1") if found else None
        known = _known(label.decode("latin-1").strip()) if label else None
        if known is not None:
            # A tag that could be read byte by byte is not in UTF-16, whatever it says.
            return "utf-8" if known.startswith("utf-16") else known
    return None


def _sample(body: bytes) -> bytes:
    """Take what stands around non-ASCII bytes, without tags: markup tells nothing of a language."""
    return b" ".join(
        body[max(0, found.start() - _BEFORE) : found.start()].rpartition(b">")[2] + found[0]
        for found in islice(_NON_ASCII.finditer(body), _SAMPLE_PIECES)
    )


def _guess(body: bytes) -> str:
    """Guess from the page's language, then from its bytes."""
    found = _HTML_LANG.search(body[:PRESCAN_BYTES])
    sample = _sample(body)
    if found is not None:
        for encoding in encodings_of_language(found[1].decode("ascii")):
            text = _strictly(sample, encoding)
            if text is not None and not any("\x80" <= char <= "\x9f" for char in text):
                return encoding
    from charset_normalizer import from_bytes  # noqa: PLC0415 - few pages need it

    best = from_bytes(sample, cp_isolation=list(_GUESSABLE)).best()
    return _GUESSABLE.get(best.encoding, _LAST_RESORT) if best else _LAST_RESORT
