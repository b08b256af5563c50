"""What is known of a table: its tails, its segments, and which batches it has had."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, Final

from telemetry.emulator.store.digests import Digests
from telemetry.emulator.store.files import sync_folder
from telemetry.emulator.store.recovery import recover_segments, recover_tails
from telemetry.emulator.store.shredding import hot_keys_of, table_schema
from telemetry.emulator.store.snapshots import Generation, Generations, TableSnapshot
from telemetry.errors import StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pyarrow as pa

    from telemetry.emulator.arrow import StoredTable
    from telemetry.emulator.store.options import StoreOptions
    from telemetry.emulator.store.segments import Segment
    from telemetry.emulator.store.tail import Tail

_MICROSECONDS: Final = 1_000_000


class TableState:
    """Hold what a table consists of, for its writer, its upkeep and its readers alike.

    Args:
        folder: The table's, made if missing; what is in it is recovered.
        table: Which one.
        options: How it is kept.
        say: Called with what the user should know of.
        clock: Returns the time in seconds since 1970.

    Attributes:
        lock: Guards all the others. It is never held while content is read or written.
        active: The tail that takes rows; only the writer puts another in its place.
        frozen: Full tails that wait to become segments, the oldest first.
        segments: In the order of their batches.
        digests: Which batches are in any of these.
        next: The next batch's number; the writer's alone.
        roll_fault: Why the latest try to roll failed; empty where it did not.
        stopping: Whether the store is about to close.

    Raises:
        StoreUnusable: The folder holds what no store left there.
        OSError: The disk refuses.
    """

    def __init__(
        self,
        folder: Path,
        table: StoredTable,
        options: StoreOptions,
        *,
        say: Callable[[str], object],
        clock: Callable[[], float],
    ) -> None:
        folder.mkdir(exist_ok=True)
        sync_folder(folder.parent)
        self.folder, self.table, self.options = folder, table, options
        self.say = say
        self._clock = clock
        self.lock = threading.Condition()
        self.segments, marks = recover_segments(folder, table, say)
        self.digests = Digests()
        self.digests.add(marks, self.now())
        tails, self.next = recover_tails(
            folder,
            table,
            self.segments,
            self.digests,
            named_keys=options.hot_keys,
            tail_rows=options.tail_rows,
            say=say,
        )
        self.frozen: list[Tail] = tails[:-1]
        self.active: Tail = tails[-1]
        self.roll_fault = ""
        self.stopping = False
        self._generations = Generations(folder)
        self._version = 0
        self._view: tuple[int, TableSnapshot, Generation] | None = None

    def snapshot(self) -> tuple[TableSnapshot, Callable[[], None]]:
        """Return the table as it is, and what is to be called when that is no longer needed.

        Raises:
            StoreUnavailable: The links to the segments cannot be made.
        """
        with self.lock:
            tails = [] if self._is_view_current() else [*self.frozen, self.active]
        for tail in tails:
            tail.consolidate(self.lock)
        with self.lock:
            if self._view is not None and self._is_view_current():
                self._view[2].users += 1
            else:
                self._view = (self._version, *self._make_view())
            _, view, generation = self._view
        return view, lambda: self._release(generation)

    def change(self) -> None:
        """Note that there is something new to be seen; with the lock held."""
        self._version += 1
        self._view = None
        self.lock.notify_all()

    def publish_segments(self, segments: list[Segment]) -> None:
        """Put segments in the place of those there were; with the lock held."""
        self.segments = sorted(segments, key=lambda segment: segment.first)
        self._generations.outdate()
        self.change()

    def stop(self) -> None:
        """Let nobody begin or wait for anything long any more."""
        with self.lock:
            self.stopping = True
            self.lock.notify_all()

    def close(self) -> None:
        """Remove the links to the segments, once nobody reads them."""
        with self.lock:
            self._generations.outdate()

    def now(self) -> int:
        """Return the time in microseconds since 1970."""
        return int(self._clock() * _MICROSECONDS)

    def unavailable(self, what: str, error: Exception) -> StoreUnavailable:
        """Return the error that says what the disk refused, and what to do."""
        return StoreUnavailable(
            f"{what} in {self.folder}: {error}. Check that the folder may be written to and has"
            " room; then it goes on by itself"
        )

    def _is_view_current(self) -> bool:
        return self._view is not None and self._view[0] == self._version

    def _make_view(self) -> tuple[TableSnapshot, Generation]:
        tails = [*self.frozen, self.active]
        shared = set.intersection(
            *(set(hot_keys_of(tail.schema)) for tail in tails),
            *(set(segment.keys) for segment in self.segments),
        )
        keys = tuple(key for key in hot_keys_of(self.active.schema) if key in shared)
        generation = self._generations.acquire(self.segments, keys)
        schema = table_schema(self.table, keys)
        view = TableSnapshot(
            schema,
            generation.number,
            generation.folder,
            tuple(_select(batch, schema) for tail in tails for batch in tail.batches),
            frozenset(keys),
        )
        return view, generation

    def _release(self, generation: Generation) -> None:
        with self.lock:
            self._generations.release(generation)


def _select(batch: pa.RecordBatch, schema: pa.Schema) -> Any:
    return batch if len(batch.schema) == len(schema) else batch.select(schema.names)
