"""Which segments have expired: whole ones, the oldest first."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from telemetry.emulator.store.options import StoreOptions
    from telemetry.emulator.store.segments import Segment


def expired(segments: Sequence[Segment], options: StoreOptions, now: int) -> list[Segment]:
    """Return the segments to be dropped.

    Args:
        segments: The table's.
        options: For how long, and up to which size, they are kept.
        now: In microseconds since 1970.
    """
    by_age = sorted(segments, key=lambda segment: segment.newest)
    doomed: list[Segment] = []
    left = sum(segment.size for segment in segments)
    for segment in by_age:
        too_old = (
            options.retention_age is not None
            and segment.newest < now - options.retention_age // timedelta(microseconds=1)
        )
        too_much = options.retention_bytes is not None and left > options.retention_bytes
        if not too_old and not too_much:
            break
        doomed.append(segment)
        left -= segment.size
    return doomed
