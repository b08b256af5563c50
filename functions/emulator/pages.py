"""Page sizes and page tokens of the List calls."""

from __future__ import annotations

import base64
import binascii

from functions.errors import CallRefused


def page_size(asked: int, *, most: int) -> int:
    """Return the size of a page: what was asked for, ``most`` without a wish or above it.

    Raises:
        CallRefused: INVALID_ARGUMENT: the size is negative.
    """
    if asked < 0:
        raise CallRefused("INVALID_ARGUMENT", "page_size cannot be negative.")
    return min(asked or most, most)


def page_token(parent: str, last: str) -> str:
    """Return the token of the page that follows the item ``last`` of ``parent``."""
    return base64.urlsafe_b64encode(f"{parent}\n{last}".encode()).decode()


def read_token(parent: str, token: str) -> str:
    """Return the item before the page of a token; empty for the first page.

    Raises:
        CallRefused: INVALID_ARGUMENT: the token is not one of this list's.
    """
    if not token:
        return ""
    try:
        named, _, last = (
            base64.b64decode(token, altchars=b"-_", validate=True).decode().partition("\n")
        )
    except (binascii.Error, ValueError) as error:
        raise CallRefused("INVALID_ARGUMENT", "page_token is not a token of this list.") from error
    if named != parent or not last:
        raise CallRefused("INVALID_ARGUMENT", "page_token is not a token of this list.")
    return last
