"""One table of the store: its state, what takes rows in, and what keeps it in order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from telemetry.emulator.store.ingest import Ingest
from telemetry.emulator.store.upkeep import Upkeep

if TYPE_CHECKING:
    from telemetry.emulator.store.keeper import Due
    from telemetry.emulator.store.state import TableState


class Table:
    """Put a table together.

    Args:
        state: What readers look at.
        due: Set when there is something to roll, or to merge.

    Attributes:
        state: The same.
        ingest: Takes rows in.
        upkeep: Rolls, merges and drops.

    Raises:
        OSError: The disk refuses a new log.
    """

    def __init__(self, state: TableState, due: Due) -> None:
        self.state = state
        self.upkeep = Upkeep(state, due.merge.set)
        self.ingest = Ingest(state, due.roll.set)

    @property
    def is_busy(self) -> bool:
        """Whether rows come in so fast that merging is better put off, for a while at least.

        Ingest and queries need the processors then. Where many segments have gathered, they are
        merged all the same: a query opens each of them.
        """
        few = len(self.state.segments) < self.state.options.most_segments
        return few and self.ingest.rows_lately > self.state.options.busy_rows

    def close(self) -> None:
        """Return once what was appended is durable, and nothing more is."""
        self.state.stop()
        self.ingest.close()
        self.state.close()
