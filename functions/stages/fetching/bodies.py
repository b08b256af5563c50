"""Bodies of responses: never longer than allowed, never cut short, in plain bytes."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

from functions.errors import PermanentError, RetryableError
from functions.stages.fetching.verdicts import named_failures

if TYPE_CHECKING:
    import requests

    from functions.stages.fetching.connections import Allowance

# What is asked for with Accept-Encoding. Undone here, because urllib3 takes a truncated gzip
# stream for a whole one and passes on as it is what it cannot decode.
ACCEPTED_CODINGS = "gzip, deflate"

_GZIP = frozenset({"gzip", "x-gzip"})  # https://www.rfc-editor.org/rfc/rfc9110#section-8.4.1.3
_GZIP_MAGIC = b"\x1f\x8b"
_PIECE = 64 * 1024
# A gzip body may be several streams in a row; a million empty ones would only burn time.
_MAX_GZIP_STREAMS = 1024


class _MalformedError(ValueError):
    """The bytes are not what the content coding says."""


class _TruncatedError(ValueError):
    """The bytes end before the content coding does."""


class _TooLargeError(ValueError):
    """The plain bytes are more than allowed."""


def read_body(response: requests.Response, allowance: Allowance) -> bytes:
    """Read a response to its end and undo its content encoding.

    Args:
        response: Opened with ``stream=True``, unread.
        allowance: Of the fetch, for its URL and limits.

    Raises:
        PermanentError: The body is too large, as sent or as decoded, or wrongly encoded.
        RetryableError: It ends too early or comes too slowly.
    """
    limit = allowance.policy.max_bytes
    coding = _content_coding(response, allowance)
    declared = response.headers.get("Content-Length", "").lstrip("0")
    if declared.isdecimal() and (len(declared) > len(str(limit)) or int(declared) > limit):
        raise _too_large(allowance, "its body is declared as larger")
    received = bytearray()
    with named_failures(allowance):
        for piece in response.raw.stream(_PIECE, decode_content=False):
            received += piece
            if len(received) > limit:
                raise _too_large(allowance, "its body is larger")
    if coding is None or not received:
        return bytes(received)
    try:
        return decode(received, coding, limit=limit)
    except _TooLargeError:
        raise _too_large(allowance, f"its {coding} body is larger when decoded") from None
    except _TruncatedError:
        raise RetryableError(f"{allowance.what}: its {coding} body ends too early") from None
    except _MalformedError:
        raise PermanentError(
            f"{allowance.what}: its body is declared as {coding} but is not. "
            "Tell the site's owner, or remove the source"
        ) from None


def decode(data: bytes | bytearray, coding: str, *, limit: int) -> bytes:
    """Undo gzip or deflate, at no point holding more than the limit allows.

    Args:
        data: The whole body as sent; not empty.
        coding: A content coding among `ACCEPTED_CODINGS`, or x-gzip.
        limit: The most plain bytes to give.

    Raises:
        ValueError: The bytes are malformed, cut short, or too many; each a subclass of its own.
    """
    stream = _new_stream(data, coding)
    streams = 1
    plain = bytearray()
    view = memoryview(data)
    position = 0
    while position < len(data):
        piece = view[position : position + _PIECE]
        try:
            plain += stream.decompress(piece, limit - len(plain) + 1)
        except zlib.error as error:
            raise _MalformedError from error
        if len(plain) > limit:
            raise _TooLargeError
        position += len(piece) - len(stream.unconsumed_tail) - len(stream.unused_data)
        if not stream.eof:
            continue
        if coding not in _GZIP or bytes(view[position : position + 2]) != _GZIP_MAGIC:
            # Servers pad gzip with zeros or worse; browsers ignore it.
            return bytes(plain)
        streams += 1
        if streams > _MAX_GZIP_STREAMS:
            raise _MalformedError
        stream = _new_stream(data, coding)
    if not stream.eof:
        raise _TruncatedError
    return bytes(plain)


def _new_stream(data: bytes | bytearray, coding: str) -> zlib._Decompress:
    if coding in _GZIP:
        return zlib.decompressobj(16 + zlib.MAX_WBITS)
    # "deflate" means zlib's format (RFC 9110 section 8.4.1.2), yet some servers leave its header
    # out. A header is told by its check bits: https://www.rfc-editor.org/rfc/rfc1950#section-2.2
    has_header = data[0] & 0x0F == zlib.DEFLATED and int.from_bytes(data[:2], "big") % 31 == 0
    return zlib.decompressobj(zlib.MAX_WBITS if has_header else -zlib.MAX_WBITS)


def _content_coding(response: requests.Response, allowance: Allowance) -> str | None:
    transfer = response.headers.get("Transfer-Encoding", "").strip().lower()
    if transfer not in {"", "chunked", "identity"}:
        raise _unknown_coding(allowance, "transfer")
    declared = response.headers.get("Content-Encoding", "").lower().split(",")
    codings = [each.strip() for each in declared if each.strip() not in {"", "identity"}]
    if not codings:
        return None
    if len(codings) > 1 or codings[0] not in _GZIP | {"deflate"}:
        raise _unknown_coding(allowance, "content")
    return codings[0]


def _unknown_coding(allowance: Allowance, which: str) -> PermanentError:
    return PermanentError(
        f"{allowance.what}: the server used a {which} coding that was not asked for; understood "
        f"is {ACCEPTED_CODINGS}. Tell the site's owner, or remove the source"
    )


def _too_large(allowance: Allowance, how: str) -> PermanentError:
    return PermanentError(
        f"{allowance.what}: {how} than {allowance.policy.max_bytes} bytes. "
        "Raise FetchPolicy.max_bytes if the page is worth it"
    )
