"""The write-ahead log: what was acknowledged and is in no segment yet.

A file begins with the schema of all its batches, twice, so that a single damaged place does not
make it unreadable; batches follow. Record batches are Arrow IPC messages
(https://arrow.apache.org/docs/format/Columnar.html#encapsulated-message-format), each in a frame.
"""

from __future__ import annotations

import contextlib
import os
import re
import struct
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa

from telemetry.emulator.arrow import JSON_METADATA
from telemetry.emulator.store.files import sync_content, sync_folder
from telemetry.emulator.store.frames import Fault, Frame, Kind, frame_header, scan_frames

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

_NAME: Final = re.compile(r"(\d{12})\.log")
# Not compressed: the rows are then read where they lie, and a log lives for seconds only.
_OPTIONS: Final = pa.ipc.IpcWriteOptions(use_threads=False)
_MESSAGE_HEAD: Final = struct.Struct("<Ii")
_NO_KEY: Final = bytes(16)
# Linux takes 1,024 pieces in one call (IOV_MAX).
_PIECES: Final = 1_000
# Bytes of a file in which its schemas are.
_BEGINNING: Final = 2**20


@dataclass(frozen=True, slots=True)
class Message:
    """Hold a batch as it goes into the log."""

    key: bytes
    payload: Any
    checksum: int

    @staticmethod
    def of(key: bytes, rows: pa.RecordBatch) -> Message:
        """Encode rows; their schema is that of the log."""
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, rows.schema, options=_OPTIONS) as stream:
            stream.write_batch(rows)
            end = sink.tell()
        written = sink.getvalue()
        # The schema's message comes first: a mark, the length of its metadata, and no body.
        _, metadata = _MESSAGE_HEAD.unpack_from(written)
        payload = written[_MESSAGE_HEAD.size + metadata : end]
        return Message(key, payload, zlib.crc32(payload))


@dataclass(frozen=True, slots=True)
class LoggedBatch:
    """Hold a batch as the log gives it back."""

    sequence: int
    appended: int
    key: bytes
    rows: pa.RecordBatch


@dataclass(frozen=True, slots=True)
class LogContent:
    """Hold all that a log file gives back.

    Attributes:
        schema: Of the batches; None where no readable batch needs it.
        batches: Those that are whole, in order.
        faults: Places that make no batch.
    """

    schema: pa.Schema | None
    batches: list[LoggedBatch]
    faults: list[Fault]


class Log:
    """Write a new log file.

    Args:
        folder: Where it goes.
        sequence: The number of the first batch it may hold; names the file.
        schema: Of all its batches.

    Raises:
        OSError: The disk refuses; no file is left then.
    """

    def __init__(self, folder: Path, sequence: int, schema: pa.Schema) -> None:
        self.sequence = sequence
        self.path = folder / f"{sequence:012d}.log"
        self._end = 0
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        self._descriptor = os.open(self.path, flags, 0o644)
        try:
            payload = schema.serialize()
            frame = Frame(Kind.SCHEMA, sequence, 0, _NO_KEY, payload)
            header = frame_header(frame, zlib.crc32(payload))
            self._write([header, payload, header, payload])
            sync_folder(folder)
        except BaseException:
            os.close(self._descriptor)
            with contextlib.suppress(FileNotFoundError):
                self.path.unlink()
            raise

    def append(self, messages: Iterable[Message], sequence: int, appended: int) -> int:
        """Add batches and see them on the disk, all with one call to it.

        Args:
            messages: The batches.
            sequence: The number of the first; the others count on from it.
            appended: When, in microseconds since 1970.

        Returns:
            How many bytes that took.

        Raises:
            OSError: The disk refuses; none of them is in the log then.
        """
        pieces: list[Any] = []
        for number, message in enumerate(messages, sequence):
            frame = Frame(Kind.BATCH, number, appended, message.key, message.payload)
            pieces += (frame_header(frame, message.checksum), message.payload)
        return self._write(pieces)

    def close(self) -> None:
        """Give the file free."""
        os.close(self._descriptor)

    def _write(self, pieces: Sequence[Any]) -> int:
        begin = self._end
        try:
            end = begin
            for first in range(0, len(pieces), _PIECES):
                end = _write_fully(self._descriptor, pieces[first : first + _PIECES], end)
            sync_content(self._descriptor)
        except OSError:
            # The next batch goes to the same place. Where even this fails it overwrites what is
            # there, and a reader takes the rest for what it is: no batch, or one not acknowledged.
            with contextlib.suppress(OSError):
                os.ftruncate(self._descriptor, begin)
            raise
        self._end = end
        return end - begin


def _write_fully(descriptor: int, pieces: Sequence[Any], offset: int) -> int:
    """Write pieces one behind the other and return where they end; a disk may take only some."""
    waiting = [memoryview(piece) for piece in pieces]
    while waiting:
        written = os.pwritev(descriptor, waiting, offset)
        offset += written
        while waiting and written >= waiting[0].nbytes:
            written -= waiting.pop(0).nbytes
        if waiting:
            waiting[0] = waiting[0][written:]
    return offset


def list_logs(folder: Path) -> list[Path]:
    """Return a table's log files, the oldest first."""
    return sorted(path for path in folder.iterdir() if _NAME.fullmatch(path.name))


def first_sequence(path: Path) -> int:
    """Return the number of the first batch that a log file may hold."""
    return int(path.name.partition(".")[0])


def read_log(path: Path) -> LogContent:
    """Read a log file as far as it can be read.

    Raises:
        OSError: The disk refuses.
    """
    schema: pa.Schema | None = None
    frames: list[Frame] = []
    faults: list[Fault] = []
    for found in scan_frames(path.read_bytes()):
        if isinstance(found, Fault):
            faults.append(found)
        elif found.kind is Kind.BATCH:
            frames.append(found)
        elif schema is None:
            schema = plain_schema(pa.ipc.read_schema(pa.py_buffer(found.payload)))
    if schema is None and frames:
        return LogContent(None, [], [*faults, Fault(0, path.stat().st_size, torn=False)])
    batches = [
        LoggedBatch(
            frame.sequence,
            frame.appended,
            frame.key,
            pa.ipc.read_record_batch(pa.py_buffer(frame.payload), schema),
        )
        for frame in frames
    ]
    return LogContent(schema, batches, faults)


def read_log_schema(path: Path) -> pa.Schema | None:
    """Return the schema of a log file's batches; None where it cannot be read.

    Raises:
        OSError: The disk refuses.
    """
    with path.open("rb") as file:
        beginning = file.read(_BEGINNING)
    for found in scan_frames(beginning):
        if isinstance(found, Frame) and found.kind is Kind.SCHEMA:
            return plain_schema(pa.ipc.read_schema(pa.py_buffer(found.payload)))
    return None


def plain_schema(schema: pa.Schema) -> pa.Schema:
    """Return a schema as the tables have it, where pyarrow made extension types of fields.

    It does so on reading for those marked as JSON, and drops the mark.
    """
    return pa.schema([_plain_field(field) for field in schema])


def _plain_field(field: pa.Field) -> pa.Field:
    if not isinstance(field.type, pa.BaseExtensionType):
        return field
    return pa.field(field.name, field.type.storage_type, field.nullable, JSON_METADATA)
