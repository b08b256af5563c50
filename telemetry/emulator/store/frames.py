"""How the log is cut into frames, so that a torn or damaged one is told from a whole one.

A frame is a header of fixed size and a payload. The header begins with a marker, by which a reader
finds the next frame after a damaged one, and both have a checksum: a damaged length cannot lead
the reader astray, and a flipped bit anywhere is seen.
"""

from __future__ import annotations

import enum
import struct
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

_MARKER: Final = b"\xf1lfwal\r\n"
"""The byte that is no UTF-8 and the line ends show a copy that was made as text."""

_FIELDS: Final = struct.Struct("<8sIIQq16sI")
"""Marker, kind, length of the payload, sequence, time, key, checksum of the payload."""

_CHECKSUM: Final = struct.Struct("<I")
"""Of the fields before it."""

HEADER_SIZE: Final = _FIELDS.size + _CHECKSUM.size


class Kind(enum.IntEnum):
    """Say what a frame's payload is."""

    SCHEMA = 1
    """An Arrow IPC schema message, of all batches in the file."""
    BATCH = 2
    """An Arrow IPC record batch message."""


_KINDS: Final = frozenset(kind.value for kind in Kind)


@dataclass(frozen=True, slots=True)
class Frame:
    """Hold one frame.

    Attributes:
        kind: What the payload is.
        sequence: The batch's number, rising throughout the table's life.
        appended: When it was appended, in microseconds since 1970.
        key: What tells whether a batch is the same as another.
        payload: The message.
    """

    kind: Kind
    sequence: int
    appended: int
    key: bytes
    payload: Any


@dataclass(frozen=True, slots=True)
class Fault:
    """Tell where bytes are that make no frame.

    Attributes:
        offset: Where in the file.
        size: How many bytes.
        torn: Whether the file simply ends within a frame, as it does when a write was cut off.
    """

    offset: int
    size: int
    torn: bool


def frame_header(frame: Frame, payload_checksum: int) -> bytes:
    """Return what comes before a frame's payload."""
    fields = _FIELDS.pack(
        _MARKER,
        frame.kind,
        len(frame.payload),
        frame.sequence,
        frame.appended,
        frame.key,
        payload_checksum,
    )
    return fields + _CHECKSUM.pack(zlib.crc32(fields))


def scan_frames(data: bytes) -> Iterator[Frame | Fault]:
    """Yield every whole frame of a file, in order, and what lies between them.

    Args:
        data: The file's content. Payloads are views of it.
    """
    offset = 0
    while offset < len(data):
        found = _read_frame(data, offset)
        if isinstance(found, Frame):
            yield found
            offset += HEADER_SIZE + len(found.payload)
            continue
        following = _find_frame(data, offset + 1)
        torn = found and following == len(data)
        yield Fault(offset, following - offset, torn)
        offset = following


def _read_frame(data: bytes, offset: int) -> Frame | bool:
    """Return the frame at an offset; else whether it is just cut off."""
    header = data[offset : offset + HEADER_SIZE]
    if len(header) < HEADER_SIZE:
        return _MARKER.startswith(header[: len(_MARKER)])
    fields = header[: _FIELDS.size]
    marker, kind, length, sequence, appended, key, checksum = _FIELDS.unpack(fields)
    if marker != _MARKER or _CHECKSUM.unpack(header[_FIELDS.size :]) != (zlib.crc32(fields),):
        return False
    begin = offset + HEADER_SIZE
    if len(data) - begin < length:
        return True
    payload = memoryview(data)[begin : begin + length]
    if zlib.crc32(payload) != checksum or kind not in _KINDS:
        return False
    return Frame(Kind(kind), sequence, appended, key, payload)


def _find_frame(data: bytes, offset: int) -> int:
    """Return where the next whole frame begins, or the end."""
    while (offset := data.find(_MARKER, offset)) >= 0:
        if isinstance(_read_frame(data, offset), Frame):
            return offset
        offset += 1
    return len(data)
