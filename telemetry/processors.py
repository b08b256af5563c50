"""Let span processors work apart from the handlers whose spans they process."""

from __future__ import annotations

import os
import queue
import threading
from typing import TYPE_CHECKING, Final

from opentelemetry.sdk.trace import SpanProcessor

from telemetry.diagnostics import Guard, report

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.sdk.trace import ReadableSpan, Span

_CAPACITY: Final = 2_048
"""Spans that may wait: the default of OpenTelemetry's own batch processor."""

_SHUTDOWN_SECONDS: Final = 2.0
"""How long the end of the process may be held up."""


class DetachedSpanProcessor(SpanProcessor):
    """Run another processor's ``on_end`` on a thread of its own.

    What that one raises is logged once; while it hangs, spans wait, and when too many do, the new
    ones are dropped. Its ``on_start`` may change the span and so runs at once, but guarded.

    Args:
        processor: The other one.
    """

    def __init__(self, processor: SpanProcessor) -> None:
        name = type(processor).__name__
        self._processor = processor
        self._name = name
        self._starting = Guard(f"{name}.on_start failed", "the span goes without it")
        self._ending = Guard(f"{name}.on_end failed", "the span is lost to it")
        self._stopping = Guard(f"{name}.shutdown failed", "spans may be lost to it")
        self._flushing = Guard(f"{name}.force_flush failed", "spans may be lost to it")
        self._pid = 0
        self._is_shut_down = False
        self._restart()

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        """Pass on that a span has begun."""
        with self._starting:
            self._processor.on_start(span, parent_context)

    def on_end(self, span: ReadableSpan) -> None:
        """Leave a span to the thread; never waits."""
        if self._is_shut_down:
            return
        if self._pid != os.getpid():
            self._restart()  # threads do not survive a fork
        try:
            self._waiting.put_nowait(span)
        except queue.Full:
            report(f"{self._name} cannot keep up", "spans are dropped")

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Wait until the spans left so far have been processed, and flush the processor."""
        if self._is_shut_down:
            return True
        reached = threading.Event()
        try:
            self._waiting.put_nowait(reached)
        except queue.Full:
            return False
        if not reached.wait(timeout_millis / 1_000):
            return False
        with self._flushing:
            return self._processor.force_flush(timeout_millis)
        return False

    def shutdown(self) -> None:
        """Process what is waiting, within a bound, and shut the processor down."""
        if self._is_shut_down:
            return
        is_through = self.force_flush(int(_SHUTDOWN_SECONDS * 1_000))
        self._is_shut_down = True
        if not is_through:
            report(f"{self._name} did not shut down in time", "spans are lost to it")
            return
        with self._stopping:
            self._waiting.put_nowait(None)  # ends the thread
            self._processor.shutdown()

    def _restart(self) -> None:
        self._pid = os.getpid()
        self._waiting: queue.Queue[ReadableSpan | threading.Event | None] = queue.Queue(_CAPACITY)
        threading.Thread(
            target=self._work, args=(self._waiting,), name=f"telemetry-{self._name}", daemon=True
        ).start()

    def _work(self, waiting: queue.Queue[ReadableSpan | threading.Event | None]) -> None:
        while (item := waiting.get()) is not None:
            if isinstance(item, threading.Event):
                item.set()
                continue
            with self._ending:
                self._processor.on_end(item)
