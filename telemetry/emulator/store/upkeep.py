"""Making segments of tails, fewer of many, and room: what a table needs beside its rows."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from telemetry.emulator.store.compaction import plan_backfill, plan_merge
from telemetry.emulator.store.merger import (
    Merge,
    MergeBroken,
    MergeStopped,
    merge_elsewhere,
    merge_here,
)
from telemetry.emulator.store.merging import sort_batches
from telemetry.emulator.store.retention import expired
from telemetry.emulator.store.segments import (
    Compression,
    DamagedSegment,
    read_marks,
    write_segment,
)
from telemetry.emulator.store.shredding import conform, hot_keys_of

if TYPE_CHECKING:
    from collections.abc import Callable

    import pyarrow as pa

    from telemetry.emulator.store.segments import Segment
    from telemetry.emulator.store.state import TableState
    from telemetry.emulator.store.tail import Tail


class Upkeep:
    """Roll, merge and drop; any thread may call it, and each is done by one at a time.

    Args:
        state: The table's.
        on_roll: Called when there is a new segment.
    """

    def __init__(self, state: TableState, on_roll: Callable[[], object]) -> None:
        self._state = state
        self._on_roll = on_roll
        self._rolling, self._merging = threading.Lock(), threading.Lock()
        self._unreadable: set[Segment] = set()

    def roll(self) -> bool:
        """Write the oldest frozen tail to a segment.

        Returns:
            Whether there was one.

        Raises:
            StoreUnavailable: The disk refuses; the rows stay in memory and log.
        """
        state = self._state
        with self._rolling:
            with state.lock:
                if not state.frozen:
                    return False
                tail, schema = state.frozen[0], state.active.schema
            try:
                segment = self._write_tail(tail, schema)
            except Exception as error:  # else appends would wait for ever
                refusal = state.unavailable("a segment cannot be written", error)
                with state.lock:
                    state.roll_fault = str(refusal)
                    state.lock.notify_all()
                raise refusal from error
            with state.lock:
                state.roll_fault = ""
                state.frozen.pop(0)
                state.publish_segments([*state.segments, segment])
            tail.discard_logs(state.say)
        self._on_roll()
        return True

    def roll_all(self) -> None:
        """Write all frozen tails to segments; ends early when the store closes.

        Raises:
            StoreUnavailable: The disk refuses.
        """
        while not self._state.stopping and self.roll():
            pass

    def compact(self, *, eager: bool = False) -> bool:
        """Merge some neighbouring segments, or give one the columns it lacks.

        Args:
            eager: Whether to merge even two.

        Returns:
            Whether there was something to do.

        Raises:
            StoreUnavailable: The disk refuses; the segments stay as they are.
        """
        state = self._state
        with self._merging:
            with state.lock:
                schema = state.active.schema
                segments = [each for each in state.segments if each not in self._unreadable]
            chosen = plan_merge(segments, state.options, eager=eager)
            if not chosen:
                lacking = plan_backfill(segments, hot_keys_of(schema))
                chosen = [lacking] if lacking is not None else []
            if not chosen:
                return False
            try:
                merged = self._merge(chosen, schema)
            except MergeStopped:
                return False
            except MergeBroken:
                self._unreadable.update(chosen)
                names = ", ".join(str(each.path) for each in chosen)
                state.say(
                    f"the process that merged {names} broke down, perhaps for want of memory; they"
                    " stay as they are until the next start"
                )
                return True
            except DamagedSegment as error:
                self._unreadable.add(error.segment)
                state.say(f"a segment is damaged and stays as it is: {error}")
                return True
            except OSError as error:
                raise state.unavailable("segments cannot be merged", error) from error
            self._replace(chosen, [merged])
        return True

    def expire(self) -> None:
        """Drop the segments that are too old or too much.

        Raises:
            StoreUnavailable: The disk refuses.
        """
        state = self._state
        with self._merging:
            with state.lock:
                doomed = expired(state.segments, state.options, state.now())
            try:
                self._replace(doomed, [])
            except OSError as error:
                raise state.unavailable("old segments cannot be removed", error) from error

    def _write_tail(self, tail: Tail, schema: pa.Schema) -> Segment:
        state = self._state
        with state.lock:
            batches = list(tail.batches)
            marks = state.digests.forget_old(tail.marks)
        assert tail.first is not None  # noqa: S101 - only a tail with rows is frozen
        ordered = sort_batches(batches, state.table.time_column)
        if len(schema) != len(tail.schema):
            ordered = (conform(batch, schema) for batch in ordered)
        return write_segment(
            state.folder,
            (tail.first, tail.last),
            ordered,
            schema=schema,
            time_column=state.table.time_column,
            marks=marks,
            compression=Compression.QUICK,
        )

    def _merge(self, segments: list[Segment], schema: pa.Schema) -> Segment:
        state = self._state
        marks = [mark for segment in segments for mark in read_marks(segment.path)]
        with state.lock:
            marks = state.digests.forget_old(marks)
        merge = Merge(state.folder, tuple(segments), schema, state.table.time_column, tuple(marks))
        run = merge_here if merge.rows <= state.options.merge_here_rows else merge_elsewhere
        return run(merge, lambda: state.stopping)

    def _replace(self, old: list[Segment], new: list[Segment]) -> None:
        """Put segments in the place of others, whose files are removed."""
        if not old:
            return
        state = self._state
        with state.lock:
            state.publish_segments([*(each for each in state.segments if each not in old), *new])
        names = {each.path for each in new}
        for segment in old:
            if segment.path not in names:
                segment.path.unlink(missing_ok=True)
