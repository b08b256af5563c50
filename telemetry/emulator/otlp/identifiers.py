"""Ids of traces and spans: in lower-case hexadecimal, and made up where OTLP has none.

https://opentelemetry.io/docs/specs/otel/trace/api/#spancontext
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

TRACE_ID_BYTES: Final = 16
SPAN_ID_BYTES: Final = 8


def is_id(raw: bytes, size: int) -> bool:
    """Tell whether these bytes are an id: of the right length, and not all zero."""
    return len(raw) == size and any(raw)


def are_ids(raws: Iterable[bytes], size: int) -> bool:
    """Tell whether all of them are ids."""
    distinct = set(raws)
    return {len(raw) for raw in distinct} <= {size} and bytes(size) not in distinct


def to_hex(raw: bytes, size: int) -> str | None:
    """Return an id as the columns hold it, or None if these bytes are none."""
    return raw.hex() if is_id(raw, size) else None


def to_hexes(raws: Sequence[bytes], size: int) -> list[str | None]:
    """Return many ids so, faster where each is valid or empty, as nearly always."""
    distinct = set(raws)
    if {len(raw) for raw in distinct} <= {0, size} and bytes(size) not in distinct:
        return [raw.hex() or None for raw in raws]
    return [to_hex(raw, size) for raw in raws]


def make_id(size: int, *parts: bytes) -> str:
    """Return an id that is the same whenever the parts are, and else a different one."""
    return hashlib.blake2b(b"".join(parts), digest_size=size).hexdigest()


def number(index: int) -> bytes:
    """Return an index as a part of an id."""
    return index.to_bytes(8, "big")
