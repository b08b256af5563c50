"""A query, what it may take, and what comes back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from datetime import datetime

    import pyarrow as pa

DEFAULT_LIMIT: Final = 100
"""How many rows a query returns unless told otherwise.

https://logfire.pydantic.dev/docs/how-to-guides/query-api/#additional-configuration
"""

MAX_LIMIT: Final = 10_000
"""How many rows a query returns at most: of the same page."""

MOST_MEMORY: Final = 1 << 30
"""Bytes that the operators of a query hold at most, unless told otherwise."""

JSON_MARK: Final = {b"mystage.json": b"true"}
"""Metadata of a result's field whose text is JSON.

Not Arrow's own mark, at which pyarrow makes another type of the field wherever it meets it.
"""


@dataclass(frozen=True, slots=True)
class Query:
    """Ask for rows.

    Attributes:
        sql: One SELECT, in Logfire's dialect.
        min_timestamp: Only rows later than this are seen, by their table's time column.
        max_timestamp: Only rows up to this are seen; None for all.
        limit: The most rows to return, from 1 to ``MAX_LIMIT``.
        timezone: Of the IANA database; what times without a zone of their own are in.
        environments: Only rows of these deployment environments are seen, ``""`` standing for
            those without one; None for all rows.
        explain: Whether the plans are wanted too.
        now: What ``now()`` means; None for the time the query runs at.
    """

    sql: str
    min_timestamp: datetime | None = None
    max_timestamp: datetime | None = None
    limit: int = DEFAULT_LIMIT
    timezone: str | None = None
    environments: tuple[str, ...] | None = None
    explain: bool = False
    now: datetime | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """Hold what queries may take.

    Attributes:
        seconds: The longest a query takes, its wait for a turn included.
        memory: The most bytes a query's operators hold, each query for itself. Its process is ended
            where it takes more than this on top of what it needs to stand ready.
        concurrency: How many queries run at a time; others wait. Each has a process of its own.
    """

    seconds: float = 30.0
    memory: int = MOST_MEMORY
    concurrency: int = 2


@dataclass(frozen=True, slots=True)
class Plans:
    """Show how a query is run, in DataFusion's words."""

    logical: str
    physical: str
    physical_with_metrics: str


@dataclass(frozen=True, slots=True)
class QueryResult:
    """Hold the rows of a query.

    Attributes:
        schema: Of the batches. JSON is text, marked with ``JSON_MARK``.
        batches: The rows, in order.
        elapsed: Seconds it took, the wait included.
        plans: Where they were asked for.
    """

    schema: pa.Schema
    batches: tuple[pa.RecordBatch, ...]
    elapsed: float
    plans: Plans | None = None

    @property
    def row_count(self) -> int:
        """How many rows there are."""
        return sum(batch.num_rows for batch in self.batches)
