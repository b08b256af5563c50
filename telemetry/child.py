"""A server as a child process of a Python program or a test."""

from __future__ import annotations

import contextlib
import queue
import subprocess
import sys
import threading
from collections import deque
from typing import IO, TYPE_CHECKING, Self

from telemetry.errors import ServerNotStarted

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import TracebackType

_READY = "ready "
_START_SECONDS = 20.0
_LOG_LINES = 1000
_STOP_SECONDS = 15.0  # above the grace that servers give to what is under way


class ServingProcess:
    """Run a server in a process of its own, which ends when this one does, however it does.

    It goes by the end of its standard input, which children this process forks hold open too.

    Use it as a context manager, or call :meth:`stop` in the end.

    Args:
        module: What ``python -m`` runs. It prints ``ready ADDRESS`` once it takes calls.
        arguments: Its command line; ``--until-stdin-closes`` is added.
        name: What to call the server where it did not start.
        patience: Seconds it may take to start.

    Raises:
        ServerNotStarted: The message has what it wrote to stderr.
    """

    def __init__(
        self,
        module: str,
        arguments: Sequence[str] = (),
        *,
        name: str,
        patience: float = _START_SECONDS,
    ) -> None:
        self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
            [sys.executable, "-m", module, *arguments, "--until-stdin-closes"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            start_new_session=True,  # Ctrl-C is for the parent, which then stops it in order
        )
        self._log: deque[str] = deque(maxlen=_LOG_LINES)
        self._reader = _in_background(self._process.stderr, self._log.append)
        line = self._first_line(patience)
        if not line.startswith(_READY):
            self.kill()
            told = self.log or line.strip() or "it ended without a word"
            raise ServerNotStarted(f"The {name} did not start: {told}")
        self.address = line.removeprefix(_READY).strip()

    def __enter__(self) -> Self:
        """Return the running server."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop the server."""
        self.stop()

    @property
    def pid(self) -> int:
        """Return the process id."""
        return self._process.pid

    def poll(self) -> int | None:
        """Return the code it ended with; None while it runs."""
        return self._process.poll()

    @property
    def log(self) -> str:
        """Return the last lines the server has written to stderr so far."""
        return "".join(self._log).strip()

    @property
    def last_words(self) -> str:
        """Return a paragraph with what it said before it ended; "" where it said nothing."""
        return f"\nWhat it said last:\n{self.log}" if self.log else ""

    def stop(self) -> int:
        """Stop the server in good order and return its exit code; a second call changes nothing.

        What is under way gets a few seconds to end.
        """
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
        return self._end()

    def kill(self) -> None:
        """End the server at once, as a crash would."""
        self._process.kill()
        self._end()

    def _end(self) -> int:
        code = self._process.wait()
        self._reader.join()
        for stream in (self._process.stdin, self._process.stdout, self._process.stderr):
            if stream is not None:
                stream.close()
        return code

    def _first_line(self, patience: float) -> str:
        lines: queue.Queue[str] = queue.Queue(1)

        def keep_first(line: str) -> None:
            with contextlib.suppress(queue.Full):  # it is read on, lest the server is held up
                lines.put_nowait(line)

        _in_background(self._process.stdout, keep_first)
        try:
            return lines.get(timeout=patience)
        except queue.Empty:
            return f"no answer within {patience:.0f} s"


def _in_background(stream: IO[str] | None, use: Callable[[str], object]) -> threading.Thread:
    """Pass every line of a pipe on, and an empty one at its end."""

    def read() -> None:
        if stream is not None:
            for line in stream:
                use(line)
        use("")

    thread = threading.Thread(target=read, name="server-pipe", daemon=True)
    thread.start()
    return thread
