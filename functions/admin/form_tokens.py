"""Tokens in forms: that a form comes from a page which was shown to whoever sends it.

Beside them, ``SameOrigin`` of the console refuses what a browser says comes from another site.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from functions.admin.identity import Visitor

FIELD: Final = "form_token"


class FormTokens:
    """Make and check tokens, which hold for the day and the next one.

    Args:
        secret: What they are made with; "" for one of this process's own.
    """

    def __init__(self, secret: str = "") -> None:
        self._secret = (secret or secrets.token_urlsafe(32)).encode()

    def make(self, visitor: Visitor) -> str:
        """Return the token of somebody's forms."""
        return self._sign(visitor, _today())

    def holds(self, visitor: Visitor, token: str) -> bool:
        """Tell whether a token is that one's."""
        given = token.encode(errors="replace")
        days = (_today(), _today() - timedelta(days=1))
        return any(hmac.compare_digest(given, self._sign(visitor, day).encode()) for day in days)

    def _sign(self, visitor: Visitor, day: date) -> str:
        signed = f"{visitor.session}\0{visitor.name}\0{day}".encode()
        return hmac.new(self._secret, signed, hashlib.sha256).hexdigest()


def _today() -> date:
    return datetime.now(UTC).date()
