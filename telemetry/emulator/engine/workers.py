"""The processes that run queries, from the engine's side."""

from __future__ import annotations

import contextlib
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa

from telemetry.emulator.engine.messages import tell_memory
from telemetry.emulator.engine.wire import TableState
from telemetry.emulator.processes import Pool, WorkerProcess
from telemetry.errors import QueryError, QueryFailed, QueryTimedOut

if TYPE_CHECKING:
    from collections.abc import Iterator

    from telemetry.emulator.engine.query import Limits
    from telemetry.emulator.engine.sources import TableSnapshot
    from telemetry.emulator.engine.wire import Failure, Request, Rows

_MODULE: Final = "telemetry.emulator.engine.worker"
_LOOK_EVERY: Final = 0.05  # seconds between two looks at how much memory a query takes
_HEADROOM: Final = 2
"""How many times the operators' share a query may take: there are also the columns being decoded,
the values that functions in Python hold, and the rows on their way out."""


class Deadline:
    """Say how much of a query's time is left.

    Args:
        seconds: How much there is in all.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._end = time.monotonic() + seconds

    def left(self) -> float:
        """Return how many seconds there are; 0 where it has passed."""
        return max(0.0, self._end - time.monotonic())


class Worker:
    """Run one query at a time in a process of its own.

    Args:
        limits: What a query may take.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._process = WorkerProcess(_MODULE, str(limits.memory))
        self._started = False
        self._folder = tempfile.TemporaryDirectory(prefix="mystage-query-")
        self._sent: dict[str, dict[int, tuple[int, pa.RecordBatch]]] = {}
        self._next_number = 0

    @property
    def pid(self) -> int:
        """The number of the process."""
        return self._process.pid

    def state(self, name: str, table: TableSnapshot) -> TableState:
        """Describe a table for this process, with the batches it has not seen yet.

        Args:
            name: Of the table.
            table: What it holds.
        """
        known = self._sent.get(name, {})
        kept: dict[int, tuple[int, pa.RecordBatch]] = {}
        news: dict[int, str] = {}
        for batch in table.batches:
            # The batch is kept alive here, so nothing else can have its id.
            if id(batch) not in known:
                self._next_number += 1
                news[self._next_number] = self._write(batch)
            kept[id(batch)] = known.get(id(batch), (self._next_number, batch))
        self._sent[name] = kept
        folder = None if table.folder is None else f"{Path(table.folder).absolute().as_uri()}/"
        numbers = tuple(number for number, _ in kept.values())
        return TableState(table.schema, table.generation, folder, numbers, news)

    def _write(self, batch: pa.RecordBatch) -> str:
        """Put a batch where the process finds it: a file takes a fraction of a pipe's time."""
        path = str(Path(self._folder.name) / f"{self._next_number}.arrow")
        try:
            with pa.OSFile(path, "wb") as file, pa.ipc.new_stream(file, batch.schema) as writer:
                writer.write_batch(batch)
        except OSError as error:
            raise QueryFailed(
                f"The newest rows cannot be handed to the query: {error}",
                hint="Make room in the folder for temporary files",
            ) from error
        return path

    def ask(self, request: Request, deadline: Deadline) -> Rows | Failure:
        """Have a query run and return the answer.

        Raises:
            QueryTimedOut: There is none in time.
            QueryOutOfMemory: It would have taken too much memory.
            QueryFailed: The process ended by itself.
        """
        try:
            if not self._started:
                self._wait(deadline, most=None)
                self._started = True
            idle = self._process.memory()
            self._process.send(request)
            answer: Rows | Failure = self._wait(
                deadline, most=idle + _HEADROOM * self._limits.memory
            )
        except QueryError:
            raise
        except (EOFError, OSError) as error:
            raise QueryFailed(
                "The process that ran this query broke down",
                hint="The next one runs in a new process. Leave parts of the query out to see"
                " which one it is",
            ) from error
        for table in request.tables.values():
            for path in table.news.values():
                Path(path).unlink()
        return answer

    def _wait(self, deadline: Deadline, *, most: int | None) -> Any:
        while not self._process.poll(min(_LOOK_EVERY, deadline.left())):
            if not deadline.left():
                raise QueryTimedOut(
                    f"The query took longer than {deadline.seconds:g} s and was stopped",
                    hint="Narrow its time range, filter by service_name or span_name, or"
                    " aggregate before joining",
                )
            if most is not None and self._process.memory() > most:
                raise tell_memory(self._limits.memory)
        return self._process.receive()

    def end(self) -> None:
        """End the process, whatever it is doing."""
        self._process.end()
        self._folder.cleanup()


class Workers:
    """Lend workers, a few at a time, and replace those that a query broke.

    Args:
        limits: How many there are, and what a query may take.
    """

    def __init__(self, limits: Limits) -> None:
        self._pool = Pool(lambda: Worker(limits), limits.concurrency)

    @property
    def pids(self) -> frozenset[int]:
        """The numbers of the processes."""
        return frozenset(worker.pid for worker in self._pool.all)

    @contextlib.contextmanager
    def lend(self, deadline: Deadline) -> Iterator[Worker]:
        """Lend a worker for one query, waiting for one if all are busy.

        Raises:
            QueryTimedOut: None came free in time.
        """
        with contextlib.ExitStack() as stack:
            try:
                worker = stack.enter_context(self._pool.lend(deadline.left()))
            except TimeoutError:
                raise QueryTimedOut(
                    f"The query waited {deadline.seconds:g} s for other queries to end",
                    hint="Try again, or allow more queries at a time",
                ) from None
            yield worker

    def close(self) -> None:
        """End all workers; queries under way fail."""
        self._pool.close()
