"""Which batches were appended lately, so that one that is sent again is known."""

from __future__ import annotations

import base64
import hashlib
import struct
from collections import OrderedDict
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

MOST: Final = 200_000
"""How many batches are remembered: some 30 MB of memory."""

LONGEST: Final = 24 * 3600 * 1_000_000
"""For how many microseconds. The SDK keeps what it could not send on disk and tries again."""

_MARK: Final = struct.Struct("<q16s")


class Mark(NamedTuple):
    """Hold what is remembered of a batch: when it was appended, in microseconds, and its key."""

    appended: int
    key: bytes


def digest_key(digest: bytes) -> bytes:
    """Return what a batch is remembered by: as long for every digest."""
    return hashlib.blake2b(digest, digest_size=16).digest()


class Digests:
    """Remember the keys of batches: the newest, and none for longer than a day."""

    def __init__(self) -> None:
        self._seen: OrderedDict[bytes, int] = OrderedDict()

    def __contains__(self, key: bytes) -> bool:
        return key in self._seen

    def add(self, marks: Iterable[Mark], now: int) -> None:
        """Remember batches, given in the order they were appended.

        Args:
            marks: Of the batches.
            now: In microseconds since 1970; what is older than a day is forgotten.
        """
        for appended, key in marks:
            self._seen[key] = appended
        while self._seen:
            eldest = next(iter(self._seen.items()))
            if len(self._seen) <= MOST and eldest[1] > now - LONGEST:
                return
            self._seen.popitem(last=False)

    def forget_old(self, marks: Iterable[Mark]) -> list[Mark]:
        """Return those of some marks that are still remembered."""
        return [mark for mark in marks if mark.key in self._seen]


def encode_marks(marks: Iterable[Mark]) -> bytes:
    """Return marks as text, for the metadata of a Parquet file."""
    return base64.b64encode(b"".join(_MARK.pack(*mark) for mark in marks))


def decode_marks(text: bytes) -> list[Mark]:
    """Return the marks of such a text.

    Raises:
        ValueError: It is none.
    """
    data = base64.b64decode(text, validate=True)
    if len(data) % _MARK.size:
        raise ValueError(f"{len(data)} bytes are no marks of {_MARK.size} bytes each")
    return [Mark(*each) for each in _MARK.iter_unpack(data)]
