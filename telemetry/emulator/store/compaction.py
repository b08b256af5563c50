"""Which segments to merge, so that a table has few and large ones and no row is rewritten often."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from telemetry.emulator.store.options import StoreOptions
    from telemetry.emulator.store.segments import Segment

# A segment at least this share of the largest size stays as it is.
_LARGE: Final = 0.5


def plan_merge(
    segments: Sequence[Segment], options: StoreOptions, *, eager: bool = False
) -> list[Segment]:
    """Choose neighbours to be merged, the smallest first.

    Segments of about the same size are merged ``fan_in`` at a time: a row is then rewritten a
    number of times that grows with the logarithm of the table only.

    Args:
        segments: The table's, in order.
        options: The sizes.
        eager: Whether two are enough.

    Returns:
        The neighbours; nothing when nothing is to do.
    """
    fan_in = 2 if eager else options.fan_in
    for limit in _size_limits(options, eager=eager):
        for run in _runs(segments, limit):
            chosen = _fitting(run, options.segment_rows)
            full = len(chosen) < len(run)
            if len(chosen) >= fan_in or (full and len(chosen) > 1):
                return chosen
    return []


def plan_backfill(segments: Sequence[Segment], keys: Collection[str]) -> Segment | None:
    """Choose a segment that lacks the column of a hot attribute; None when none does."""
    return next((each for each in segments if not each.keys.issuperset(keys)), None)


def _size_limits(options: StoreOptions, *, eager: bool) -> list[float]:
    """Return below how many rows segments count as alike, the smallest first."""
    limits = [options.segment_rows * _LARGE]
    while limits[0] > 1 and not eager:
        limits.insert(0, limits[0] / options.fan_in)
    return limits


def _runs(segments: Sequence[Segment], limit: float) -> list[list[Segment]]:
    """Return the longest rows of neighbours that are all smaller than a limit."""
    runs: list[list[Segment]] = [[]]
    for segment in segments:
        if segment.rows < limit:
            runs[-1].append(segment)
        elif runs[-1]:
            runs.append([])
    return [run for run in runs if run]


def _fitting(run: Sequence[Segment], most: int) -> list[Segment]:
    chosen: list[Segment] = []
    rows = 0
    for segment in run:
        rows += segment.rows
        if rows > most:
            break
        chosen.append(segment)
    return chosen
