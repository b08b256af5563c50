"""What goes on in the background: rolling tails, merging segments, dropping old ones."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from telemetry.emulator.store.table import Table

_ROLL_PAUSE: Final = 1.0
"""Seconds between two looks at how old the tails are, and two tries on a full disk."""

_MERGE_PAUSE: Final = 2.0
"""Seconds between two looks at what has expired, and whether ingest has become quiet."""


@dataclass(frozen=True, slots=True)
class Due:
    """Hold what wakes the threads.

    Attributes:
        roll: Set when a tail waits to become a segment.
        merge: Set when there is a new segment.
    """

    roll: threading.Event = field(default_factory=threading.Event)
    merge: threading.Event = field(default_factory=threading.Event)


class Keeper:
    """Run two threads: a merge takes seconds, and full tails cannot wait for it.

    Args:
        tables: The tables.
        due: Set by the tables.
        say: Called with what the user should know of.
    """

    def __init__(self, tables: Sequence[Table], due: Due, say: Callable[[str], object]) -> None:
        self._tables = tables
        self._due = due
        self._say = say
        self._stopping = False
        self._threads = [
            threading.Thread(
                target=self._run, args=(work, event, pause), name=f"telemetry-{name}", daemon=True
            )
            for name, work, event, pause in (
                ("roller", self._roll, due.roll, _ROLL_PAUSE),
                ("merger", self._merge, due.merge, _MERGE_PAUSE),
            )
        ]
        due.roll.set()
        due.merge.set()
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Begin no more work."""
        self._stopping = True
        self._due.roll.set()
        self._due.merge.set()

    def join(self) -> None:
        """Wait for the threads to end."""
        for thread in self._threads:
            thread.join()

    def _run(self, work: Callable[[Table], None], event: threading.Event, pause: float) -> None:
        told: dict[Table, str] = {}
        while True:
            event.wait(pause)
            event.clear()
            if self._stopping:
                return
            for table in self._tables:
                try:
                    work(table)
                except Exception as error:  # noqa: BLE001 - told, and tried again
                    if repr(error) != told.get(table):  # a full disk is told of once
                        self._say(f"the telemetry store works on, but: {error}")
                    told[table] = repr(error)
                else:
                    told.pop(table, None)

    def _roll(self, table: Table) -> None:
        table.ingest.freeze_old()
        table.upkeep.roll_all()

    def _merge(self, table: Table) -> None:
        table.upkeep.expire()
        while not self._stopping and not table.is_busy and table.upkeep.compact():
            pass
