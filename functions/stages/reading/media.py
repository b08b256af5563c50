"""Tell web pages and JSON from the other things that addresses lead to."""

from __future__ import annotations

import re
from typing import Final, Literal
from urllib.parse import urlsplit

from functions.errors import PermanentError

MAX_BODY_BYTES: Final = 10 * 1024 * 1024
"""Larger bodies are refused; fetching refuses them too."""

Media = Literal["html", "json"]

_SIGNATURES: Final = (
    (0, b"%PDF-", "a PDF document"),
    (0, b"\x89PNG\r\n\x1a\n", "a PNG image"),
    (0, b"\xff\xd8\xff", "a JPEG image"),
    (0, b"GIF87a", "a GIF image"),
    (0, b"GIF89a", "a GIF image"),
    (8, b"WEBP", "a WebP image"),
    (4, b"ftypavif", "an AVIF image"),
    (4, b"ftyp", "an MP4 video"),
    (0, b"\x1aE\xdf\xa3", "a WebM video"),
    (0, b"II*\0", "a TIFF image"),
    (0, b"MM\0*", "a TIFF image"),
    (0, b"\0\0\1\0", "an icon"),
    (0, b"PK\3\4", "a ZIP archive, or an office document"),
    (0, b"PK\5\6", "an empty ZIP archive"),
    (0, b"\x1f\x8b", "gzip-compressed data"),
    (0, b"\x28\xb5\x2f\xfd", "zstd-compressed data"),
    (0, b"BZh", "a bzip2 archive"),
    (0, b"\xfd7zXZ", "an XZ archive"),
    (0, b"7z\xbc\xaf", "a 7-Zip archive"),
    (0, b"Rar!\x1a\7", "a RAR archive"),
    (0, b"\xd0\xcf\x11\xe0", "an office document"),
    (0, b"{\\rtf", "an RTF document"),
    (0, b"%!PS", "a PostScript document"),
    (0, b"\x7fELF", "a program"),
    (0, b"\0asm", "a WebAssembly module"),
    (0, b"ID3", "an MP3 file"),
    (0, b"OggS", "an Ogg file"),
    (0, b"fLaC", "a FLAC file"),
    (0, b"wOFF", "a font"),
    (0, b"wOF2", "a font"),
    (0, b"\0\1\0\0", "a font"),
)
"""Offset, first bytes, name (https://mimesniff.spec.whatwg.org/ and the formats' own papers)."""

_NOT_PAGES: Final = re.compile(
    r"(?:image|audio|video|font|model)/.*"
    r"|text/(?:css|csv|calendar|vcard|javascript|ecmascript)"
    r"|application/(?:pdf|zip|gzip|javascript|x-javascript|msword|wasm|x-shockwave-flash)"
    r"|application/vnd\.(?!.*\+(?:json|xml)$).*"
)
"""Declared types that are believed unless the body starts like HTML."""

_JSON: Final = re.compile(r"(?:application|text)/(?:json|[\w.-]+\+json)")
_HTML_START: Final = re.compile(rb"\s*(?:<\?xml[^>]*>\s*)?(?:<!doctype html|<html)", re.IGNORECASE)
_JSON_START: Final = re.compile(rb"(?:\xef\xbb\xbf)?\s*[\[{]")
_BINARY: Final = bytes([*range(0x09), 0x0B, *range(0x0E, 0x1B), *range(0x1C, 0x20)])
"""The bytes that no text has (https://mimesniff.spec.whatwg.org/#binary-data-byte)."""

_SAMPLE: Final = 4_096
_BINARY_SHARE: Final = 0.02
_BOMS: Final = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")


def media_of(body: bytes, *, url: str, content_type: str | None) -> Media:
    """Tell whether a body is HTML (or XHTML, XML, plain text) or JSON.

    Raises:
        PermanentError: It is empty, too large, or something else; the message says what.
    """
    if not body.strip(b" \t\r\n\f\0\xef\xbb\xbf\xff\xfe"):
        raise PermanentError(f"{url} is empty: there is nothing to read. Check the source.")
    if len(body) > MAX_BODY_BYTES:
        raise PermanentError(
            f"{url} has {len(body):,} bytes, and a page of up to {MAX_BODY_BYTES:,} is read."
            " Point the source at the page that lists the events."
        )
    for offset, signature, name in _SIGNATURES:
        if body.startswith(signature, offset):
            raise _not_a_page(url, name)
    declared = (content_type or "").split(";", 1)[0].strip().lower()
    if _NOT_PAGES.fullmatch(declared) and not _HTML_START.match(body):
        raise _not_a_page(url, f"declared as {declared}")
    if _is_binary(body):
        raise _not_a_page(url, "binary data")
    if _JSON_START.match(body) and (_JSON.fullmatch(declared) or _says_json(url, declared)):
        return "json"
    return "html"


def utf16_without_bom(body: bytes) -> str | None:
    """Name the UTF-16 encoding of markup that has no byte order mark, by its first character."""
    start = body[:_SAMPLE].lstrip(b" \t\r\n\0")[:1]
    if start not in (b"<", b"{", b"["):
        return None
    position = body.index(start)
    if position % 2:
        return "utf-16be" if body[position - 1] == 0 else None
    return "utf-16le" if body[position + 1 : position + 2] == b"\0" else None


def _says_json(url: str, declared: str) -> bool:
    """Tell whether something that starts like JSON is JSON where the server does not say so."""
    if declared in ("", "text/plain", "application/octet-stream"):
        return True
    try:
        return urlsplit(url).path.lower().endswith((".json", ".jsonld"))
    except ValueError:
        return False


def _is_binary(body: bytes) -> bool:
    if body.startswith(_BOMS) or utf16_without_bom(body):
        return False
    sample = body[:_SAMPLE]
    return len(sample) - len(sample.translate(None, _BINARY)) > len(sample) * _BINARY_SHARE


def _not_a_page(url: str, what: str) -> PermanentError:
    return PermanentError(
        f"{url} is not a web page but {what}. Remove it from the sources, or point them at the"
        " page that tells of the events."
    )
