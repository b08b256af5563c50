"""Sending what is waiting, within a time that holds."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import logfire
import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

import telemetry
from telemetry.diagnostics import strict
from telemetry.testing import capture_telemetry

if TYPE_CHECKING:
    from collections.abc import Iterator


class SlowProcessor(SpanProcessor):
    """Flush only when let go; count the flushes."""

    def __init__(self) -> None:
        self.entered = threading.Event()
        self.released = threading.Event()
        self.flushes = 0

    def on_end(self, span: ReadableSpan) -> None:
        pass

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        self.flushes += 1
        self.entered.set()
        self.released.wait(timeout=30)
        return True


@pytest.fixture
def slow() -> Iterator[SlowProcessor]:
    processor = SlowProcessor()
    logfire.configure(
        send_to_logfire=False,
        console=False,
        service_version="0",
        metrics=False,
        additional_span_processors=[processor],
    )
    with strict(enabled=False):
        yield processor
    processor.released.set()
    with capture_telemetry():
        pass


def flush_threads() -> int:
    return sum(thread.name == "telemetry-flush" for thread in threading.enumerate())


def test_what_was_recorded_has_been_sent() -> None:
    exporter = InMemorySpanExporter()
    logfire.configure(
        send_to_logfire=False,
        console=False,
        service_version="0",
        metrics=False,
        additional_span_processors=[BatchSpanProcessor(exporter)],
    )
    for number in range(3):
        with trace.get_tracer("tests").start_as_current_span(f"span {number}"):
            pass
        assert telemetry.flush(timeout=10) is True
        assert len(exporter.get_finished_spans()) == number + 1
    with capture_telemetry():
        pass


def test_a_flush_that_hangs_is_given_up(
    slow: SlowProcessor, caplog: pytest.LogCaptureFixture
) -> None:
    began = time.monotonic()

    assert telemetry.flush(timeout=0.05) is False
    assert telemetry.flush(timeout=0.05) is False

    assert time.monotonic() - began < 5
    assert caplog.text.count("telemetry was not sent in time") == 1


def test_flushes_that_hang_hold_one_thread(slow: SlowProcessor) -> None:
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(lambda _: telemetry.flush(timeout=0.05), range(16)))

    assert [False] * 16 == results
    assert flush_threads() == 1


def test_a_flush_that_began_before_is_not_relied_on(slow: SlowProcessor) -> None:
    with ThreadPoolExecutor(6) as pool:
        first = pool.submit(telemetry.flush, 20)
        assert slow.entered.wait(timeout=10)
        rest = [pool.submit(telemetry.flush, 20) for _ in range(5)]
        slow.released.set()
        assert first.result(timeout=20)
        assert all(flush.result(timeout=20) for flush in rest)

    # One for the first; the others, which came while it ran, needed at least one more, and shared.
    assert 2 <= slow.flushes <= 6


@pytest.mark.parametrize("timeout", [0, -1, float("nan")])
def test_no_time_is_not_enough(timeout: float, slow: SlowProcessor) -> None:
    assert telemetry.flush(timeout) is False


def test_an_exporter_that_raises_is_logged(
    slow: SlowProcessor, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(timeout_millis: int = 30_000) -> bool:
        raise RuntimeError("the exporter is broken")

    monkeypatch.setattr(slow, "force_flush", fail)

    assert telemetry.flush(timeout=10) is False
    assert "flushing telemetry failed" in caplog.text
    assert "the exporter is broken" in caplog.text
