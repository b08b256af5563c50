"""A thread that looks after something every so often."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final

from telemetry.errors import StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable

_PAUSE: Final = 5.0
"""Seconds before it is tried again where it failed."""


class Loop:
    """Call a function again and again, in a thread of its own, until it is stopped.

    What it raises is told once, and it is called again: whatever is wrong may end.

    Args:
        name: What it does.
        look: What is called; returns the seconds until the next time.
        say: Called with what the user should know of.
    """

    def __init__(self, name: str, look: Callable[[], float], say: Callable[[str], object]) -> None:
        self._name = name
        self._look = look
        self._say = say
        self._told = ""
        self._awake = threading.Event()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def wake(self) -> None:
        """Let it look now."""
        self._awake.set()

    def stop(self) -> None:
        """Let it end, and wait for that; nothing happens if it has not begun."""
        self._stopped.set()
        self._awake.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while not self._stopped.is_set():
            self._awake.wait(self._look_once())
            self._awake.clear()

    def _look_once(self) -> float:
        try:
            seconds = self._look()
        except StoreUnavailable as error:
            self._tell(str(error))
        except Exception as error:  # noqa: BLE001 - the alerts go on, whatever the bug
            self._tell(f"a bug of the emulator, {type(error).__name__}: {error}")
        else:
            self._told = ""
            return seconds
        return _PAUSE

    def _tell(self, message: str) -> None:
        if message != self._told:
            self._told = message
            self._say(f"{self._name}: {message}")
