"""Segments: sorted Parquet files that never change once they have their name.

The name says which batches are in it, so no list of segments has to be kept in step with them:
``000000000001-000000000256.parquet`` holds batches 1 to 256.
"""

from __future__ import annotations

import base64
import enum
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Self

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from telemetry.emulator.store.digests import Mark, decode_marks, encode_marks
from telemetry.emulator.store.files import TEMPORARY, publish_file
from telemetry.emulator.store.shredding import hot_keys_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

NAME: Final = re.compile(r"(\d{12})-(\d{12})\.parquet")

GROUP_ROWS: Final = 65_536
"""Rows of a row group. A query of five minutes reads one of them; half as many make the footer of
a large segment slow to read."""

_MARKS: Final = b"mystage.batches"
_SAMPLE: Final = 4_096
# Above this share of different values a dictionary only costs time, and is given up by the writer.
_VARIETY: Final = 0.5
_MOSTLY: Final = 0.9


@dataclass(frozen=True, slots=True)
class Segment:
    """Describe a segment.

    Attributes:
        path: Its file.
        first: The number of the first batch in it.
        last: The number of the last.
        rows: How many.
        size: Of the file, in bytes.
        oldest: The smallest time in it, in microseconds since 1970.
        newest: The largest.
        keys: The hot attributes that have a column in it.
    """

    path: Path
    first: int
    last: int
    rows: int
    size: int
    oldest: int
    newest: int
    keys: frozenset[str]

    def covers(self, other: Segment) -> bool:
        """Say whether all batches of another segment are in this one too."""
        return self.first <= other.first and other.last <= self.last


class Compression(enum.Enum):
    """Say how a segment is compressed."""

    QUICK = ("lz4", None)
    """For one that will soon be merged into another: a quarter less time, twice the size."""
    SMALL = ("zstd", 1)
    """For one that stays."""


class DamagedSegment(Exception):  # noqa: N818 - named for the state it reports
    """Say that a segment's content cannot be read, though the disk gives it.

    Args:
        segment: Which one.
        error: How that showed.
    """

    def __init__(self, segment: Segment, error: Exception) -> None:
        super().__init__(f"{segment.path}: {error}")
        self.segment, self._error = segment, error

    def __reduce__(self) -> tuple[type[DamagedSegment], tuple[Segment, Exception]]:
        """Let it come from another process."""
        return DamagedSegment, (self.segment, self._error)


def segment_path(folder: Path, span: tuple[int, int]) -> Path:
    """Return where the segment of some batches is."""
    return folder / f"{span[0]:012d}-{span[1]:012d}.parquet"


def temporary_path(folder: Path, span: tuple[int, int]) -> Path:
    """Return where it is while it is written."""
    path = segment_path(folder, span)
    return path.with_name(path.name + TEMPORARY)


def write_segment(  # noqa: PLR0913 - all that a segment is made of
    folder: Path,
    span: tuple[int, int],
    batches: Iterable[pa.RecordBatch],
    *,
    schema: pa.Schema,
    time_column: str,
    marks: Sequence[Mark],
    compression: Compression,
) -> Segment:
    """Write a segment and give it its name once it is on the disk.

    Args:
        folder: The table's.
        span: The numbers of its first and last batch.
        batches: Its rows, sorted by time.
        schema: Of the segment; columns of text may come as dictionaries.
        time_column: What the rows are sorted by.
        marks: Of the batches it is made of, as far as they are remembered.
        compression: How small it becomes, and how fast.

    Returns:
        The segment; one of the same name is replaced.

    Raises:
        OSError: The disk refuses; nothing is left then.
    """
    path, aside = segment_path(folder, span), temporary_path(folder, span)
    try:
        with _Writer(aside, schema, time_column, compression) as writer:
            for batch in batches:
                writer.add(batch)
            writer.end(marks)
        publish_file(aside, path)
    except BaseException:
        aside.unlink(missing_ok=True)
        raise
    return open_segment(path, time_column)


def open_segment(path: Path, time_column: str) -> Segment:
    """Describe a segment from its name and its footer.

    Raises:
        OSError: The file cannot be read.
        ValueError: It is no segment, or damaged (pyarrow's ArrowInvalid is such an error).
    """
    name = NAME.fullmatch(path.name)
    if name is None:
        raise ValueError(f"{path.name} is no name of a segment")
    with pq.ParquetFile(path) as file:
        metadata, schema = file.metadata, file.schema_arrow
    index = schema.get_field_index(time_column)
    if index < 0:
        raise ValueError(f"{path} has no column {time_column}")
    bounds = [
        _group_bounds(metadata, group, time_column) for group in range(metadata.num_row_groups)
    ]
    return Segment(
        path,
        first=int(name[1]),
        last=int(name[2]),
        rows=metadata.num_rows,
        size=path.stat().st_size,
        oldest=min(oldest for oldest, _ in bounds),
        newest=max(newest for _, newest in bounds),
        keys=frozenset(hot_keys_of(schema)),
    )


def read_marks(path: Path) -> list[Mark]:
    """Return the marks of the batches in a segment.

    Raises:
        OSError: The file cannot be read.
        ValueError: It is damaged.
    """
    return decode_marks((pq.read_metadata(path).metadata or {}).get(_MARKS, b""))


def _group_bounds(metadata: Any, group: int, time_column: str) -> tuple[int, int]:
    """Return the smallest and largest time of a row group, in microseconds, from its statistics.

    Raises:
        ValueError: It has none.
    """
    row_group = metadata.row_group(group)
    for index in range(row_group.num_columns):
        column = row_group.column(index)
        if column.path_in_schema == time_column:
            if not column.is_stats_set or not column.statistics.has_min_max:
                break
            return column.statistics.min_raw, column.statistics.max_raw
    raise ValueError(f"row group {group} has no statistics of {time_column}")


class _Writer:
    """Write batches to a Parquet file, a row group at a time."""

    def __init__(
        self, path: Path, schema: pa.Schema, time_column: str, compression: Compression
    ) -> None:
        self._path, self._schema, self._time_column = path, schema, time_column
        self._compression = compression
        self._gathered: list[pa.RecordBatch] = []
        self._rows = 0
        self._writer: Any = None

    def add(self, batch: pa.RecordBatch) -> None:
        """Take in a batch; all have the same types."""
        self._gathered.append(batch)
        self._rows += batch.num_rows
        while self._rows >= GROUP_ROWS:
            self._write_group()

    def end(self, marks: Sequence[Mark]) -> None:
        """Write what is left, and what is to be remembered of the batches."""
        if self._gathered:
            self._write_group()
        if self._writer is None:
            raise ValueError(f"a segment without rows cannot be written to {self._path}")
        self._writer.add_key_value_metadata(
            {
                _MARKS: encode_marks(marks),
                # As pyarrow itself does it, but with text where there are dictionaries: a reader
                # then takes all segments for the same.
                b"ARROW:schema": base64.b64encode(self._schema.serialize()),
            }
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._writer is not None:
            self._writer.close()

    def _write_group(self) -> None:
        # A row group takes one dictionary for each column.
        table = pa.Table.from_batches(self._gathered).unify_dictionaries()
        group, rest = table.slice(0, GROUP_ROWS), table.slice(GROUP_ROWS)
        self._gathered = rest.to_batches() if rest.num_rows else []
        self._rows = rest.num_rows
        if self._writer is None:
            self._writer = self._open(group)
        self._writer.write_table(group, row_group_size=GROUP_ROWS)

    def _open(self, sample: pa.Table) -> Any:
        repetitive = _repetitive_columns(sample)
        name, level = self._compression.value
        return pq.ParquetWriter(
            self._path,
            sample.schema,
            compression=name,
            compression_level=level,
            use_dictionary=repetitive,
            write_statistics=_bounded_columns(sample),
            write_page_index=True,
            write_page_checksum=True,
            sorting_columns=pq.SortingColumn.from_ordering(
                sample.schema, [(self._time_column, "ascending")]
            ),
            store_schema=False,
        )


def _repetitive_columns(sample: pa.Table) -> list[str]:
    """Return the Parquet paths of the columns that a dictionary is worth it for."""
    paths = []
    for field, column in zip(sample.schema, sample.columns, strict=True):
        if pa.types.is_list(field.type):
            paths.append(f"{field.name}.list.element")
        elif pa.types.is_dictionary(field.type):
            paths.append(field.name)
        else:
            values = column.slice(0, _SAMPLE)
            if pc.count_distinct(values).as_py() <= max(1, len(values) * _VARIETY):
                paths.append(field.name)
    return paths


def _bounded_columns(sample: pa.Table) -> list[str]:
    """Return the columns whose bounds let a query skip something.

    Those of texts take a fifth of the time of writing and exclude next to nothing, but where the
    texts are few: there it counts whether there is any.
    """
    return [
        field.name
        for field, column in zip(sample.schema, sample.columns, strict=True)
        if not pa.types.is_nested(field.type)
        and (not _is_text(field.type) or column.null_count > len(column) * _MOSTLY)
    ]


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_dictionary(kind))
