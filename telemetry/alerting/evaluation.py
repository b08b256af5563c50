"""Running queries of alerts and panels as of a moment, on the real engine, in this process.

A run of an alert at ``at`` sees the rows of ``(at - watermark - window, at - watermark]``, and
``now()`` is the end of that: whoever writes ``now() - interval '5 minutes'`` means the window,
however long the run has waited for what is late. Logfire documents the window; what ``now()`` is,
it does not say.

A panel sees the rows of its dashboard's time, by the query API's ``min_timestamp`` and
``max_timestamp``, and ``now()`` is when it is looked at.
"""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Self

import pyarrow as pa

from telemetry.emulator.arrow import STORED_TABLES
from telemetry.emulator.engine.messages import Context, explain
from telemetry.emulator.engine.query import QueryResult
from telemetry.emulator.engine.reader import Reader
from telemetry.emulator.engine.results import read_rows
from telemetry.emulator.engine.wire import Failure, Request, Rows, TableState, from_stream
from telemetry.sql.rewrite import rewrite

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import TracebackType

    Batches = Mapping[str, Mapping[int, str]]

MOST_ROWS: Final = 10_000
"""As many as any query of Logfire's returns."""

_MEMORY: Final = 256 << 20

_THOROUGH: Final = {"datafusion.execution.target_partitions": "1"}
_SETTINGS: Final = {
    **_THOROUGH,
    # Of a few rows, planning is what takes the time: measured, a fifth of it.
    "datafusion.optimizer.max_passes": "1",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditions:
    """Hold what of an alert decides what a run of it returns.

    Attributes:
        sql: Its query.
        window: How far back a run looks.
        watermark: How long a run waits for what is late.
        environments: Only rows of these are seen; none for all.
    """

    sql: str
    window: timedelta
    watermark: timedelta = timedelta(0)
    environments: tuple[str, ...] = ()


class Answer(NamedTuple):
    """Hold the rows of a query.

    Attributes:
        columns: Their names, in order.
        rows: By column.
    """

    columns: tuple[str, ...]
    rows: tuple[dict[str, Any], ...]


class Evaluator:
    """Run queries over rows at hand; a context manager, for one thread."""

    def __init__(self) -> None:
        self._quick = _Session(_SETTINGS)
        self._thorough: _Session | None = None
        self._folder = tempfile.TemporaryDirectory(prefix="mystage-alerts-")
        self._number = 0
        self._batches: Batches = {}

    def __enter__(self) -> Self:
        """Return itself, without rows."""
        with ExitStack() as stack:
            stack.callback(self._folder.cleanup)
            self.take({})
            stack.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Forget all rows."""
        self._folder.cleanup()

    def take(self, rows: Mapping[str, Sequence[pa.RecordBatch]]) -> None:
        """Put rows in the place of those there were.

        Args:
            rows: By the name of the stored table.
        """
        for path in (path for paths in self._batches.values() for path in paths.values()):
            Path(path).unlink()
        self._batches = {
            table.name: dict(map(self._write, rows.get(table.name, ()))) for table in STORED_TABLES
        }

    def _write(self, batch: pa.RecordBatch) -> tuple[int, str]:
        self._number += 1
        path = str(Path(self._folder.name) / f"{self._number}.arrow")
        with pa.OSFile(path, "wb") as file, pa.ipc.new_stream(file, batch.schema) as out:
            out.write_batch(batch)
        return self._number, path

    def run(self, conditions: Conditions, at: datetime) -> list[dict[str, Any]]:
        """Return the rows that an alert's query has as of a moment.

        Raises:
            QueryError: It cannot be run.
        """
        end = at - conditions.watermark
        answer = self.ask(
            conditions.sql,
            now=end,
            after=end - conditions.window,
            until=end,
            environments=conditions.environments,
        )
        return list(answer.rows)

    def ask(
        self,
        sql: str,
        *,
        now: datetime,
        after: datetime,
        until: datetime,
        environments: tuple[str, ...] = (),
    ) -> Answer:
        """Return what a query has to say.

        Args:
            sql: With no variables left in it.
            now: What ``now()`` is.
            after: Only rows later than this are seen.
            until: Only rows up to this are seen.
            environments: Only rows of these are seen; none for all.

        Raises:
            QueryError: It cannot be run.
        """
        rewritten = rewrite(sql, now=now)
        request = Request(
            sql=rewritten.unrouted_sql,
            unrouted_sql=rewritten.unrouted_sql,
            tables={},
            hot={},
            min_timestamp=after,
            max_timestamp=until,
            limit=MOST_ROWS,
            timezone="UTC",
            environments=environments or None,
            explain=False,
        )
        answer = self._quick.answer(request, self._batches)
        if isinstance(answer, Failure):
            # Of some queries, as of those with IN (SELECT …) in a join, one pass makes no plan.
            self._thorough = self._thorough or _Session(_THOROUGH)
            answer = self._thorough.answer(request, self._batches)
        if isinstance(answer, Failure):
            raise explain(
                answer.message,
                Context(
                    sql,
                    answer.functions,
                    rewritten.find_identifier,
                    rewritten.to_user,
                    _MEMORY,
                ),
            )
        schema, batches = from_stream(answer.stream)
        rows = read_rows(QueryResult(schema, batches, 0.0, None))
        return Answer(tuple(schema.names), tuple(rows))


class _Session:
    """Answer requests over batches, of which it reads each once."""

    def __init__(self, settings: Mapping[str, str]) -> None:
        self._reader = Reader(_MEMORY, settings)
        self._read = frozenset[int]()

    def answer(self, request: Request, batches: Batches) -> Rows | Failure:
        """Return the rows of a request, or why there are none.

        Args:
            request: Without tables.
            batches: The paths of their batches, by number, by the name of the table.
        """
        tables = {}
        for table in STORED_TABLES:
            paths = batches[table.name]
            news = {number: path for number, path in paths.items() if number not in self._read}
            tables[table.name] = TableState(table.schema, 0, None, tuple(paths), news)
        self._read = frozenset(number for paths in batches.values() for number in paths)
        return self._reader.answer(replace(request, tables=tables))
