"""The decoding processes, from the server's side."""

from __future__ import annotations

import queue
import subprocess
import sys
import threading
from multiprocessing.connection import Pipe
from typing import TYPE_CHECKING, Final, Self

from telemetry.errors import StoreUnavailable

if TYPE_CHECKING:
    from types import TracebackType

    from telemetry.emulator.intake.requests import Declined, IngestRequest, Taken

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
        )
        theirs.close()

    def ask(self, request: IngestRequest) -> Taken | Declined:
        """Have a request decoded.

        Raises:
            OSError: The process has ended.
            EOFError: The same.
        """
        self._connection.send(request)
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
            StoreUnavailable: The process broke down, as it would where memory is short; the
                request may be sent again.
        """
        worker = self._idle.get()
        try:
            return worker.ask(request)
        except (EOFError, OSError) as error:
            worker = self._replace(worker)
            raise StoreUnavailable(
                "the process that decoded this request broke down; send it again, perhaps in"
                " smaller parts"
            ) from error
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
