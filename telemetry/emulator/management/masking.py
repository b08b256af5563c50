"""Secrets of channels: shown, and kept, in their masked form only."""

from __future__ import annotations

from typing import Annotated, Final
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, PlainSerializer, SecretStr

MASK: Final = "*" * 10
_SHOWN: Final = 4
_LONG: Final = 3 * _SHOWN
"""A key shorter than this would be told by its last four characters."""


def mask_key(secret: SecretStr) -> str:
    """Return what may be seen of a key: its last four characters, where it is long enough."""
    key = secret.get_secret_value()
    return MASK + key[-_SHOWN:] if len(key) >= _LONG else MASK


def mask_url(secret: SecretStr) -> str:
    """Return what may be seen of an address: where it leads, without user, path and query."""
    parts = urlsplit(secret.get_secret_value())
    host = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{host}/{MASK}"


def _refuse_masked(secret: SecretStr) -> SecretStr:
    # What was read is about to be written back, and the real secret would be lost.
    if MASK in secret.get_secret_value():
        raise ValueError("it is the masked form of a secret: send the secret, or leave it out")
    return secret


def _check_url(secret: SecretStr) -> SecretStr:
    try:
        parts = urlsplit(secret.get_secret_value())
        is_address = parts.scheme in {"http", "https"} and bool(parts.hostname)
        _ = parts.port
    except ValueError:  # its text would repeat the secret
        is_address = False
    if not is_address:
        raise ValueError("it is no http or https address")
    return secret


_Secret = Annotated[SecretStr, Field(min_length=1, max_length=2_000)]
SecretKey = Annotated[_Secret, AfterValidator(_refuse_masked), PlainSerializer(mask_key)]
SecretUrl = Annotated[
    _Secret, AfterValidator(_refuse_masked), AfterValidator(_check_url), PlainSerializer(mask_url)
]
