"""What the engine and its workers say to each other: pickled, over a socket of their own."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import pyarrow as pa

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from telemetry.emulator.engine.query import Plans


@dataclass(frozen=True, slots=True)
class TableState:
    """Say what a table holds for one query.

    Attributes:
        schema: Its stored columns.
        generation: Of the files.
        folder: Where they are, as a URL; None where there are none.
        batches: The numbers of the batches that are in no file, in order.
        news: Those of them that this worker has not seen yet: files with an Arrow stream, which
            are there until it answers.
    """

    schema: pa.Schema
    generation: int
    folder: str | None
    batches: tuple[int, ...] = ()
    news: Mapping[int, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Request:
    """Ask a worker to run a query.

    Attributes:
        sql: In DataFusion's dialect.
        unrouted_sql: What to run where ``sql``, which reads shredded attributes, cannot be planned.
        tables: What each stored table holds, by name.
        hot: Which shredded attributes the query reads, by table.
        min_timestamp: As of the query.
        max_timestamp: As of the query.
        limit: As of the query.
        timezone: As of the query.
        environments: As of the query.
        explain: As of the query.
    """

    sql: str
    unrouted_sql: str
    tables: Mapping[str, TableState]
    hot: Mapping[str, frozenset[str]]
    min_timestamp: datetime | None
    max_timestamp: datetime | None
    limit: int
    timezone: str
    environments: tuple[str, ...] | None
    explain: bool


@dataclass(frozen=True, slots=True)
class Rows:
    """Answer a request with rows, as an Arrow stream."""

    stream: bytes
    plans: Plans | None


TOO_LARGE: Final = "The answer takes more than"
"""How a failure begins that is about the answer's size; the most follows."""


@dataclass(frozen=True, slots=True)
class Failure:
    """Answer a request with what DataFusion says is wrong.

    Attributes:
        message: In its own words.
        functions: What functions there are, where it says there is no such one.
    """

    message: str
    functions: tuple[str, ...] = ()


def to_stream(schema: pa.Schema, batches: Iterable[pa.RecordBatch]) -> bytes:
    """Return batches as an Arrow stream."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, schema) as writer:
        for batch in batches:
            writer.write_batch(batch)
    stream: bytes = sink.getvalue().to_pybytes()
    return stream


def from_stream(stream: bytes) -> tuple[pa.Schema, tuple[pa.RecordBatch, ...]]:
    """Return the schema and the batches of an Arrow stream."""
    with pa.ipc.open_stream(stream) as reader:
        return reader.schema, tuple(reader)
