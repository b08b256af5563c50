"""Send what is waiting to be sent, within a time that holds.

A function's instance may be frozen or taken away once it has answered, so what is buffered has to
leave before that; but the SDK's own flush ignores its timeout while an exporter waits for the
network. So it runs on a thread that can be given up.
"""

from __future__ import annotations

import math
import os
import sys
import threading
import time
from typing import Final

from telemetry.diagnostics import Guard, report

_DEFAULT_TIMEOUT: Final = 5.0
"""Seconds. Cloud Tasks waits 15 seconds at the least for an answer."""

_FLUSHING: Final = Guard("flushing telemetry failed", "some may not have been sent")


class _Flush:
    """Run one flush on a thread of its own."""

    def __init__(self, timeout: float) -> None:
        self.began = time.monotonic()
        self.succeeded = False
        self._timeout = timeout
        self._done = threading.Event()

    def start(self) -> None:
        # A daemon: a flush that hangs must not keep the process alive.
        threading.Thread(target=self._run, name="telemetry-flush", daemon=True).start()

    def wait(self, seconds: float) -> bool:
        return self._done.wait(seconds)

    @property
    def is_done(self) -> bool:
        return self._done.is_set()

    def _run(self) -> None:
        try:
            with _FLUSHING:
                logfire = sys.modules["logfire"]
                self.succeeded = logfire.force_flush(timeout_millis=int(self._timeout * 1_000))
        finally:
            self._done.set()


class _Flusher:
    """Start flushes, one at a time."""

    def __init__(self) -> None:
        self._latest: _Flush | None = None
        self.renew()
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self.renew)

    def renew(self) -> None:
        """Begin anew: neither threads nor locks held by them survive a fork."""
        self._lock = threading.Lock()
        self._latest = None

    def flush(self, seconds: float) -> bool:
        arrived = time.monotonic()
        while (left := arrived + seconds - time.monotonic()) > 0:
            with self._lock:
                current = self._latest
                if current is None or current.is_done:
                    current = self._latest = _Flush(left)
                    current.start()
            if not current.wait(left):
                return False
            if current.began >= arrived:
                return current.succeeded
            # It had begun before this call, and may have missed what came in between: once more.
        return False


_flusher: Final = _Flusher()


def flush(timeout: float = _DEFAULT_TIMEOUT) -> bool:
    """Send all spans and metrics that are waiting. Never raises.

    Calls that overlap share their work, so that a hanging exporter holds one thread, not one per
    request. The thread is given up after the timeout, and goes on in the background.

    Args:
        timeout: Seconds after which this returns in any case.

    Returns:
        Whether all exporters were through in time. What they could not deliver they log themselves.
    """
    if "logfire" not in sys.modules:
        return True  # nothing was ever configured
    with _FLUSHING:
        seconds = timeout if math.isfinite(timeout) and timeout > 0 else 0.0
        if _flusher.flush(seconds):
            return True
        report("telemetry was not sent in time", "it stays buffered, and may be lost")
    return False
