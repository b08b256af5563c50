"""The newest rows of a table: in memory to be queried, in the log to survive."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import pyarrow as pa

from telemetry.emulator.store.files import set_aside
from telemetry.emulator.store.hot_keys import Census

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from telemetry.emulator.store.digests import Mark


class Tail:
    """Hold the rows that one segment will be made of.

    The table's lock guards it, but for :meth:`consolidate`, which takes the lock itself.

    Args:
        schema: Of all its batches.
        census: Goes on counting attributes; None for a new one.
    """

    def __init__(self, schema: pa.Schema, census: Census | None = None) -> None:
        self.schema = schema
        self.batches: list[pa.RecordBatch] = []
        self.marks: list[Mark] = []
        self.census = census or Census()
        self.rows = 0
        self.size = 0
        self.first: int | None = None
        self.last = 0
        self._logs: dict[Path, bool] = {}
        self._began = 0.0
        self._consolidating = threading.Lock()

    def own_log(self, path: Path, *, damaged: bool = False) -> None:
        """Take over a log file, which goes when the rows are in a segment."""
        self._logs[path] = damaged

    def add(self, rows: pa.RecordBatch, sequence: int, mark: Mark, size: int) -> None:
        """Take in a batch that is in the log.

        Args:
            rows: The batch.
            sequence: Its number.
            mark: What it is remembered by.
            size: Its bytes in memory.
        """
        if self.first is None:
            self.first = sequence
            self._began = time.monotonic()
        self.last = sequence
        self.batches.append(rows)
        self.marks.append(mark)
        self.rows += rows.num_rows
        self.size += size

    def age(self) -> float:
        """Return for how many seconds there have been rows in it."""
        return time.monotonic() - self._began if self.rows else 0.0

    def consolidate(self, lock: threading.Condition) -> None:
        """Put small batches together, so that a query meets few and large ones.

        Each is left more than twice as large as all that follow it: few remain, and a row is
        copied a number of times that grows with the logarithm of their number only.
        """
        with self._consolidating:
            with lock:
                batches = list(self.batches)
            kept = _count_large(batches)
            if len(batches) - kept > 1:
                together = pa.concat_batches(batches[kept:])
                with lock:
                    self.batches[kept : len(batches)] = [together]

    def discard_logs(self, say: Callable[[str], object]) -> None:
        """Remove the log files, now that the rows are in a segment; damaged ones are kept."""
        for path, damaged in self._logs.items():
            if damaged:
                say(f"the damaged log {path} is kept as {set_aside(path)}")
            else:
                path.unlink(missing_ok=True)
        self._logs.clear()


def _count_large(batches: Sequence[pa.RecordBatch]) -> int:
    """Return how many batches, from the first, are large enough to be left alone."""
    following = 0
    for index in range(len(batches), 0, -1):
        rows = batches[index - 1].num_rows
        if following and rows > 2 * following:
            return index
        following += rows
    return 0
