"""Group commit: one thread that owns the store, one commit for all that wait for it.

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
# How long a job that can wait waits for one that cannot, to share its commit.
_LINGER = 0.02


class Writer:
    """Run jobs on the store in the order they come, and answer each after its commit.

    When a job, a commit or an answer fails, the writer stops for good: what was answered is on the
    disk, and what was not is refused. Trying again on a disk that failed once can lose what it took
    before.

    All but the thread runs in the event loop that made the writer.

    Args:
        store: The store, which no other thread may use from now on.
        on_failure: Called in the event loop, once, with what broke the writer.
    """

    def __init__(self, store: TaskStore, *, on_failure: Callable[[Exception], None]) -> None:
        self._store = store
        self._on_failure = on_failure
        self._loop = asyncio.get_running_loop()
        self._waiting: list[Job] = []
        self._busy = False  # a batch is with the thread, or about to be
        self._urgent = False  # a job waits that may not linger
        self._timer: asyncio.TimerHandle | None = None
        self._broken: Exception | None = None
        self._closed = False
        self._batches: queue.SimpleQueue[list[Job] | None] = queue.SimpleQueue()
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
        if self._broken is not None:
            raise _failed(self._broken)
        if self._closed:
            raise EmulatorError("The emulator is stopping.")
        future: asyncio.Future[_T] = self._loop.create_future()
        self._waiting.append((job, then, future))
        self._hand_over_soon()
        return future

    def post(self, job: Callable[[TaskStore], object], *, linger: bool = False) -> None:
        """Run a job that nobody waits for; does nothing once the writer is broken.

        Args:
            job: What to do with the store.
            linger: Whether it may wait a moment to share the commit of others.
        """
        if self._broken is not None:
            return
        self._waiting.append((job, None, None))
        if linger:
            self._linger()
        else:
            self._hand_over_soon()

    async def close(self) -> None:
        """Finish the jobs handed in so far, then end the thread and close the store."""
        if not self._closed:
            if self._broken is None:
                last = self.submit(lambda _: None)
                self._closed = True
                await asyncio.gather(last, return_exceptions=True)  # `on_failure` tells
            self._closed = True
            self._batches.put(None)
        await asyncio.to_thread(self._thread.join)

    def _hand_over_soon(self) -> None:
        """Give the thread what waits, at the end of this turn of the loop, unless it is busy."""
        self._urgent = True
        if not self._busy:
            self._busy = True
            self._loop.call_soon(self._hand_over)

    def _hand_over(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        batch, self._waiting = self._waiting[:_BATCH], self._waiting[_BATCH:]
        self._urgent = bool(self._waiting)
        self._batches.put(batch)

    def _linger(self) -> None:
        if self._waiting and self._timer is None and not self._busy:
            self._timer = self._loop.call_later(_LINGER, self._hand_over_soon)

    def _answer(self, batch: list[Job], results: list[Any]) -> None:
        if self._urgent:
            self._hand_over()
        else:
            self._busy = False
            self._linger()
        try:
            for (_, then, future), result in zip(batch, results, strict=True):
                if then is not None:
                    then(result)
                if future is not None and not future.done():
                    future.set_result(result)
        except Exception as error:  # noqa: BLE001 - a bug, which must not be lost in a callback
            self._fail(batch, error)

    def _fail(self, batch: list[Job], error: Exception) -> None:
        first, self._broken = self._broken is None, error
        for _, _, future in [*batch, *self._waiting]:
            if future is not None and not future.done():
                future.set_exception(_failed(error))
        self._waiting.clear()
        if first:
            self._on_failure(error)

    def _run(self) -> None:
        """Commit batch after batch; all that runs in the thread."""
        while (batch := self._batches.get()) is not None:
            try:
                results = self._commit(batch)
            except Exception as error:  # noqa: BLE001 - whatever broke the batch is told in the loop
                self._tell(self._fail, batch, error)
            else:
                self._tell(self._answer, batch, results)
        self._store.close()

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


def _failed(error: Exception) -> EmulatorError:
    return EmulatorError(f"The data folder could not be written: {error}")
