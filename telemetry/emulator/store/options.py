"""How a store keeps telemetry: when it rolls, merges and drops, and what it shreds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from telemetry import semconv

PIPELINE_KEYS: Final = (
    semconv.STAGE,
    semconv.TASK_TYPE,
    semconv.SERVICE,
    semconv.OUTCOME,
    semconv.ATTEMPT,
    semconv.ERROR_TYPE,
    semconv.MESSAGING_DESTINATION_NAME,
)
"""The attributes of our own pipeline that dashboards and alerts group by."""


@dataclass(frozen=True, slots=True)
class StoreOptions:
    """Hold how a store works; the defaults suit a laptop.

    Attributes:
        tail_rows: How many rows are kept in memory and log before they become a segment.
        tail_bytes: The same in bytes of memory.
        tail_age: How old the first of them may become, so that an idle store ends in Parquet.
        frozen_tails: How many full tails may wait to become segments; then appends wait.
        segment_rows: The most rows of a segment that segments are merged into.
        fan_in: How many neighbouring small segments are merged at a time.
        merge_here_rows: The most rows of a merge that no process is started for.
        busy_rows: How many rows a second put merging off.
        most_segments: How many segments there may be before they are merged all the same.
        hot_keys: Attribute keys that are shredded into columns from the start.
        max_hot_keys: How many more may become hot because they are frequent.
        retention_age: How old the newest row of a segment may become; None for any age.
        retention_bytes: How large a table's segments may be together; None for any size.
    """

    tail_rows: int = 131_072
    tail_bytes: int = 96 * 2**20
    tail_age: timedelta = timedelta(seconds=30)
    frozen_tails: int = 2
    segment_rows: int = 1_048_576
    fan_in: int = 8
    merge_here_rows: int = 65_536
    busy_rows: int = 10_000
    most_segments: int = 64
    hot_keys: tuple[str, ...] = PIPELINE_KEYS
    max_hot_keys: int = 16
    retention_age: timedelta | None = None
    retention_bytes: int | None = None
