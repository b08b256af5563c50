"""Firestore's order of values, as bytes that compare the same way.

The order: https://firebase.google.com/docs/firestore/manage-data/data-types#value_type_ordering.
Bytes, so that an ordinary index keeps it and a range of values is a range of keys.
"""

from __future__ import annotations

import math
import struct
from datetime import datetime
from typing import Any, Final

from functions.runtime.store.encoding import to_microseconds

# One leading byte for each type, in Firestore's order. Even, so that the next odd number is an
# upper bound of all that begin with it; above the terminator, so that a shorter list comes first.
_NULL: Final = 0x02
_BOOL: Final = 0x04
_NUMBER: Final = 0x06
_TIME: Final = 0x08
_STRING: Final = 0x0A
_BYTES: Final = 0x0C
_LIST: Final = 0x0E
_MAP: Final = 0x10

_TERMINATOR: Final = b"\x00\x01"
_ESCAPED_ZERO: Final = b"\x00\xff"
_SIGN: Final = 1 << 63
_ALL_BITS: Final = (1 << 64) - 1
_DOUBLE: Final = struct.Struct(">d")
_NAN: Final = bytes(10)
"""Below every number: not even the lowest one is all zeros."""


def sort_key(value: object) -> bytes:
    """Return bytes that compare as Firestore compares values.

    Two keys are equal exactly where Firestore holds the values equal: ``1`` and ``1.0`` are, and
    ``-0.0`` and ``0``, but not ``1`` and ``True``. Never one a prefix of another.

    Args:
        value: What a field can hold.
    """
    if value is None:
        return bytes((_NULL,))
    if isinstance(value, bool):
        return bytes((_BOOL, value))
    if isinstance(value, str):
        return bytes((_STRING,)) + _delimited(value.encode())
    return _sort_key_of_others(value)


def _sort_key_of_others(value: Any) -> bytes:
    if isinstance(value, datetime):
        return bytes((_TIME,)) + (to_microseconds(value) + _SIGN).to_bytes(8, "big")
    if isinstance(value, int | float):
        return bytes((_NUMBER,)) + _number(value)
    if isinstance(value, bytes):
        return bytes((_BYTES,)) + _delimited(value)
    if isinstance(value, list):
        return bytes((_LIST,)) + b"".join(map(sort_key, value)) + _TERMINATOR
    pairs = (sort_key(name) + sort_key(each) for name, each in sorted(value.items()))
    return bytes((_MAP,)) + b"".join(pairs) + _TERMINATOR


def type_bounds(key: bytes) -> tuple[bytes, bytes]:
    """Return the bounds of the keys of a key's type: the first included, the second not."""
    return bytes((key[0],)), bytes((key[0] + 1,))


def _delimited(content: bytes) -> bytes:
    return content.replace(b"\x00", _ESCAPED_ZERO) + _TERMINATOR


def _number(value: float) -> bytes:
    """Order integers and doubles among each other exactly.

    The nearest double first, then what it leaves of an integer: at most 512 either way, since the
    doubles next to 2⁶³ are 1,024 apart.
    """
    if math.isnan(value):
        return _NAN
    nearest = float(value) + 0.0  # which makes -0.0 the same as 0.0
    bits = int.from_bytes(_DOUBLE.pack(nearest), "big")
    ordered = bits ^ (_ALL_BITS if bits & _SIGN else _SIGN)
    rest = value - int(nearest) if isinstance(value, int) else 0
    return ordered.to_bytes(8, "big") + (rest + 0x8000).to_bytes(2, "big")
