"""Undo a body's ``Content-Encoding``, within bounds: every byte of it is a stranger's."""

from __future__ import annotations

import zlib
from typing import Final

import pyarrow as pa

MAX_BODY: Final = 32 * 2**20
"""Bytes of a body, before and after unpacking. Logfire's SDK splits what exceeds 5 MiB."""

_WINDOW: Final = 64 * 1024
_MAX_MEMBERS: Final = 100

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
    left, offset = limit, 0
    view = memoryview(body)
    # A gzip file may consist of several members, one after the other.
    for _ in range(_MAX_MEMBERS):
        member = zlib.decompressobj(_ZLIB_OR_GZIP)
        while not member.eof:
            # In windows: what is left over is copied, and must not be all of the rest each time.
            window = view[offset : offset + _WINDOW]
            if not window:
                raise PackingError(400, "the compressed body ends too early")
            parts.append(_feed(member, window, left + 1))
            left -= len(parts[-1])
            _check_size(limit - left, limit)
            offset += len(window) - len(member.unused_data)
        if offset == len(view):
            return parts[0] if len(parts) == 1 else b"".join(parts)
    raise PackingError(413, f"the body has more than {_MAX_MEMBERS} gzip members")


def _feed(member: zlib._Decompress, window: memoryview, most: int) -> bytes:
    try:
        return member.decompress(window, most)
    except zlib.error as error:
        raise PackingError(400, f"the body is not valid gzip or deflate: {error}") from error


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


def too_large(limit: int) -> str:
    """Return what a client is told whose body is larger than that."""
    return f"the body is larger than {limit} bytes; send fewer items at a time"
