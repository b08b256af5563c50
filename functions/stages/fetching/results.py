"""What a fetch gives back."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from email.utils import parsedate_tz
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

# https://www.rfc-editor.org/rfc/rfc9110#section-8.8.3. The length is ours: a tag is kept.
_ETAG = re.compile(r'(?:W/)?"[\x21\x23-\x7e\x80-\xff]{0,1000}"')
_MAX_DATE_LENGTH = 64


@dataclass(frozen=True, slots=True)
class Validators:
    """Hold what a server gave to ask later whether a page changed (RFC 9110 section 8.8).

    Args:
        url: The URL they belong to: the final one, after redirects. Sent to no other.
        etag: The ETag header as it came, quotes included.
        last_modified: The Last-Modified header as it came.
    """

    url: str
    etag: str | None = None
    last_modified: str | None = None

    @classmethod
    def of(cls, url: str, headers: Mapping[str, str]) -> Validators:
        """Read the validators of a response; malformed ones count as absent.

        They go back into a request later, so nothing unchecked may stand in them.

        Args:
            url: The URL that answered.
            headers: The response's headers, found whatever their case.
        """
        etag = headers.get("ETag", "").strip()
        date = headers.get("Last-Modified", "").strip()
        return cls(
            url,
            etag if _ETAG.fullmatch(etag) else None,
            date if _is_date(date) else None,
        )

    def conditions(self) -> dict[str, str]:
        """Give the request headers that ask for the page only if it changed."""
        conditions = {}
        if self.etag is not None and _ETAG.fullmatch(self.etag):
            conditions["If-None-Match"] = self.etag
        if self.last_modified is not None and _is_date(self.last_modified):
            conditions["If-Modified-Since"] = self.last_modified
        return conditions


@dataclass(frozen=True, slots=True)
class Fetched:
    """Hold a page.

    Args:
        url: Where the page came from in the end, normalised.
        status: The HTTP status; 200 for a file.
        content_type: The Content-Type header as it came; for a file, told from its suffix.
        body: The page's bytes, content encoding undone.
        validators: To be given to the next `fetch` of the same location.
        fetched_at: When the body was complete, UTC.
        redirects: The URLs that redirected, in order; the first is the one asked for.
    """

    url: str
    status: int
    content_type: str | None
    body: bytes = field(repr=False)
    validators: Validators
    fetched_at: datetime
    redirects: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NotModified:
    """Say that a page is still what the validators stand for.

    Args:
        url: The URL that said so, normalised.
        validators: To be given to the next `fetch`: the server may have renewed them.
        fetched_at: When the server said so, UTC.
        redirects: The URLs that redirected, in order; the first is the one asked for.
    """

    url: str
    validators: Validators
    fetched_at: datetime
    redirects: tuple[str, ...] = ()


def _is_date(text: str) -> bool:
    if not (text.isascii() and text.isprintable() and len(text) <= _MAX_DATE_LENGTH):
        return False
    try:
        return parsedate_tz(text) is not None
    except (IndexError, TypeError, ValueError):
        # The standard library's parser was written for mail and fails on some malformed dates.
        return False
