"""The emulator as a process: put together, served, and stopped in good order."""

from __future__ import annotations

import asyncio
import gc
import sqlite3
from dataclasses import dataclass
from typing import TYPE_CHECKING

import grpc

from functions.emulator.clock import SystemClock
from functions.emulator.courier import Courier
from functions.emulator.dispatcher import Dispatcher
from functions.emulator.registry import Registry
from functions.emulator.service import CloudTasksService
from functions.emulator.store import TaskStore
from functions.emulator.writer import Writer
from functions.errors import EmulatorError
from telemetry.serving import HOST, call_when_asked_to_stop, loop_factory

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from functions.emulator.clock import Clock

# Room for a batch of a hundred tasks; gRPC's own limit is 4 MiB.
_MAX_REQUEST = 16 * 2**20
_GRACE = 5.0  # seconds that deliveries under way get when the emulator stops
_LAST_CALLS = 0.5  # seconds that calls get then: they wait for a commit at most
_PRUNE_SECONDS = 60.0
_PRUNE_ROWS = 2000  # a prune is one job among others and must not hold them up
# Files and sockets kept back from deliveries: the store, clients, name lookups.
_RESERVED_FILES = 200
_FEWEST_DELIVERIES, _MOST_DELIVERIES = 50, 5000


@dataclass(frozen=True, slots=True)
class Options:
    """Hold how the emulator is run.

    Args:
        port: The port to listen on; 0 picks a free one.
        data: The folder that survives; None for a temporary one.
        until_stdin_closes: Whether to stop when standard input ends.
    """

    port: int = 0
    data: Path | None = None
    until_stdin_closes: bool = False


class Emulator:
    """Serve Cloud Tasks on a loopback port; needs a running event loop.

    Args:
        options: How it is run.
        say: Where its messages go.
        clock: What time it is.
    """

    def __init__(
        self, options: Options, *, say: Callable[[str], object], clock: Clock | None = None
    ) -> None:
        self._say = say
        self._options = options
        self._clock = clock or SystemClock()
        self._stopping = asyncio.Event()
        self._failure: BaseException | None = None

    async def start(self) -> str:
        """Open the data folder, listen, and start delivering.

        Returns:
            The address, ``127.0.0.1:PORT``.

        Raises:
            EmulatorError: The folder or the port cannot be used.
        """
        store = TaskStore(self._options.data)
        try:
            registry = Registry()
            queues = registry.load(store, ticks=self._clock.monotonic())
            last_key = store.last_key()
            server, port = _listen(self._options.port)
        except BaseException:
            store.close()
            raise
        self._server = server
        self._writer = Writer(store, on_failure=self.fail)
        self._courier = Courier()
        self._dispatcher = Dispatcher(
            writer=self._writer,
            courier=self._courier,
            clock=self._clock,
            room=_delivery_room(),
            last_key=last_key,
            say=self._say,
            on_failure=self.fail,
        )
        self._service = CloudTasksService(
            registry=registry, dispatcher=self._dispatcher, writer=self._writer, clock=self._clock
        )
        server.add_generic_rpc_handlers((self._service,))
        await server.start()
        for queue in queues:
            self._dispatcher.wake(queue)
        self._pruning = asyncio.create_task(self._prune())
        self._pruning.add_done_callback(self._pruned)
        return f"{HOST}:{port}"

    async def stop(self) -> None:
        """Take no more calls, let what is under way end, and make it durable."""
        self._pruning.cancel()
        self._service.close()
        await self._dispatcher.stop(grace=_GRACE)
        await self._server.stop(_LAST_CALLS)
        await self._writer.close()
        await self._courier.close()

    def ask_to_stop(self) -> None:
        """End :meth:`wait` soon."""
        self._stopping.set()

    def fail(self, error: BaseException) -> None:
        """End :meth:`wait` soon, with this error."""
        self._failure = self._failure or error
        self._stopping.set()

    async def wait(self) -> None:
        """Wait until the emulator is asked to stop.

        Raises:
            EmulatorError: The data folder could not be written any more.
            BaseException: A bug broke the emulator.
        """
        await self._stopping.wait()
        if isinstance(self._failure, sqlite3.Error):
            raise EmulatorError(
                f"The data folder could not be written: {self._failure}. What was accepted before "
                "is kept; make room and start the emulator again."
            ) from self._failure
        if self._failure is not None:
            raise self._failure

    async def _prune(self) -> None:
        while True:
            pruned = await self._writer.submit(
                lambda store: store.prune(self._clock.wall(), count=_PRUNE_ROWS)
            )
            await asyncio.sleep(0 if pruned >= _PRUNE_ROWS else _PRUNE_SECONDS)

    def _pruned(self, pruning: asyncio.Task[None]) -> None:
        if not pruning.cancelled() and (error := pruning.exception()) is not None:
            self.fail(error)


def run(options: Options, *, ready: Callable[[str], object], say: Callable[[str], object]) -> None:
    """Serve until a signal, or the end of standard input, asks to stop.

    Args:
        options: How the emulator is run.
        ready: Called with the address once it takes calls.
        say: Called with what its user should know of.

    Raises:
        EmulatorError: The folder or the port cannot be used, or the folder not any more.
    """
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        runner.run(_serve(options, ready, say))


async def _serve(
    options: Options, ready: Callable[[str], object], say: Callable[[str], object]
) -> None:
    emulator = Emulator(options, say=say)
    address = await emulator.start()
    try:
        call_when_asked_to_stop(emulator.ask_to_stop, until_stdin_closes=options.until_stdin_closes)
        # What is there now stays: the collector need not look at it ever again.
        gc.collect()
        gc.freeze()
        ready(address)
        await emulator.wait()
    finally:
        await emulator.stop()


def _listen(port: int) -> tuple[grpc.aio.Server, int]:
    server = grpc.aio.server(
        options=[
            # Without this a second emulator would share the port in silence.
            ("grpc.so_reuseport", 0),
            ("grpc.max_receive_message_length", _MAX_REQUEST),
        ]
    )
    try:
        bound = server.add_insecure_port(f"{HOST}:{port}")
    except RuntimeError as error:
        raise _port_error(port) from error
    if not bound:
        raise _port_error(port)
    return server, bound


def _port_error(port: int) -> EmulatorError:
    return EmulatorError(
        f"Port {port} of {HOST} cannot be listened on: it is in use. Give another --port, or none "
        "to have a free one picked."
    )


def _delivery_room() -> int:
    """Return how many deliveries may run at a time, each of which takes a socket."""
    try:
        import resource  # noqa: PLC0415 - is not there on Windows
    except ImportError:
        return _FEWEST_DELIVERIES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _MOST_DELIVERIES + _RESERVED_FILES
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    if soft == resource.RLIM_INFINITY:
        return _MOST_DELIVERIES
    return max(_FEWEST_DELIVERIES, min(soft - _RESERVED_FILES, _MOST_DELIVERIES))
