"""Span processors that work apart from the handlers whose spans they process."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor, TracerProvider

from telemetry import processors
from telemetry.diagnostics import strict
from telemetry.processors import DetachedSpanProcessor

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from opentelemetry.context import Context


class Recorder(SpanProcessor):
    """Keep what it gets, once let go."""

    def __init__(self) -> None:
        self.released = threading.Event()
        self.released.set()
        self.begun: list[str] = []
        self.ended: list[str] = []
        self.threads: set[int] = set()
        self.is_shut_down = False

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        self.begun.append(span.name)
        span.set_attribute("begun", value=True)

    def on_end(self, span: ReadableSpan) -> None:
        self.released.wait(timeout=30)
        self.threads.add(threading.get_ident())
        if span.name == "bad":
            raise RuntimeError("a bad span")
        self.ended.append(span.name)

    def shutdown(self) -> None:
        self.is_shut_down = True


@pytest.fixture
def recorder() -> Iterator[Recorder]:
    recorder = Recorder()
    with strict(enabled=False):
        yield recorder
    recorder.released.set()


@pytest.fixture
def emit(recorder: Recorder) -> Iterator[Callable[[str], None]]:
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(DetachedSpanProcessor(recorder))

    def emit(name: str) -> None:
        provider.get_tracer("tests").start_span(name).end()

    emit.flush = provider.force_flush  # type: ignore[attr-defined]
    emit.shutdown = provider.shutdown  # type: ignore[attr-defined]
    yield emit
    recorder.released.set()
    provider.shutdown()


def test_spans_arrive_in_their_order_on_another_thread(
    recorder: Recorder, emit: Callable[[str], None]
) -> None:
    for name in ("a", "b", "c"):
        emit(name)

    assert emit.flush()  # type: ignore[attr-defined]
    assert ["a", "b", "c"] == recorder.begun == recorder.ended
    assert threading.get_ident() not in recorder.threads


def test_a_span_it_fails_on_is_lost_and_no_other(
    recorder: Recorder, emit: Callable[[str], None], caplog: pytest.LogCaptureFixture
) -> None:
    for name in ("a", "bad", "bad", "b"):
        emit(name)

    assert emit.flush()  # type: ignore[attr-defined]
    assert ["a", "b"] == recorder.ended
    assert caplog.text.count("Recorder.on_end failed") == 1


def test_spans_are_dropped_when_too_many_wait(
    recorder: Recorder,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
) -> None:
    monkeypatch.setattr(processors, "_CAPACITY", 3)
    emit = request.getfixturevalue("emit")
    recorder.released.clear()

    for number in range(10):
        emit(str(number))
    assert emit.flush(100) is False
    recorder.released.set()

    assert caplog.text.count("Recorder cannot keep up: spans are dropped") == 1


def test_a_flush_of_one_that_hangs_is_given_up(
    recorder: Recorder, emit: Callable[[str], None]
) -> None:
    recorder.released.clear()
    emit("a")

    assert emit.flush(50) is False  # type: ignore[attr-defined]


def test_shutting_down_processes_what_waits(
    recorder: Recorder, emit: Callable[[str], None]
) -> None:
    emit("a")
    emit.shutdown()  # type: ignore[attr-defined]

    assert recorder.ended == ["a"]
    assert recorder.is_shut_down


def test_shutting_down_one_that_hangs_is_given_up(
    recorder: Recorder,
    emit: Callable[[str], None],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(processors, "_SHUTDOWN_SECONDS", 0.05)
    recorder.released.clear()
    emit("a")
    emit.shutdown()  # type: ignore[attr-defined]

    assert "Recorder did not shut down in time" in caplog.text
