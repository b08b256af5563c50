"""Sending one body to a webhook: once, within bounds, and telling nothing of where it leads."""

from __future__ import annotations

import contextlib
import logging
import re
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote, urlsplit

import orjson
import requests
from requests.auth import AuthBase, HTTPBasicAuth

from telemetry.sync.waiting import parse_retry_after

if TYPE_CHECKING:
    from datetime import datetime

    from telemetry.emulator.management.bodies import Content

# What urllib3 logs has addresses in it: each request, and a header that it cannot read.
logging.getLogger("urllib3").setLevel(logging.CRITICAL)

_HEADERS: Final = {
    "Content-Type": "application/json",
    "User-Agent": "mystage-alerts",
    # Of an answer only the beginning is read: nothing is to be unpacked for it.
    "Accept-Encoding": "identity",
}
_CONNECT_SECONDS: Final = 10.0
_READ_SECONDS: Final = 10.0
_ANSWER_SECONDS: Final = 20.0
_CHUNK: Final = 4096
_MOST_BYTES: Final = 65_536
MOST_TOLD: Final = 500
"""How many characters of an answer are kept."""

_RETRIABLE: Final = frozenset({408, 425, 429})
_FIRST_REDIRECT: Final = 300
_SERVER_ERROR: Final = 500
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_TELLING: Final = 4
"""Characters from which on a part of an address is taken for a secret."""
_TOLD_BY: Final = 8
"""Characters of a part that tell that it is repeated."""

_REASONS: Final = {
    "refused": "nothing listens there",
    "resolve": "there is no such host",
    "getaddrinfo": "there is no such host",
}
"""What words of an error's text mean: it is not told itself."""

_CUT: Final = (
    requests.ConnectionError,
    requests.exceptions.ChunkedEncodingError,
    ConnectionError,
)

CONCEALED: Final = "(not kept: it repeats the address)"


@dataclass(frozen=True, slots=True)
class Answer:
    """Hold what came of sending.

    Attributes:
        status: Of HTTP; None where there was no answer.
        text: How the answer begins.
        error: Why there was none.
        retry_after: How many seconds the receiver wants to be left alone.
    """

    status: int | None
    text: str | None = None
    error: str | None = None
    retry_after: float | None = None

    @property
    def is_delivered(self) -> bool:
        """Whether the receiver has taken it."""
        return self.status is not None and requests.codes.ok <= self.status < _FIRST_REDIRECT

    @property
    def may_be_tried_again(self) -> bool:
        """Whether it may be taken another time."""
        return self.status is None or self.status in _RETRIABLE or self.status >= _SERVER_ERROR


class _NoLogin(AuthBase):
    """Keep ``~/.netrc`` out: what it says is not for webhooks."""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        return request


def post(url: str, body: Content, now: datetime) -> Answer:
    """Send a body as JSON and return what came of it; redirections are not followed.

    Args:
        url: Where to.
        body: What.
        now: The time, which ``Retry-After`` may refer to.
    """
    try:
        with (
            requests.Session() as session,
            contextlib.closing(
                session.post(
                    url,
                    data=orjson.dumps(body),
                    headers=_HEADERS,
                    auth=_login(url),
                    timeout=(_CONNECT_SECONDS, _READ_SECONDS),
                    allow_redirects=False,
                    stream=True,
                )
            ) as response,
        ):
            retry_after = parse_retry_after(response.headers.get("Retry-After"), now)
            return Answer(response.status_code, _read(response, url), None, retry_after)
    # Every error of requests is an OSError; a host that cannot be encoded is a ValueError.
    except (OSError, ValueError) as error:
        return Answer(None, None, _reason(error))


def _login(url: str) -> AuthBase:
    parts = urlsplit(url)
    if parts.username is None:
        return _NoLogin()
    return HTTPBasicAuth(unquote(parts.username), unquote(parts.password or ""))


def _read(response: requests.Response, url: str) -> str:
    """Return how an answer begins; what it says does not matter, so an answer cut off is one."""
    content = bytearray()
    deadline = time.monotonic() + _ANSWER_SECONDS
    with contextlib.suppress(requests.RequestException):
        for chunk in response.iter_content(_CHUNK):
            content += chunk
            if len(content) > _MOST_BYTES or time.monotonic() > deadline:
                break
    text = bytes(content[:_MOST_BYTES]).decode("utf-8", "replace")
    return CONCEALED if _repeats(text, url) else _CONTROL.sub(" ", text)[:MOST_TOLD].strip()


def _repeats(text: str, url: str) -> bool:
    """Say whether a text has anything of an address in it but its host.

    The beginnings of its parts: who repeats an address may spell it otherwise, or cut it off.
    """
    parts = urlsplit(url)
    words = re.split(r"[/&=]", f"{parts.path}/{parts.query}/{parts.fragment}")
    words += [parts.username or "", parts.password or ""]
    beginnings = {
        spelling[:_TOLD_BY].casefold()
        for word in words
        for spelling in (word, unquote(word))
        if len(spelling) >= _TELLING
    }
    folded = text.casefold()
    return any(each in folded for each in beginnings)


def _reason(error: Exception) -> str:
    """Return in a few words why there was no answer: the error's own may hold the address."""
    match error:
        case requests.ConnectTimeout():
            return f"it cannot be reached within {_CONNECT_SECONDS:.0f} s"
        case requests.Timeout():
            return f"it does not answer within {_READ_SECONDS:.0f} s"
        case requests.exceptions.SSLError():
            return "its certificate is not trusted"
    text = str(error)
    for word, reason in _REASONS.items():
        if word in text:
            return reason
    was_cut = isinstance(error, _CUT)
    return "the connection was cut" if was_cut else type(error).__name__
