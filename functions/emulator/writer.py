"""Group commit: one thread that owns the store, one commit for all that waited for it.

An event loop hands jobs in. While a commit runs, further jobs gather, and the next commit takes all
of them: under load the disk's latency is shared, and a lone job waits for nobody.
"""

from __future__ import annotations

import asyncio
import contextlib
import queue
import threading
from typing import TYPE_CHECKING, Any, TypeVar

from functions.errors import EmulatorError

if TYPE_CHECKING:
    from collections.abc import Callable

    from functions.emulator.store import TaskStore

    Job = tuple[
        Callable[[TaskStore], Any], Callable[[Any], None] | None, asyncio.Future[Any] | None
    ]

_T = TypeVar("_T")
# Bounds how long the first job of a batch waits for the last one.
_BATCH = 1000


class Writer:
    """Run jobs on the store in the order they come, and answer each after its commit.

    When a job or a commit fails, the writer stops for good: what was answered is on the disk, and
    what was not is refused. Trying again on a disk that failed once can lose what it took before.

    Args:
        store: The store, which no other thread may use from now on.
        on_failure: Called in the event loop, once, with what broke the writer.
    """

    def __init__(self, store: TaskStore, *, on_failure: Callable[[Exception], None]) -> None:
        self._store = store
        self._on_failure = on_failure
        self._loop = asyncio.get_running_loop()
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._broken: Exception | None = None
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="task-store-writer", daemon=True)
        self._thread.start()

    def submit(
        self, job: Callable[[TaskStore], _T], then: Callable[[_T], None] | None = None
    ) -> asyncio.Future[_T]:
        """Run a job in the writer's thread.

        Args:
            job: What to do with the store.
            then: Called in the event loop with the result once it is durable, whether or not
                anybody still waits for the future.

        Returns:
            The job's result once it is durable.

        Raises:
            EmulatorError: The writer is broken or closed; also set on the future.
        """
        self._check()
        future: asyncio.Future[_T] = self._loop.create_future()
        self._jobs.put((job, then, future))
        return future

    def post(self, job: Callable[[TaskStore], object]) -> None:
        """Run a job that nobody waits for; does nothing once the writer is broken."""
        if self._broken is None:
            self._jobs.put((job, None, None))

    async def close(self) -> None:
        """Finish the jobs handed in so far, then end the thread and close the store."""
        if not self._closed:
            self._closed = True
            self._jobs.put(None)
        await asyncio.to_thread(self._thread.join)

    def _check(self) -> None:
        if self._broken is not None:
            raise EmulatorError(f"The data folder could not be written: {self._broken}")
        if self._closed:
            raise EmulatorError("The emulator is stopping.")

    def _run(self) -> None:
        more = True
        while more:
            batch, more = self._gather()
            if not batch:
                continue
            try:
                results = self._commit(batch)
            except Exception as error:  # noqa: BLE001 - whatever broke the batch is handed to the loop
                self._tell(self._fail, error, batch)
                break
            self._tell(self._answer, batch, results)
        self._store.close()

    def _gather(self) -> tuple[list[Job], bool]:
        batch: list[Job] = []
        job = self._jobs.get()
        with contextlib.suppress(queue.Empty):
            while job is not None:
                batch.append(job)
                if len(batch) == _BATCH:
                    break
                job = self._jobs.get_nowait()
        return batch, job is not None

    def _commit(self, batch: list[Job]) -> list[Any]:
        self._store.begin()
        try:
            results = [job(self._store) for job, _, _ in batch]
            self._store.commit()
        except BaseException:
            self._store.rollback()
            raise
        return results

    def _tell(self, call: Callable[..., None], *values: object) -> None:
        # The loop is closed only when nobody is left to be told.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(call, *values)

    def _answer(self, batch: list[Job], results: list[Any]) -> None:
        for (_, then, future), result in zip(batch, results, strict=True):
            if then is not None:
                then(result)
            if future is not None and not future.done():
                future.set_result(result)

    def _fail(self, error: Exception, batch: list[Job]) -> None:
        self._broken = error
        waiting = [future for _, _, future in batch]
        with contextlib.suppress(queue.Empty):
            while True:
                job = self._jobs.get_nowait()
                if job is not None:
                    waiting.append(job[2])
        for future in waiting:
            if future is not None and not future.done():
                future.set_exception(
                    EmulatorError(f"The data folder could not be written: {error}")
                )
        self._on_failure(error)
