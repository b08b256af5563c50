"""Fingerprints of secrets: they tell that a secret has changed, and not what it is.

Scrypt with a salt for each fingerprint makes guessing slow, and equal secrets look different
(https://www.rfc-editor.org/rfc/rfc7914). Secrets of channels are long and random anyway.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
from urllib.parse import urlsplit

_SALT_BYTES = 16
_BYTES = 16
_COST = 2**14
_NAME = "scrypt"


def take_fingerprint(secret: str, salt: bytes | None = None) -> str:
    """Return the fingerprint of a secret."""
    salt = secrets.token_bytes(_SALT_BYTES) if salt is None else salt
    digest = hashlib.scrypt(secret.encode(), salt=salt, n=_COST, r=8, p=1, dklen=_BYTES)
    return ":".join((_NAME, *(base64.b64encode(part).decode() for part in (salt, digest))))


def has_fingerprint(secret: str, fingerprint: str) -> bool:
    """Say whether a fingerprint is that of a secret."""
    name, _, rest = fingerprint.partition(":")
    try:
        salt = base64.b64decode(rest.partition(":")[0], validate=True)
    except (binascii.Error, ValueError):
        return False
    return name == _NAME and hmac.compare_digest(
        take_fingerprint(secret, salt).encode(), fingerprint.encode()
    )


def contradicts(masked: str, secret: str) -> bool:
    """Say whether what a server shows of a secret cannot be of this one.

    Args:
        masked: As it is read: ``https://host/**********``, or stars and the last four characters.
        secret: What it should be.
    """
    if "*" not in masked:
        return masked != secret
    if "://" in masked:
        return _host(masked) != _host(secret)
    return not secret.endswith(masked.rpartition("*")[2])


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""
