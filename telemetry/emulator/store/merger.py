"""Merging segments, here or in a process that is there for one merge.

A merge holds some hundred MiB for seconds, and what a process has once held it seldom gives back;
one that ends does. It also keeps the work in Python from holding up ingest.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from telemetry.emulator.processes import WorkerProcess
from telemetry.emulator.store.merging import merge_segments
from telemetry.emulator.store.segments import (
    Compression,
    Segment,
    temporary_path,
    write_segment,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import pyarrow as pa

    from telemetry.emulator.store.digests import Mark

_MODULE: Final = "telemetry.emulator.store.merge_worker"
_LOOK_EVERY: Final = 0.1  # seconds between two looks whether the store closes


class MergeStopped(Exception):  # noqa: N818 - no error: somebody asked for it
    """End a merge because the store closes."""


class MergeBroken(Exception):  # noqa: N818 - named for the state it reports
    """Say that the process of a merge broke down."""


@dataclass(frozen=True, slots=True)
class Merge:
    """Hold what is to be merged.

    Attributes:
        folder: The table's.
        segments: Neighbours.
        schema: Of the segment they become.
        time_column: What they are sorted by.
        marks: Of the batches in them, as far as they are remembered.
    """

    folder: Path
    segments: tuple[Segment, ...]
    schema: pa.Schema
    time_column: str
    marks: tuple[Mark, ...]

    @property
    def span(self) -> tuple[int, int]:
        """The numbers of the first and the last batch."""
        return self.segments[0].first, self.segments[-1].last

    @property
    def rows(self) -> int:
        """How many there are."""
        return sum(segment.rows for segment in self.segments)


def merge_here(merge: Merge, is_stopping: Callable[[], bool]) -> Segment:
    """Merge segments in this process.

    Raises:
        MergeStopped: The store closes.
        DamagedSegment: A file's content is not what was written.
        OSError: The disk refuses.
    """

    def until_stopped() -> Iterator[pa.RecordBatch]:
        for batch in merge_segments(merge.segments, merge.schema, merge.time_column):
            if is_stopping():
                raise MergeStopped
            yield batch

    return write_segment(
        merge.folder,
        merge.span,
        until_stopped(),
        schema=merge.schema,
        time_column=merge.time_column,
        marks=merge.marks,
        compression=Compression.SMALL,
    )


def merge_elsewhere(merge: Merge, is_stopping: Callable[[], bool]) -> Segment:
    """Merge segments in a process of its own.

    Raises:
        MergeStopped: The store closes.
        MergeBroken: The process broke down, as for want of memory.
        DamagedSegment: A file's content is not what was written.
        OSError: The disk refuses.
    """
    process = WorkerProcess(_MODULE)
    try:
        process.send(merge)
        while not process.poll(_LOOK_EVERY):
            if is_stopping():
                raise MergeStopped
        answer: Segment | Exception = process.receive()
    except (EOFError, ConnectionError) as error:
        raise MergeBroken from error
    finally:
        process.end()
        temporary_path(merge.folder, merge.span).unlink(missing_ok=True)
    if isinstance(answer, Exception):
        raise answer
    return answer
