"""The emulator as a process: put together, served, and stopped in good order."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import socket
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

import uvicorn

from telemetry.emulator.address import FOLDER, announced
from telemetry.emulator.engine import Engine
from telemetry.emulator.http.app import make_app
from telemetry.emulator.intake import Decoders
from telemetry.emulator.management import Management
from telemetry.emulator.memory import keep_freed_memory
from telemetry.emulator.store import Store, StoreOptions
from telemetry.errors import PortUnusable
from telemetry.serving import HOST, call_when_asked_to_stop, loop_factory

if TYPE_CHECKING:
    from collections.abc import Callable

    from telemetry.emulator.engine import Limits

_BACKLOG: Final = 1024
_GRACE: Final = 5
"""Seconds that requests under way get when the emulator stops."""


@dataclass(frozen=True, slots=True)
class Options:
    """Hold how the emulator is run.

    Args:
        port: The port to listen on; 0 picks a free one.
        data: The folder that survives; None for a temporary one.
        token: The only one that is let in; None lets any in.
        store: How telemetry is kept.
        limits: What a query may take.
        decoders: How many processes decode what is sent.
        until_stdin_closes: Whether to stop when standard input ends.
    """

    port: int = 0
    data: Path | None = None
    token: str | None = field(default=None, repr=False)
    store: StoreOptions = field(default_factory=StoreOptions)
    limits: Limits | None = None
    decoders: int = 2
    until_stdin_closes: bool = False


def run(options: Options, *, ready: Callable[[str], object], say: Callable[[str], object]) -> None:
    """Serve until a signal, or the end of standard input, asks to stop.

    Args:
        options: How the emulator is run.
        ready: Called with its URL once it takes requests.
        say: Called with what its user should know of.

    Raises:
        EmulatorError: The folder or the port cannot be used.
    """
    keep_freed_memory()
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(_listen(options.port))
        data = options.data or Path(
            stack.enter_context(tempfile.TemporaryDirectory(prefix="mystage-logfire-"))
        )
        store = stack.enter_context(Store(data / FOLDER, options.store, say=say))
        # After the store, which holds the folder for this process alone.
        management = stack.enter_context(Management(data / FOLDER))
        decoders = stack.enter_context(Decoders(options.decoders))
        engine = stack.enter_context(Engine(store, options.limits))
        config = uvicorn.Config(
            make_app(store, decoders, engine, management, token=options.token),
            http="httptools",
            ws="none",
            access_log=False,
            log_level="warning",
            timeout_graceful_shutdown=_GRACE,
            server_header=False,
        )
        url = f"http://{HOST}:{listener.getsockname()[1]}"
        stack.enter_context(announced(data, url))
        with asyncio.Runner(loop_factory=loop_factory()) as runner:
            server = _Server(
                config,
                ready=lambda: ready(url),
                until_stdin_closes=options.until_stdin_closes,
            )
            runner.run(server.serve(sockets=[listener]))


class _Server(uvicorn.Server):
    """Say when it takes requests, and be asked to stop as our servers are.

    Args:
        config: As of its base class.
        ready: Called once it takes requests.
        until_stdin_closes: Whether to stop when standard input ends.
    """

    def __init__(
        self, config: uvicorn.Config, *, ready: Callable[[], object], until_stdin_closes: bool
    ) -> None:
        super().__init__(config)
        self._ready = ready
        self._until_stdin_closes = until_stdin_closes

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to serve."""
        await super().startup(sockets)
        # In place of uvicorn's own handlers, which raise the signal again when all is done.
        call_when_asked_to_stop(self._stop, until_stdin_closes=self._until_stdin_closes)
        # What is there now stays: the collector need not look at it ever again.
        gc.collect()
        gc.freeze()
        self._ready()

    def _stop(self) -> None:
        self.should_exit = True


def _listen(port: int) -> socket.socket:
    try:
        return socket.create_server((HOST, port), backlog=_BACKLOG)
    except OSError as error:
        raise PortUnusable(
            f"Port {port} of {HOST} cannot be listened on: {error.strerror}. Give another --port,"
            " or none to have a free one picked"
        ) from error
