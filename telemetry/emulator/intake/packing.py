"""Undo a body's ``Content-Encoding``, within bounds: every byte of it is a stranger's."""

from __future__ import annotations

import zlib
from typing import Final

import pyarrow as pa

MAX_BODY: Final = 32 * 2**20
"""Bytes of a body, before and after unpacking. Logfire's SDK splits what exceeds 5 MiB."""

_ZLIB_OR_GZIP: Final = 32 + zlib.MAX_WBITS
"""Tells zlib to find out by the header (https://docs.python.org/3/library/zlib.html)."""


class PackingError(Exception):
    """Say why a body cannot be unpacked.

    Args:
        status: Of HTTP.
        message: What is wrong, and what to do.
    """

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def unpack(body: bytes, encoding: str, *, limit: int = MAX_BODY) -> bytes:
    """Undo a body's ``Content-Encoding``: gzip, deflate, zstd or none.

    Raises:
        PackingError: It is of another encoding, damaged, or unpacks to more than ``limit`` bytes.
    """
    match encoding.strip().lower():
        case "" | "identity":
            return body
        case "gzip" | "x-gzip" | "deflate":
            return _inflate(body, limit)
        case "zstd":
            return _unpack_zstd(body, limit)
    raise PackingError(
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
        raise PackingError(400, f"the body is not valid gzip or deflate: {error}") from error
    return parts[0] if len(parts) == 1 else b"".join(parts)


def _unpack_zstd(body: bytes, limit: int) -> bytes:
    try:
        with pa.CompressedInputStream(pa.BufferReader(body), "zstd") as stream:
            unpacked: bytes = stream.read(limit + 1)
    except OSError as error:
        raise PackingError(400, f"the body is not valid zstd: {error}") from error
    _check_size(len(unpacked), limit)
    return unpacked


def _check_size(size: int, limit: int) -> None:
    if size > limit:
        raise PackingError(413, too_large(limit))


def _check_end(member: zlib._Decompress) -> None:
    if not member.eof:
        raise PackingError(400, "the compressed body ends too early")


def too_large(limit: int) -> str:
    """Return what a client is told whose body is larger than that."""
    return f"the body is larger than {limit} bytes; send fewer items at a time"
