"""Reading web pages: bytes to text, address, language, main text and structured data.

Importing this costs next to nothing: the parsers are loaded with the first page that is read, and
services that only need ``Page`` need not have them installed.
"""

from __future__ import annotations

from functions.stages.reading.page import Block, Page, Route

__all__ = ["Block", "Page", "Route", "read_page"]


def read_page(body: bytes, *, url: str, content_type: str | None) -> Page:
    """Read one page, or one JSON-LD document. A pure function: no network, no files.

    Args:
        body: What was fetched, with transfer and content encodings undone; up to 10 MiB.
        url: Where it was fetched: http, https or file.
        content_type: The HTTP header, or None.

    Returns:
        The page. What could not be read of it is among its ``problems``.

    Raises:
        PermanentError: It is empty, too large, or no page; the message says what it is.
    """
    from functions.stages.reading.reader import read_body  # noqa: PLC0415 - see above

    return read_body(body, url=url, content_type=content_type)
