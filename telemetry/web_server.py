"""A web application as a process's main work: listened for, announced, stopped in good order."""

from __future__ import annotations

import asyncio
import gc
import socket
from typing import TYPE_CHECKING, Any, Final

import uvicorn

from telemetry.errors import PortUnusable, ServerNotStarted
from telemetry.serving import HOST, call_when_asked_to_stop, loop_factory

if TYPE_CHECKING:
    from collections.abc import Callable

_BACKLOG: Final = 1024
_GRACE: Final = 5
"""Seconds that requests under way get when the server stops."""


def listen(port: int) -> socket.socket:
    """Return a socket that listens on the loopback interface.

    Args:
        port: The port; 0 picks a free one.

    Raises:
        PortUnusable: It cannot be listened on.
    """
    try:
        return socket.create_server((HOST, port), backlog=_BACKLOG)
    except OSError as error:
        raise PortUnusable(
            f"Port {port} of {HOST} cannot be listened on: {error.strerror}. Give another --port,"
            " or --port 0 to have a free one picked"
        ) from error


def address_of(listener: socket.socket) -> str:
    """Return the URL that a socket of ``listen`` is reached at."""
    return f"http://{HOST}:{listener.getsockname()[1]}"


class WebServer(uvicorn.Server):
    """Serve an ASGI application until a signal, or the end of standard input, asks to stop.

    Args:
        app: The application.
        ready: Called once it takes requests; never where it is asked to stop before.
        until_stdin_closes: Whether to stop when standard input ends.
    """

    def __init__(
        self, app: Any, *, ready: Callable[[], object], until_stdin_closes: bool = False
    ) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                http="httptools",
                ws="none",
                access_log=False,
                log_level="warning",
                timeout_graceful_shutdown=_GRACE,
                server_header=False,
            )
        )
        self._ready = ready
        self._until_stdin_closes = until_stdin_closes

    def serve_on(self, listener: socket.socket) -> None:
        """Serve on a socket of ``listen``.

        Raises:
            ServerNotStarted: The application did not open; stderr has why.
        """
        with asyncio.Runner(loop_factory=loop_factory()) as runner:
            runner.run(self.serve(sockets=[listener]))

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to serve."""
        try:
            await super().startup(sockets)
        except SystemExit as error:  # how uvicorn says that the application did not open
            raise ServerNotStarted(
                "the pages could not be opened: the error above says why; to be reported"
            ) from error
        # In place of uvicorn's own handlers, which raise the signal again when all is done.
        call_when_asked_to_stop(self.stop, until_stdin_closes=self._until_stdin_closes)
        # What is there now stays: the collector need not look at it ever again.
        gc.collect()
        gc.freeze()
        if not self.should_exit:
            self._ready()

    def stop(self) -> None:
        """Ask it to stop; from any thread."""
        self.should_exit = True
