"""The decoding processes, from the server's side."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Self

from telemetry.emulator.intake.requests import Declined
from telemetry.emulator.processes import Pool, WorkerProcess
from telemetry.errors import StoreUnavailable

if TYPE_CHECKING:
    from types import TracebackType

    from telemetry.emulator.intake.requests import IngestRequest, Taken

_PATIENCE: Final = 60.0
"""Seconds; a body of the largest size takes two or three."""

_MODULE: Final = "telemetry.emulator.intake.worker"


class Decoders:
    """Lend decoding processes, and replace those that break down; a context manager.

    Args:
        count: How many there are.
    """

    def __init__(self, count: int) -> None:
        self._pool = Pool(lambda: WorkerProcess(_MODULE), count)

    def decode(self, request: IngestRequest) -> Taken | Declined:
        """Have a request decoded, when a process is free.

        Raises:
            StoreUnavailable: The emulator is about to stop.
        """
        try:
            with self._pool.lend() as process:
                return _ask(process, request)
        except (EOFError, OSError) as error:  # a TimeoutError is one
            if self._pool.closed:
                raise StoreUnavailable("the emulator is about to stop") from error
            # Not to be tried again as it is: it would end the next process, too.
            return Declined(
                413,
                f"decoding the body took longer than {_PATIENCE:.0f} s, or ended its process; send"
                " fewer items at a time",
            )

    def close(self) -> None:
        """End all processes."""
        self._pool.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def _ask(process: WorkerProcess, request: IngestRequest) -> Taken | Declined:
    """Have a request decoded.

    Raises:
        TimeoutError: There is no answer in time.
        OSError: The process has ended.
        EOFError: The same.
    """
    process.send(request)
    if not process.poll(_PATIENCE):
        raise TimeoutError
    answer: Taken | Declined = process.receive()
    return answer
