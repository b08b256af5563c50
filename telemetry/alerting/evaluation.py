"""Running an alert's query as of a moment, on the real engine, in this process.

A run at ``at`` sees the rows of ``(at - watermark - window, at - watermark]``, and ``now()`` is the
end of that: whoever writes ``now() - interval '5 minutes'`` means the window, however long the run
has waited for what is late. Logfire documents the window; what ``now()`` is, it does not say.
"""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

import pyarrow as pa

from telemetry.emulator.arrow import STORED_TABLES
from telemetry.emulator.engine.messages import Context, explain
from telemetry.emulator.engine.query import QueryResult
from telemetry.emulator.engine.reader import Reader
from telemetry.emulator.engine.results import read_rows
from telemetry.emulator.engine.wire import Failure, Request, TableState, from_stream
from telemetry.sql.rewrite import rewrite

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import TracebackType

MOST_ROWS: Final = 10_000
"""As many as any query of Logfire's returns."""

_MEMORY: Final = 256 << 20

_SETTINGS: Final = {
    # Of a few rows, planning is what takes the time: measured, a fifth of it.
    "datafusion.execution.target_partitions": "1",
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


class Evaluator:
    """Run alerts over rows at hand; a context manager, for one thread."""

    def __init__(self) -> None:
        self._reader = Reader(_MEMORY, _SETTINGS)
        self._folder = tempfile.TemporaryDirectory(prefix="mystage-alerts-")
        self._number = 0
        self._tables: dict[str, tuple[tuple[int, ...], dict[int, str]]] = {}

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
        self._tables = {}
        for table in STORED_TABLES:
            news = {}
            for batch in rows.get(table.name, ()):
                self._number += 1
                path = Path(self._folder.name) / f"{self._number}.arrow"
                with (
                    pa.OSFile(str(path), "wb") as file,
                    pa.ipc.new_stream(file, batch.schema) as out,
                ):
                    out.write_batch(batch)
                news[self._number] = str(path)
            self._tables[table.name] = tuple(news), news

    def run(self, conditions: Conditions, at: datetime) -> list[dict[str, Any]]:
        """Return the rows that an alert's query has as of a moment.

        Raises:
            QueryError: It cannot be run.
        """
        end = at - conditions.watermark
        rewritten = rewrite(conditions.sql, now=end)
        tables = {}
        for table in STORED_TABLES:
            numbers, news = self._tables[table.name]
            tables[table.name] = TableState(table.schema, 0, None, numbers, news)
        answer = self._reader.answer(
            Request(
                sql=rewritten.unrouted_sql,
                unrouted_sql=rewritten.unrouted_sql,
                tables=tables,
                hot={},
                min_timestamp=end - conditions.window,
                max_timestamp=end,
                limit=MOST_ROWS,
                timezone="UTC",
                environments=conditions.environments or None,
                explain=False,
            )
        )
        self._forget_files()
        if isinstance(answer, Failure):
            raise explain(
                answer.message,
                Context(
                    conditions.sql,
                    answer.functions,
                    rewritten.find_identifier,
                    rewritten.to_user,
                    _MEMORY,
                ),
            )
        schema, batches = from_stream(answer.stream)
        return read_rows(QueryResult(schema, batches, 0.0, None))

    def _forget_files(self) -> None:
        """Remove what the reader has taken in: it holds the rows by now."""
        for name, (numbers, news) in self._tables.items():
            for path in news.values():
                Path(path).unlink()
            self._tables[name] = numbers, {}
