"""Records and points that were captured: what ``mystage query --format json`` prints, as a file."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import orjson
import pyarrow as pa
import pyarrow.compute as pc

from telemetry.definitions.documents import InvalidDocument
from telemetry.definitions.loader import PART
from telemetry.definitions.places import Place
from telemetry.emulator.arrow import INTERNAL_PREFIX, METRICS, RECORDS, SERIES
from telemetry.sql.schema import METRICS as METRICS_TABLE
from telemetry.sql.schema import RECORDS_ALL, ColumnType

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from telemetry.sql.schema import Column, Table

MOST_BYTES: Final = 32 << 20
"""Of a file."""
MOST_ROWS: Final = 100_000

YEARS: Final = (1990, 2200)
"""What OTLP's nanoseconds reach, with some years to spare on both sides."""

_LOGFIRES_OWN: Final = frozenset({"attributes_json_schema", "created_at", "day", "project_id"})
"""Columns that ``SELECT *`` has at Logfire and no query of ours needs; so have ``_lf_…``."""

_STORED: Final = {"metric_name": (METRICS_TABLE, METRICS), "span_name": (RECORDS_ALL, RECORDS)}
"""A column that only one table has, the table, and where its rows are kept."""

_IDENTITY: Final = (
    "metric_name",
    "metric_type",
    "otel_scope_name",
    "otel_scope_version",
    "otel_scope_attributes",
    "otel_resource_attributes",
    "attributes",
)
"""The columns that make a time series one."""


class _InvalidRowError(ValueError):
    """Say what is wrong with a row."""


@dataclass(frozen=True, slots=True)
class CapturedRows:
    """Hold the rows of a file.

    Attributes:
        moment: The time that is to be the test's own.
        rows: With the times they were captured with, by the name of the stored table.
    """

    moment: datetime
    rows: dict[str, pa.RecordBatch]

    def move_to(self, now: datetime) -> dict[str, pa.RecordBatch]:
        """Return the rows with their times moved by as much as the moment is from a time."""
        shift = pa.scalar(now - self.moment, pa.duration("us"))
        return {name: _move(batch, shift) for name, batch in self.rows.items()}


def _move(batch: pa.RecordBatch, shift: pa.Scalar) -> pa.RecordBatch:
    columns = [
        pc.add(column, shift) if pa.types.is_timestamp(column.type) else column
        for column in batch.columns
    ]
    return pa.RecordBatch.from_arrays(columns, schema=batch.schema)


def read_captured(file: Path) -> dict[str, pa.RecordBatch]:
    """Return the rows of a file, by the name of the stored table.

    It is the document of ``mystage query --format json`` or of the query API, a list of rows, or a
    row or a message of the query API a line
    (https://logfire.pydantic.dev/docs/how-to-guides/query-api/).

    Raises:
        InvalidDocument: It holds something else.
    """
    if file.suffix == ".json" and not file.name.startswith(PART):
        raise InvalidDocument(
            Place(file),
            f"a .json file is taken for a dashboard unless its name begins with {PART}",
            f"Call it {PART}{file.name}",
        )
    rows = list(_read_rows(file))
    if not rows:
        raise InvalidDocument(Place(file), "there are no rows in it")
    if len(rows) > MOST_ROWS:
        raise InvalidDocument(Place(file), f"more than {MOST_ROWS:,} rows")
    sorted_out: dict[str, list[tuple[int, dict[str, Any]]]] = {key: [] for key in _STORED}
    try:
        for number, row in enumerate(rows, 1):
            sorted_out[_kind_of(number, row)].append((number, row))
        return {
            _STORED[key][1].name: _make_batch(key, numbered)
            for key, numbered in sorted_out.items()
            if numbered
        }
    except _InvalidRowError as error:
        raise InvalidDocument(Place(file), str(error)) from error


def _read_rows(file: Path) -> Iterator[Any]:
    try:
        with file.open("rb") as opened:
            content = opened.read(MOST_BYTES + 1)
    except OSError as error:
        raise InvalidDocument(Place(file), f"cannot be read: {error.strerror}") from error
    if len(content) > MOST_BYTES:
        raise InvalidDocument(Place(file), f"larger than {MOST_BYTES >> 20} MiB")
    try:
        yield from _rows_of(orjson.loads(content))
    except orjson.JSONDecodeError as error:
        lines = content.splitlines()
        if sum(1 for line in lines if line.strip()) < 2:  # noqa: PLR2004 - one line is one document
            raise InvalidDocument(
                Place(file, error.lineno, error.colno), f"no JSON: {error.msg}"
            ) from error
        yield from _read_lines(file, lines)


def _read_lines(file: Path, lines: Sequence[bytes]) -> Iterator[Any]:
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            yield from _rows_of(orjson.loads(line), is_line=True)
        except orjson.JSONDecodeError as error:
            place = Place(file, number, error.colno)
            raise InvalidDocument(place, f"no JSON, nor is each line: {error.msg}") from error


def _rows_of(document: Any, *, is_line: bool = False) -> list[Any]:
    """Return the rows of a document or message, or what is a row itself."""
    if isinstance(document, list) and not is_line:
        return document
    if isinstance(document, dict):
        for key in ("rows", "data"):
            if isinstance(document.get(key), list):
                rows: list[Any] = document[key]
                return rows
        if is_line and document.get("type") in {"schema", "explain", "end"}:
            return []
    return [document]


def _kind_of(number: int, row: Any) -> str:
    if not isinstance(row, dict):
        raise _InvalidRowError(f"row {number} is no row: it wants columns with their values")
    for key in _STORED:
        if key in row:
            return key
    raise _InvalidRowError(
        f"row {number} is of neither records nor metrics: it has no {' and no '.join(_STORED)}."
        " Capture all columns, with SELECT *"
    )


def _make_batch(key: str, numbered: Sequence[tuple[int, dict[str, Any]]]) -> pa.RecordBatch:
    table, stored = _STORED[key]
    for number, row in numbered:
        _check_names(number, row, table)
    columns = {
        column.name: _make_column(column, stored.schema.field(column.name).type, numbered)
        for column in table.columns
        if column.type is not ColumnType.METRIC_VALUE  # the engine puts it together
    }
    if SERIES in stored.schema.names:
        columns[SERIES] = _series(columns)
    return pa.RecordBatch.from_arrays(
        [columns[name] for name in stored.schema.names], schema=stored.schema
    )


def _check_names(number: int, row: dict[str, Any], table: Table) -> None:
    unknown = row.keys() - set(table.column_names) - _LOGFIRES_OWN
    if unknown := {each for each in unknown if not each.startswith(INTERNAL_PREFIX)}:
        raise _InvalidRowError(
            f"row {number} has {min(unknown)!r:.60}, which is no column of {table.name}."
            " Capture the columns themselves, with SELECT *"
        )


def _make_column(
    column: Column, arrow_type: pa.DataType, numbered: Sequence[tuple[int, dict[str, Any]]]
) -> pa.Array:
    values = []
    for number, row in numbered:
        value = row.get(column.name)
        if value is None and not column.nullable:
            raise _InvalidRowError(f"row {number} has no {column.name}. Capture it, with SELECT *")
        values.append(value)
        if column.type is ColumnType.TIMESTAMP and value is not None:
            values[-1] = _read_time(number, column.name, value)
        elif pa.types.is_list(arrow_type) and not isinstance(value, list | None):
            # Arrow would make a list of a text's letters.
            raise _InvalidRowError(f"row {number}: {column.name} is no list: {value!r:.60}")
        elif column.type is ColumnType.JSON and value is not None and not isinstance(value, str):
            values[-1] = orjson.dumps(value).decode()
    try:
        return pa.array(values, arrow_type)
    except (pa.ArrowException, OverflowError, TypeError, ValueError) as error:
        message = f"a value of {column.name} is no {column.type}: {error}"
        raise _InvalidRowError(message) from error


def _read_time(number: int, name: str, value: Any) -> datetime:
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError) as error:
        raise _InvalidRowError(f"row {number}: {name} is no time: {value!r:.60}") from error
    if not YEARS[0] <= moment.year < YEARS[1]:
        raise _InvalidRowError(
            f"row {number}: {name} is not between the years {YEARS[0]} and {YEARS[1]}"
        )
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _series(columns: dict[str, pa.Array]) -> pa.Array:
    identities = zip(*(columns[name].to_pylist() for name in _IDENTITY), strict=True)
    numbers = [
        int.from_bytes(hashlib.blake2b(orjson.dumps(each), digest_size=8).digest(), signed=True)
        for each in identities
    ]
    return pa.array(numbers, pa.int64())
