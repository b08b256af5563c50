"""Read and unpack request bodies within bounds: every byte of them is a stranger's."""

from __future__ import annotations

import asyncio
import zlib
from typing import TYPE_CHECKING, Final

import pyarrow as pa

from telemetry.emulator.http.refusals import Refusal

if TYPE_CHECKING:
    from starlette.requests import Request

MAX_BODY: Final = 32 * 2**20
"""Bytes of a body, before and after unpacking. Logfire's SDK splits what exceeds 5 MiB."""

_PATIENCE: Final = 30.0
"""Seconds in which a body must have arrived."""

_ZLIB_OR_GZIP: Final = 32 + zlib.MAX_WBITS
"""Tells zlib to find out by the header (https://docs.python.org/3/library/zlib.html)."""


class MemoryBudget:
    """Bound the memory of all bodies that are being read or worked on.

    Args:
        total: Bytes.
    """

    def __init__(self, total: int) -> None:
        self._left = total

    def take(self, size: int) -> None:
        """Take some of it.

        Raises:
            Refusal: There is not so much left; the client is to come again.
        """
        if size > self._left:
            raise Refusal(503, "too much is being sent at once; send it again", retry_after=1)
        self._left -= size

    def give_back(self, size: int) -> None:
        """Give back what was taken."""
        self._left += size


async def read_body(request: Request, budget: MemoryBudget, *, limit: int = MAX_BODY) -> bytes:
    """Read a body; the caller gives its length back to the budget.

    Raises:
        Refusal: It is too long, too slow, or too much beside the others.
    """
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > limit:
        raise _too_large(limit)
    body = bytearray()
    try:
        async with asyncio.timeout(_PATIENCE):
            async for chunk in request.stream():
                budget.take(len(chunk))
                body += chunk
                _check_size(len(body), limit)
    except TimeoutError:
        budget.give_back(len(body))
        raise Refusal(408, f"the body did not arrive within {_PATIENCE:.0f} s") from None
    except BaseException:
        budget.give_back(len(body))
        raise
    return bytes(body)


def unpack(body: bytes, encoding: str, *, limit: int = MAX_BODY) -> bytes:
    """Undo a body's ``Content-Encoding``: gzip, deflate, zstd or none.

    Raises:
        Refusal: It is of another encoding, damaged, or unpacks to more than ``limit`` bytes.
    """
    match encoding.strip().lower():
        case "" | "identity":
            return body
        case "gzip" | "x-gzip" | "deflate":
            return _inflate(body, limit)
        case "zstd":
            return _unpack_zstd(body, limit)
    raise Refusal(
        415, f"Content-Encoding {encoding!r} is not supported: use gzip, deflate, zstd or none"
    )


def _inflate(body: bytes, limit: int) -> bytes:
    parts: list[bytes] = []
    left = limit
    rest = body
    try:
        while rest or not parts:
            # A gzip file may consist of several members, one after the other.
            member = zlib.decompressobj(_ZLIB_OR_GZIP)
            parts.append(member.decompress(rest, left + 1))
            left -= len(parts[-1])
            _check_size(limit - left, limit)
            _check_end(member)
            rest = member.unused_data
    except zlib.error as error:
        raise Refusal(400, f"the body is not valid gzip or deflate: {error}") from error
    return parts[0] if len(parts) == 1 else b"".join(parts)


def _unpack_zstd(body: bytes, limit: int) -> bytes:
    try:
        with pa.CompressedInputStream(pa.BufferReader(body), "zstd") as stream:
            unpacked: bytes = stream.read(limit + 1)
    except OSError as error:
        raise Refusal(400, f"the body is not valid zstd: {error}") from error
    _check_size(len(unpacked), limit)
    return unpacked


def _check_size(size: int, limit: int) -> None:
    if size > limit:
        raise _too_large(limit)


def _check_end(member: zlib._Decompress) -> None:
    if not member.eof:
        raise Refusal(400, "the compressed body ends too early")


def _too_large(limit: int) -> Refusal:
    return Refusal(413, f"the body is larger than {limit} bytes; send fewer items at a time")
