"""Which failures are worth another attempt: the table of `docs/fetching.md` as code."""

from __future__ import annotations

import re
import ssl
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from http.client import HTTPException, IncompleteRead, RemoteDisconnected
from typing import TYPE_CHECKING

import requests
import urllib3

from functions.errors import HandlerError, PermanentError, RetryableError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from functions.stages.fetching.connections import Allowance

# 202: the page is being made. 408, 425, 429: RFC 9110 section 15.5.9, RFC 8470, RFC 6585.
# 304: nobody asked whether the page changed, so a cache on the way is confused.
_RETRYABLE_STATUSES = frozenset({202, 304, 408, 425, 429})
_SERVER_ERRORS = range(500, 600)

_ADVICE = {
    401: "The page needs a log-in, which is not supported; remove the source",
    403: "The site does not want to be read by programs; ask its owner, or remove the source",
    404: "The page is gone or never was; check the address, or remove the source",
    406: "The site does not offer the page as HTML, XML or JSON; remove the source",
    410: "The page is gone for good; remove the source",
    451: "The page is withheld for legal reasons; remove the source",
}
_DEFAULT_ADVICE = "Open the address in a browser and correct the source, or remove it"

_SECONDS = re.compile(r"[0-9]+")
# 30 years: more than any bound put on it, and few enough digits to be read quickly.
_MAX_SECONDS_DIGITS = 9

# requests' and urllib3's errors are no PipelineErrors, so ours pass through untouched. A negative
# chunk size, for one, ends in a ValueError.
_LIBRARY_ERRORS = (OSError, urllib3.exceptions.HTTPError, HTTPException, ValueError)
_TIMEOUTS = (TimeoutError, requests.exceptions.Timeout, urllib3.exceptions.TimeoutError)


def status_error(allowance: Allowance, status: int, headers: Mapping[str, str]) -> HandlerError:
    """Judge an answer that is neither a page, a redirect nor an expected "not modified".

    Args:
        allowance: Of the fetch, for its URL and limits.
        status: The HTTP status.
        headers: The response's headers, found whatever their case.
    """
    what = f"{allowance.what}: the server answered {_named(status)}"
    if status not in _RETRYABLE_STATUSES and status not in _SERVER_ERRORS:
        return PermanentError(f"{what}. {_ADVICE.get(status, _DEFAULT_ADVICE)}")
    after = parse_retry_after(headers.get("Retry-After", ""), now=datetime.now(UTC))
    if after is None:
        return RetryableError(what)
    after = min(after, allowance.policy.max_retry_after)
    return RetryableError(f"{what}; it asks for a pause of {after}", after=after)


def parse_retry_after(value: str, *, now: datetime) -> timedelta | None:
    """Read a Retry-After header (https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3).

    Args:
        value: The header: seconds or an HTTP date. Anything at all.
        now: What a date is compared with; aware.

    Returns:
        The wait, never below zero and not yet bounded; None if there is none to be read.
    """
    value = value.strip()
    if _SECONDS.fullmatch(value):
        sane = len(value) <= _MAX_SECONDS_DIGITS
        return timedelta(seconds=int(value) if sane else 10**_MAX_SECONDS_DIGITS)
    try:
        date = parsedate_to_datetime(value)
        if date.tzinfo is None:
            date = date.replace(tzinfo=UTC)
        return max(date - now, timedelta(0))
    except (IndexError, OverflowError, TypeError, ValueError):
        # The standard library's parser was written for mail: malformed dates end in all of these.
        return None


@contextmanager
def named_failures(allowance: Allowance) -> Iterator[None]:
    """Turn what the HTTP libraries raise inside into a verdict with a message of our own.

    Raises:
        RetryableError: Another attempt may succeed.
        PermanentError: It would fail the same way.
    """
    try:
        yield
    except _LIBRARY_ERRORS as error:
        # Not chained: the libraries' messages, and so tracebacks, hold the URL with its secrets.
        raise transport_error(allowance, error) from None


def transport_error(allowance: Allowance, error: Exception) -> HandlerError:
    """Judge what went wrong before a whole answer was there.

    Args:
        allowance: Of the fetch, for its URL and limits.
        error: What `requests`, `urllib3`, `http.client` or a socket raised.
    """
    what = allowance.what
    cause = _cause(error)
    match cause:
        case _ if isinstance(error, _TIMEOUTS) or isinstance(cause, _TIMEOUTS):
            policy = allowance.policy
            if allowance.is_out_of_time:
                limit = f"took longer than {policy.total_timeout:g} s in total"
            else:
                limits = f"{policy.connect_timeout:g} s to connect, {policy.read_timeout:g} s after"
                limit = f"was silent for too long ({limits})"
            return RetryableError(f"{what}: the server {limit}")
        case ssl.SSLCertVerificationError():
            return PermanentError(
                f"{what}: the server's certificate is not valid ({cause.verify_message}). "
                "Tell the site's owner; its pages cannot be trusted until then"
            )
        case ssl.SSLError():
            reason = cause.reason or "connection closed"
            return RetryableError(f"{what}: TLS failed ({reason})")
        case OSError():
            reason = cause.strerror or "closed by the server"
            return RetryableError(f"{what}: the connection broke ({reason})")
        case IncompleteRead() | urllib3.exceptions.ProtocolError() if not isinstance(
            cause, urllib3.exceptions.InvalidChunkLength
        ):
            return RetryableError(f"{what}: the answer ends too early")
        case _:
            return PermanentError(
                f"{what}: what answers there does not speak proper HTTP ({type(cause).__name__}). "
                "Check the address and its port"
            )


def is_dropped(error: Exception) -> bool:
    """Tell whether a server closed the connection without having said a word."""
    return isinstance(_cause(error), RemoteDisconnected | ConnectionResetError | BrokenPipeError)


def _named(status: int) -> str:
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return f"{status}, which is no status that HTTP knows"


def _cause(error: Exception) -> Exception:
    """Unwrap what requests and urllib3 wrap.

    Not by ``__context__``: that also holds what the caller was handling when it called.
    """
    while True:
        reason = getattr(error, "reason", None)
        inner = next((x for x in (reason, *reversed(error.args)) if isinstance(x, Exception)), None)
        if inner is None:
            return error
        error = inner
