"""Who may say that an alert fired.

Logfire's webhook channel has an URL and nothing else, so the secret is a part of it: ``?key=…``. A
caller that can sign does that instead, and then the secret itself does not travel. As Slack and
Stripe do, the time is signed too, so that what was overheard is of no use later
(https://docs.slack.dev/authentication/verifying-requests-from-slack).
"""

from __future__ import annotations

import hashlib
import hmac
import re
from datetime import timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from functions.runtime.deliveries import Answer

if TYPE_CHECKING:
    from datetime import datetime

    from functions.runtime.endpoints import Call
    from functions.runtime.settings import Settings

KEY: Final = "key"
SIGNATURE: Final = "X-Mystage-Signature"
TIMESTAMP: Final = "X-Mystage-Timestamp"
MIN_SECRET: Final = 16
"""Characters: fewer could be guessed."""

_PATIENCE: Final = timedelta(minutes=5)
_SECONDS: Final = re.compile(r"[0-9]{1,12}")
_SCHEME: Final = "sha256="


def sign(secret: str, timestamp: str, body: bytes) -> str:
    """Return the header ``X-Mystage-Signature``.

    Args:
        secret: What both sides know.
        timestamp: The header ``X-Mystage-Timestamp``: seconds since 1970.
        body: Of the request.
    """
    signed = timestamp.encode() + b"." + body
    return _SCHEME + hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()


def refuse_stranger(call: Call, settings: Settings, *, now: datetime) -> Answer | None:
    """Return the refusal of a caller that does not know the secret; None for one that does."""
    secret = settings.alert_webhook_secret.get_secret_value()
    if len(secret) < MIN_SECRET:
        return Answer(
            HTTPStatus.SERVICE_UNAVAILABLE,
            "no alerts are taken: set MYSTAGE_ALERT_WEBHOOK_SECRET, of"
            f" {MIN_SECRET} characters or more, and give the webhook's URL ?{KEY}= and the same",
        )
    signature = call.headers.get(SIGNATURE.lower())
    if signature is not None:
        timestamp = call.headers.get(TIMESTAMP.lower(), "")
        if not _is_recent(timestamp, now):
            return Answer(
                HTTPStatus.UNAUTHORIZED,
                f"{TIMESTAMP} has to be seconds since 1970, of the last five minutes",
            )
        if not _equal(signature, sign(secret, timestamp, call.body)):
            return Answer(HTTPStatus.UNAUTHORIZED, f"{SIGNATURE} is not that of this body")
    elif not _equal(call.query.get(KEY, ""), secret):
        return Answer(
            HTTPStatus.UNAUTHORIZED,
            f"the key is missing or wrong: give it in the URL, as ?{KEY}=, or sign the body",
        )
    return None


def _is_recent(timestamp: str, now: datetime) -> bool:
    if not _SECONDS.fullmatch(timestamp):
        return False
    return abs(now.timestamp() - int(timestamp)) <= _PATIENCE.total_seconds()


def _equal(given: str, expected: str) -> bool:
    """Compare in a time that says nothing of where they differ."""
    return hmac.compare_digest(given.encode(errors="replace"), expected.encode(errors="replace"))
