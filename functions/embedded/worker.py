"""Processes that serve the functions: ``python -m functions.embedded.worker FD PROCESSES``.

The first process imports everything once, reads from standard input which variables say where the
emulators are, and forks the others, which share what it imported and accept on one listening socket
that the parent opened. It then only waits, and replaces a process that died under its task. All of
them end when standard input is closed, so that a parent that is killed takes them along.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import os
import select
import signal
import socket
import sys
import threading
import time
from collections import deque
from importlib import import_module
from typing import TYPE_CHECKING, Final

import uvicorn

import telemetry
from functions.embedded.assembly import assemble_runtime, make_dispatcher
from functions.embedded.server import make_app
from functions.pipeline import Pipeline
from functions.runtime.endpoints import load_endpoint
from functions.runtime.handlers import load_handler, load_payload
from functions.runtime.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from functions.runtime.runtime import Runtime

THREADS: Final = 12
"""Tasks a process runs at once: enough to wait for slow servers, few enough to share a core."""

_DEATHS: Final = 20
_DEATHS_SECONDS: Final = 10.0
"""So many deaths within so many seconds are no matter of single tasks any more."""

_IMPORTED_LATE: Final = ("google.cloud.tasks_v2", "trafilatura", "sqlalchemy.dialects.sqlite")
"""What handlers import when they need it, so that a cold start in the cloud goes without."""

_FLUSH_SECONDS: Final = 5.0
_GRACE_SECONDS: Final = 5.0
_STDIN: Final = 0


def main(arguments: list[str]) -> None:
    """Serve until standard input is closed."""
    descriptor, processes = map(int, arguments)
    preload()
    environment = read_line(_STDIN)
    if not environment:
        return  # the run ended before it began
    os.environ.update(json.loads(environment))
    deaths: deque[float] = deque(maxlen=_DEATHS)
    with wakeup_on_death() as wakeup:
        children = {fork_server(descriptor) for _ in range(processes)}
        while _STDIN not in select.select([_STDIN, wakeup], [], [])[0]:
            os.read(wakeup, 1024)
            for pid in reap(children):
                children.remove(pid)
                deaths.append(time.monotonic())
                if len(deaths) == _DEATHS and deaths[-1] - deaths[0] < _DEATHS_SECONDS:
                    sys.exit(f"{_DEATHS} workers died within {_DEATHS_SECONDS:.0f} seconds")
                children.add(fork_server(descriptor))
    for pid in children:
        os.waitpid(pid, 0)


def read_line(descriptor: int) -> str:
    """Read one line, and nothing behind it; empty at the end of input."""
    line = b""
    while not line.endswith(b"\n"):
        character = os.read(descriptor, 1)
        if not character:
            return ""
        line += character
    return line.decode().strip()


def preload() -> None:
    """Import whatever tasks need, before there is a thread or a connection."""
    for module in _IMPORTED_LATE:
        import_module(module)
    pipeline = Pipeline()
    for stage in pipeline.queued:
        load_handler(stage)
        load_payload(stage)
    for endpoint in pipeline.endpoints.values():
        load_endpoint(endpoint)
    gc.collect()
    gc.freeze()


def fork_server(descriptor: int) -> int:
    """Start a serving process; returns its id in the first process, and never in the new one."""
    pid = os.fork()
    if pid:
        return pid
    try:
        serve(descriptor)
    except BaseException:  # noqa: BLE001 - the fork must not go on as its parent
        sys.excepthook(*sys.exc_info())
        os._exit(1)
    os._exit(0)


def serve(descriptor: int) -> None:
    """Serve the functions in this process until standard input is closed."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.set_wakeup_fd(-1)
    telemetry.configure("mystage", environment="local")
    settings = Settings()
    runtime = assemble_runtime(settings, make_dispatcher(settings))
    server = uvicorn.Server(
        uvicorn.Config(
            make_app(runtime, threads=THREADS),
            log_level="warning",
            access_log=False,
        )
    )

    def stop_at_end_of_input() -> None:
        while os.read(_STDIN, 1024):
            pass
        server.should_exit = True
        time.sleep(_GRACE_SECONDS)
        # What is still under way is delivered again: no error, as uvicorn would call it.
        end(runtime)
        os._exit(0)

    threading.Thread(target=stop_at_end_of_input, daemon=True).start()
    asyncio.run(server.serve(sockets=[socket.socket(fileno=descriptor)]))
    end(runtime)


def end(runtime: Runtime) -> None:
    """Close what is open, and send what telemetry there is."""
    runtime.store.close()
    telemetry.flush(_FLUSH_SECONDS)


@contextlib.contextmanager
def wakeup_on_death() -> Iterator[int]:
    """Give a descriptor that becomes readable when a child has died."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    signal.set_wakeup_fd(writer)
    signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
    try:
        yield reader
    finally:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.close(reader)
        os.close(writer)


def reap(children: set[int]) -> Iterator[int]:
    """Give the ids of the children that have died, and say so."""
    for pid in list(children):
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            code = os.waitstatus_to_exitcode(status)
            sys.stderr.write(f"worker {pid} ended with {code}; its tasks are delivered again\n")
            yield pid


if __name__ == "__main__":
    main(sys.argv[1:])
