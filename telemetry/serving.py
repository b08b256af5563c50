"""What every server of this project does alike: its loop, and how it is asked to stop.

Servers listen on the loopback interface only, and end on a signal or, for a parent that wants none
to outlive it, at the end of standard input.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import threading
import time
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

HOST: Final = "127.0.0.1"

_LOOK_EVERY: Final = 1.0  # seconds between two looks whether a parent is there


def loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """Return what makes the fastest event loop there is; None for Python's own choice."""
    if sys.platform == "win32":
        return None
    import uvloop  # noqa: PLC0415 - is not there on Windows

    factory: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop
    return factory


def call_when_asked_to_stop(stop: Callable[[], object], *, until_stdin_closes: bool) -> None:
    """Call ``stop``, in the running loop, on SIGINT and SIGTERM.

    Args:
        stop: What to call; perhaps more than once.
        until_stdin_closes: Whether to call it also when standard input ends.
    """
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        # Windows has no handlers in the loop; there Ctrl-C raises KeyboardInterrupt.
        with contextlib.suppress(NotImplementedError):
            loop.add_signal_handler(number, stop)
    if until_stdin_closes:
        _watch_stdin(lambda: loop.call_soon_threadsafe(stop))


def end_with_parent() -> None:
    """End this process, whatever it is doing, when the one that started it has ended."""
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(_LOOK_EVERY)
        os._exit(1)

    threading.Thread(target=watch, name="parent-watch", daemon=True).start()


def _watch_stdin(at_end: Callable[[], object]) -> None:
    def read() -> None:
        # os.read, for a thread inside sys.stdin's own lock would hang the interpreter's exit.
        with contextlib.suppress(OSError):
            while os.read(0, 65536):
                pass
        with contextlib.suppress(RuntimeError):  # the loop has ended before
            at_end()

    threading.Thread(target=read, name="stdin-watch", daemon=True).start()
