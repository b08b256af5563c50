"""The engine: Logfire's SQL in, rows out, over what a store holds."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final, Self

from telemetry.emulator.engine.messages import Context, explain
from telemetry.emulator.engine.query import MAX_LIMIT, Limits, Query, QueryResult
from telemetry.emulator.engine.wire import Failure, Request, from_stream
from telemetry.emulator.engine.workers import Deadline, Workers
from telemetry.errors import InvalidQuery

if TYPE_CHECKING:
    from types import TracebackType

    from telemetry.emulator.engine.sources import Snapshot, SnapshotSource
    from telemetry.emulator.engine.workers import Worker
    from telemetry.sql.rewrite import Rewritten

_WAITING: Final = 64
"""How many queries wait or run at a time; those beyond wait without a thread."""
_UTC: Final = "UTC"


class Engine:
    """Run queries over the snapshots of a store; a context manager.

    It takes queries from several threads and event loops at a time. Each runs in a process of its
    own, which is ended where the query takes too much, so that nothing of it goes on.

    Args:
        source: What gives the snapshots.
        limits: What a query may take; None for the defaults.
    """

    def __init__(self, source: SnapshotSource, limits: Limits | None = None) -> None:
        self._source = source
        self._limits = limits or Limits()
        self._workers = Workers(self._limits)
        self._threads = ThreadPoolExecutor(_WAITING, thread_name_prefix="query")

    def __enter__(self) -> Self:
        """Return the engine."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close it."""
        self.close()

    def close(self) -> None:
        """End its processes; queries under way fail."""
        self._workers.close()
        self._threads.shutdown(wait=True, cancel_futures=True)

    async def run(self, query: Query) -> QueryResult:
        """Run a query and return its rows.

        Raises:
            QueryError: There are none; the message says why, and what to do.
        """
        deadline = Deadline(self._limits.seconds)
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, self._run, query, deadline)

    def run_sync(self, query: Query) -> QueryResult:
        """Run a query in this thread and return its rows.

        Raises:
            QueryError: There are none; the message says why, and what to do.
        """
        return self._run(query, Deadline(self._limits.seconds))

    def _run(self, query: Query, deadline: Deadline) -> QueryResult:
        # Imported here because the workers, which share this package, do without sqlglot.
        from telemetry.sql.rewrite import rewrite  # noqa: PLC0415

        if not 1 <= query.limit <= MAX_LIMIT:
            raise InvalidQuery(f"limit is from 1 to {MAX_LIMIT:,} rows, not {query.limit:,}")
        with self._source.snapshot() as snapshot:
            hot_keys = {name: table.hot_keys for name, table in snapshot.tables.items()}
            rewritten = rewrite(query.sql, hot_keys=hot_keys, now=query.now)
            with self._workers.lend(deadline) as worker:
                answer = worker.ask(_request(query, rewritten, snapshot, worker), deadline)
        if isinstance(answer, Failure):
            raise explain(
                answer.message,
                Context(
                    query.sql,
                    answer.functions,
                    rewritten.find_identifier,
                    rewritten.to_user,
                    self._limits.memory,
                ),
            )
        schema, batches = from_stream(answer.stream)
        elapsed = self._limits.seconds - deadline.left()
        return QueryResult(schema, batches, elapsed, answer.plans)


def _request(query: Query, rewritten: Rewritten, snapshot: Snapshot, worker: Worker) -> Request:
    return Request(
        sql=rewritten.sql,
        unrouted_sql=rewritten.unrouted_sql,
        tables={name: worker.state(name, table) for name, table in snapshot.tables.items()},
        hot={name: rewritten.hot & table.hot_keys for name, table in snapshot.tables.items()},
        min_timestamp=query.min_timestamp,
        max_timestamp=query.max_timestamp,
        limit=query.limit,
        timezone=query.timezone or _UTC,
        environments=query.environments,
        explain=query.explain,
    )
