"""The decoding processes, from the server's side."""

from __future__ import annotations

import queue
import subprocess
import sys
import threading
from multiprocessing.connection import Pipe
from typing import TYPE_CHECKING, Final, Self

from telemetry.emulator.intake.requests import Declined
from telemetry.errors import StoreUnavailable

if TYPE_CHECKING:
    from types import TracebackType

    from telemetry.emulator.intake.requests import IngestRequest, Taken

_PATIENCE: Final = 60.0
"""Seconds; a body of the largest size takes two or three."""

_MODULE: Final = "telemetry.emulator.intake.worker"


class _Worker:
    """Decode one request at a time in a process of its own."""

    def __init__(self) -> None:
        self._connection, theirs = Pipe()
        self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
            [sys.executable, "-m", _MODULE, str(theirs.fileno())],
            pass_fds=(theirs.fileno(),),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C is for the server, which ends its workers in order
        )
        theirs.close()

    def ask(self, request: IngestRequest) -> Taken | Declined:
        """Have a request decoded.

        Raises:
            TimeoutError: There is no answer in time.
            OSError: The process has ended.
            EOFError: The same.
        """
        self._connection.send(request)
        if not self._connection.poll(_PATIENCE):
            raise TimeoutError
        answer: Taken | Declined = self._connection.recv()
        return answer

    def end(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.wait()
        self._connection.close()


class Decoders:
    """Lend decoding processes, and replace those that break down; a context manager.

    Args:
        count: How many there are.
    """

    def __init__(self, count: int) -> None:
        self._lock = threading.Lock()
        self._closed = False
        self._all = {_Worker() for _ in range(count)}
        self._idle: queue.SimpleQueue[_Worker] = queue.SimpleQueue()
        for worker in self._all:
            self._idle.put(worker)

    def decode(self, request: IngestRequest) -> Taken | Declined:
        """Have a request decoded, when a process is free.

        Raises:
            StoreUnavailable: The emulator is about to stop.
        """
        worker = self._idle.get()
        try:
            return worker.ask(request)
        except BaseException as error:
            # There may be half an answer on its way: the process is never asked again.
            worker = self._replace(worker)
            if self._closed:
                raise StoreUnavailable("the emulator is about to stop") from error
            if not isinstance(error, EOFError | OSError):
                raise
            # Not to be tried again as it is: it would end the next process, too.
            return Declined(
                413,
                f"decoding the body took longer than {_PATIENCE:.0f} s, or ended its process; send"
                " fewer items at a time",
            )
        finally:
            self._idle.put(worker)

    def close(self) -> None:
        """End all processes."""
        with self._lock:
            self._closed = True
            for worker in self._all:
                worker.end()
            self._all.clear()

    def _replace(self, broken: _Worker) -> _Worker:
        broken.end()
        with self._lock:
            self._all.discard(broken)
            if self._closed:
                return broken
            fresh = _Worker()
            self._all.add(fresh)
            return fresh

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()
