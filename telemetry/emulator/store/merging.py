"""Sorting by time in slices: what arrives is nearly sorted, so each slice touches few batches.

Sorting everything at once would copy all of it twice into memory that is fresh each time, which
costs four times as much.
"""

from __future__ import annotations

import heapq
import itertools
from bisect import bisect_right
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from telemetry.emulator.store.segments import DamagedSegment
from telemetry.emulator.store.shredding import conform

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from telemetry.emulator.store.segments import Segment

SLICE_ROWS: Final = 8_192
"""Where segments overlap, a slice of each is in memory; smaller ones take more time."""

_SMALL: Final = 16_384
_INDEX_BYTES: Final = 2
"""A column's dictionary is kept where column and dictionary take no more bytes than this and so
many a row: a reader holds several times a large one, for each segment, and saves nothing by it."""


def sort_batches(batches: Sequence[pa.RecordBatch], time_column: str) -> Iterator[pa.RecordBatch]:
    """Yield the rows of some batches in the order of time, in slices.

    Rows of the same time stay in the order they have.

    Args:
        batches: The rows; there must be one batch at least.
        time_column: What to sort by.
    """
    starts = list(itertools.accumulate((batch.num_rows for batch in batches), initial=0))
    times = pa.chunked_array([batch.column(time_column) for batch in batches]).combine_chunks()
    times = times.cast(pa.int64())
    if _is_sorted(times):
        yield from _slice(batches)
        return
    order = pc.sort_indices(times)  # a stable sort
    for offset in range(0, len(order), SLICE_ROWS):
        rows = order.slice(offset, SLICE_ROWS)
        bounds = pc.min_max(rows).as_py()
        first = bisect_right(starts, bounds["min"]) - 1
        last = bisect_right(starts, bounds["max"])
        rows = pc.subtract(rows, pa.scalar(starts[first], pa.uint64()))
        yield _take(batches[first:last], rows)


def merge_segments(
    segments: Sequence[Segment], schema: pa.Schema, time_column: str
) -> Iterator[pa.RecordBatch]:
    """Yield the rows of some segments in the order of time, in slices.

    Of each segment only a slice is in memory at a time; more of it where others overlap it in time.
    Columns that all segments have as small dictionaries stay dictionaries, which saves making texts
    of them and finding out again.

    Args:
        segments: The segments.
        schema: What the slices have; hot attributes that a segment lacks are filled in.
        time_column: What the segments are sorted by.

    Raises:
        DamagedSegment: A file's content is not what was written.
        OSError: A file cannot be read.
    """
    dictionaries = _shared_dictionaries(segments, schema)
    schema = _with_dictionaries(schema, dictionaries)
    cursors = [_Cursor(segment, time_column, dictionaries) for segment in segments]
    queue = [(cursor.time, number) for number, cursor in enumerate(cursors)]
    heapq.heapify(queue)
    try:
        pending: list[pa.RecordBatch] = []
        while queue:
            time, number = heapq.heappop(queue)
            ready, waiting = _split(pending, time, time_column)
            if sum(batch.num_rows for batch in ready) >= SLICE_ROWS:
                yield from sort_batches(ready, time_column)
                pending = waiting
            batch = cursors[number].read()
            if batch is not None:
                pending.append(conform(batch, schema))
                heapq.heappush(queue, (cursors[number].time, number))
        if pending:
            yield from sort_batches(pending, time_column)
    finally:
        for cursor in cursors:
            cursor.close()


class _Cursor:
    """Read a segment a slice at a time.

    Attributes:
        time: No row that is still to come is older.
    """

    def __init__(self, segment: Segment, time_column: str, dictionaries: Sequence[str]) -> None:
        self._segment = segment
        self._file: Any = pq.ParquetFile(
            segment.path, page_checksum_verification=True, read_dictionary=dictionaries
        )
        # One thread: ingest and queries need the other processors.
        self._slices: Iterator[pa.RecordBatch] = self._file.iter_batches(
            SLICE_ROWS, use_threads=False
        )
        self._time_column = time_column
        self.time = segment.oldest

    def read(self) -> pa.RecordBatch | None:
        """Return the next slice; None at the end."""
        try:
            batch = next(self._slices, None)
        except (OSError, ValueError) as error:
            if isinstance(error, OSError) and error.errno is not None:
                raise
            raise DamagedSegment(self._segment, error) from error
        if batch is None:
            self._slices = iter(())  # else it holds the last pages it has read
        else:
            self.time = batch.column(self._time_column)[-1].value
        return batch

    def close(self) -> None:
        """Give the file free."""
        self._file.close()


def _shared_dictionaries(segments: Sequence[Segment], schema: pa.Schema) -> list[str]:
    """Return the columns of text that all segments have as small dictionaries."""
    names = {field.name for field in schema if field.type == pa.string()}
    for segment in segments:
        group = pq.read_metadata(segment.path).row_group(0)
        columns = map(group.column, range(group.num_columns))
        names &= {
            each.path_in_schema
            for each in columns
            if each.has_dictionary_page
            and each.total_uncompressed_size <= _SMALL + _INDEX_BYTES * group.num_rows
        }
    return sorted(names)


def _with_dictionaries(schema: pa.Schema, names: Sequence[str]) -> pa.Schema:
    kind = pa.dictionary(pa.int32(), pa.string())
    return pa.schema(field.with_type(kind) if field.name in names else field for field in schema)


def _split(
    batches: Sequence[pa.RecordBatch], time: int, time_column: str
) -> tuple[list[pa.RecordBatch], list[pa.RecordBatch]]:
    """Part sorted batches into what is before a time and what is not."""
    before, after = [], []
    for batch in batches:
        earlier = pc.less(batch.column(time_column).cast(pa.int64()), time)
        count = pc.sum(earlier).as_py() or 0
        if count:
            before.append(batch.slice(0, count))
        if count < batch.num_rows:
            after.append(batch.slice(count))
    return before, after


def _take(batches: Sequence[pa.RecordBatch], rows: pa.Array) -> pa.RecordBatch:
    """Return some rows of batches, whose positions count through all of them."""
    schema = batches[0].schema
    columns = []
    for index, field in enumerate(schema):
        chunks = [batch.column(index) for batch in batches]
        if all(chunk.null_count == len(chunk) for chunk in chunks):  # a third of all columns
            columns.append(pa.nulls(len(rows), field.type))
        else:
            columns.append(pa.concat_arrays(chunks).take(rows))
    return pa.RecordBatch.from_arrays(columns, schema=schema)


def _slice(batches: Sequence[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Put sorted batches together, a slice at a time."""
    gathered: list[pa.RecordBatch] = []
    for batch in batches:
        gathered.append(batch)
        if sum(each.num_rows for each in gathered) >= SLICE_ROWS:
            yield pa.concat_batches(gathered)
            gathered = []
    if gathered:
        yield pa.concat_batches(gathered)


def _is_sorted(times: pa.Array) -> bool:
    following, before = times.slice(1), times.slice(0, len(times) - 1)
    return bool(pc.all(pc.greater_equal(following, before), min_count=0).as_py())
