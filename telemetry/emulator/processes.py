"""Processes that work for the server, and the pools that lend them.

A process is asked over a socket of its own, and ends when that does, so it never outlives the
server. What is asked and answered is pickled, between two copies of the same program.
"""

from __future__ import annotations

import contextlib
import os
import queue
import subprocess
import sys
import threading
from multiprocessing.connection import Pipe
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class WorkerProcess:
    """Run one of our modules as a process: ``python -m MODULE DESCRIPTOR ARGUMENTS``.

    Args:
        module: Its name.
        arguments: What it is given beside the number of its socket.
    """

    def __init__(self, module: str, *arguments: str) -> None:
        self._connection, theirs = Pipe()
        self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
            [sys.executable, "-m", module, str(theirs.fileno()), *arguments],
            pass_fds=(theirs.fileno(),),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C is for the server, which ends its workers in order
        )
        theirs.close()

    @property
    def pid(self) -> int:
        """The number of the process."""
        return self._process.pid

    def send(self, message: Any) -> None:
        """Ask for something.

        Raises:
            OSError: The process has ended.
        """
        self._connection.send(message)

    def poll(self, seconds: float) -> bool:
        """Wait for an answer so long, and return whether there is one, or the process ended."""
        return self._connection.poll(seconds)

    def receive(self) -> Any:
        """Return the answer, waiting for it.

        Raises:
            EOFError: The process has ended.
            OSError: The same.
        """
        return self._connection.recv()

    def memory(self) -> int:
        """Return the bytes the process holds; 0 where the system does not tell."""
        try:
            # https://man7.org/linux/man-pages/man5/proc_pid_statm.5.html
            pages = Path(f"/proc/{self.pid}/statm").read_text(encoding="ascii").split()
        except OSError:
            return 0
        return int(pages[1]) * os.sysconf("SC_PAGE_SIZE")

    def end(self) -> None:
        """End the process, whatever it is doing."""
        self._process.kill()
        self._process.wait()
        self._connection.close()


class Ending(Protocol):
    """What a pool lends."""

    def end(self) -> None:
        """End, whatever it is doing."""


Lent = TypeVar("Lent", bound=Ending)


class Pool(Generic[Lent]):
    """Lend workers, one at a time each, and replace those that break down.

    Args:
        make: Makes a worker.
        count: How many there are.
    """

    def __init__(self, make: Callable[[], Lent], count: int) -> None:
        self._make = make
        self._lock = threading.Lock()
        self.closed = False
        self._all = {make() for _ in range(count)}
        # In turns, so that one just started has time to get ready.
        self._idle: queue.Queue[Lent] = queue.Queue()
        for worker in self._all:
            self._idle.put(worker)

    @property
    def all(self) -> frozenset[Lent]:
        """The workers as they are now."""
        with self._lock:
            return frozenset(self._all)

    @contextlib.contextmanager
    def lend(self, seconds: float | None = None) -> Iterator[Lent]:
        """Lend a worker, waiting for one if all are busy.

        One that is given back with an exception is ended and replaced: there may be half an answer
        on its way.

        Args:
            seconds: How long to wait; None for as long as it takes.

        Raises:
            TimeoutError: None came free in time.
        """
        try:
            worker = self._idle.get(timeout=seconds)
        except queue.Empty:
            raise TimeoutError from None
        try:
            yield worker
        except BaseException:
            worker = self._replace(worker)
            raise
        finally:
            self._idle.put(worker)

    def close(self) -> None:
        """End all workers; what they are asked for fails."""
        with self._lock:
            self.closed = True
            for worker in self._all:
                worker.end()
            self._all.clear()

    def _replace(self, broken: Lent) -> Lent:
        broken.end()
        with self._lock:
            self._all.discard(broken)
            if self.closed:
                return broken
            fresh = self._make()
            self._all.add(fresh)
            return fresh
