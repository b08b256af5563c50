"""Nothing in telemetry may break a handler, whatever fails, hangs or comes from outside."""

from __future__ import annotations

import inspect
import logging
import sys
import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NoReturn

import logfire
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from opentelemetry import context as otel_context
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

import telemetry
from telemetry import Delivery, configuration, current_run, delivery, instrumented_stage
from telemetry.diagnostics import strict
from telemetry.testing import capture_telemetry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from telemetry.testing import CapturedTelemetry

SPAN = "process extraction"

stage = instrumented_stage("extraction", service="agents")


@stage
def handler(data: object) -> object:
    current_run().found("venues")
    return data


@pytest.fixture
def configure() -> Iterator[Callable[..., None]]:
    """Configure Logfire with whatever a test needs, and undo it."""

    def configure(**options: Any) -> None:
        logfire.configure(
            send_to_logfire=False, console=False, service_version="0", metrics=False, **options
        )

    with strict(enabled=False):
        yield configure
    with capture_telemetry():
        pass  # leaves Logfire configured to do nothing


class FailingProcessor(SpanProcessor):
    """Raise where it is told to."""

    def __init__(self, where: str) -> None:
        self._where = where

    def on_start(self, span: Span, parent_context: otel_context.Context | None = None) -> None:
        if self._where == "on_start":
            raise RuntimeError("on_start is broken")

    def on_end(self, span: ReadableSpan) -> None:
        if self._where == "on_end":
            raise RuntimeError("on_end is broken")


@pytest.mark.parametrize("where", ["on_start", "on_end"])
def test_a_processor_that_raises_is_logged_once(
    where: str, configure: Callable[..., None], caplog: pytest.LogCaptureFixture
) -> None:
    configure(additional_span_processors=[FailingProcessor(where)])

    assert [handler(1), handler(2), handler(3)] == [1, 2, 3]

    (record,) = [record for record in caplog.records if record.name == "telemetry"]
    assert record.levelno == logging.WARNING
    assert "Handlers are not affected" in record.getMessage()
    assert record.exc_info is not None
    assert str(record.exc_info[1]) == f"{where} is broken"


@pytest.mark.parametrize("where", ["on_start", "on_end"])
def test_a_processor_that_raises_does_not_hide_the_handlers_exception(
    where: str, configure: Callable[..., None]
) -> None:
    configure(additional_span_processors=[FailingProcessor(where)])

    error = ValueError("the handler's own")

    @stage
    def fail(_data: object) -> None:
        raise error

    with pytest.raises(ValueError, match="the handler's own") as raised:
        fail(1)
    assert raised.value is error
    assert error.__context__ is None


@pytest.mark.parametrize("where", ["on_start", "on_end"])
def test_a_processor_that_raises_leaves_no_context_behind(
    where: str, configure: Callable[..., None]
) -> None:
    configure(additional_span_processors=[FailingProcessor(where)])
    before = otel_context.get_current()

    handler(1)

    assert before == otel_context.get_current()


@pytest.mark.parametrize("where", ["on_start", "on_end"])
def test_a_producers_block_runs_though_its_span_cannot(
    where: str, configure: Callable[..., None]
) -> None:
    configure(additional_span_processors=[FailingProcessor(where)])
    sent = []

    with telemetry.producer_span("extraction-queue") as ctx:
        sent.append(ctx)

    assert len(sent) == 1
    assert isinstance(telemetry.message_context("extraction-queue"), dict)


class HangingExporter(SpanExporter):
    """Wait for the test to let it go."""

    def __init__(self) -> None:
        self.entered = threading.Event()
        self.released = threading.Event()

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        self.entered.set()
        self.released.wait(timeout=30)
        return SpanExportResult.SUCCESS


@pytest.fixture
def hanging() -> Iterator[HangingExporter]:
    exporter = HangingExporter()
    yield exporter
    exporter.released.set()


class HangingProcessor(SpanProcessor):
    """Do the exporting on the thread that ends the span, as SimpleSpanProcessor does."""

    def __init__(self, exporter: HangingExporter) -> None:
        self._exporter = exporter

    def on_end(self, span: ReadableSpan) -> None:
        self._exporter.export((span,))


@pytest.mark.parametrize("processor", [BatchSpanProcessor, HangingProcessor])
def test_an_exporter_that_hangs_holds_no_handler_up(
    processor: Callable[[Any], SpanProcessor],
    configure: Callable[..., None],
    hanging: HangingExporter,
) -> None:
    telemetry.configure("agents", "0", send_to_logfire=False, span_processors=[processor(hanging)])
    try:
        assert handler(1) == 1
        assert telemetry.flush(timeout=0.05) is False
        assert hanging.entered.wait(timeout=10)
        assert handler(2) == 2
    finally:
        hanging.released.set()
        configuration.forget()


class Evil:
    """Raise whatever is asked of it."""

    def __getattr__(self, name: str) -> NoReturn:
        raise RuntimeError(name)

    def __str__(self) -> str:
        raise RuntimeError("no text")

    __repr__ = __str__


class EvilMapping(Mapping[str, Any]):
    def __getitem__(self, key: str) -> NoReturn:
        raise RuntimeError(key)

    def __iter__(self) -> NoReturn:
        raise RuntimeError("no keys")

    def __len__(self) -> NoReturn:
        raise RuntimeError("no length")


@pytest.mark.parametrize(
    ("ctx", "why"),
    [
        ("00-" + "1" * 32 + "-" + "1" * 16 + "-01", "not a mapping"),
        (17, "not a mapping"),
        ([], "not a mapping"),
        (False, "not a mapping"),
        pytest.param(Evil(), "not a mapping", id="evil"),
        pytest.param(EvilMapping(), "unreadable: RuntimeError", id="evil mapping"),
        ({"other": 1}, "no traceparent"),
        ({"traceparent": 1}, "malformed traceparent"),
        ({"traceparent": ["00-" + "1" * 32 + "-" + "1" * 16 + "-01"]}, "malformed traceparent"),
        ({"traceparent": ""}, "malformed traceparent"),
        ({"traceparent": "00-" + "0" * 32 + "-" + "1" * 16 + "-01"}, "malformed traceparent"),
        ({"traceparent": "ff-" + "1" * 32 + "-" + "1" * 16 + "-01"}, "malformed traceparent"),
        ({"traceparent": "0" * 10_000_000}, "malformed traceparent"),
        ({"traceparent": "\ud800" * 55}, "malformed traceparent"),
    ],
)
def test_a_broken_context_is_ignored_and_noted(
    ctx: object, why: str, captured_telemetry: CapturedTelemetry
) -> None:
    payload = {"ctx": ctx}

    assert handler(payload) is payload

    span = captured_telemetry.span(SPAN)
    assert span.parent_id is None
    assert span.attributes["ctx.error"] == why


@pytest.mark.parametrize("ctx", [None, {}])
def test_a_missing_context_is_no_error(ctx: object, captured_telemetry: CapturedTelemetry) -> None:
    handler({"ctx": ctx})

    assert "ctx.error" not in captured_telemetry.span(SPAN).attributes


@pytest.mark.parametrize("payload", [Evil(), EvilMapping()], ids=["evil", "evil mapping"])
def test_a_payload_that_cannot_be_read_is_the_handlers_affair(
    payload: object, captured_telemetry: CapturedTelemetry
) -> None:
    assert handler(payload) is payload
    assert captured_telemetry.span(SPAN).attributes["outcome"] == "succeeded"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda children: st.lists(children) | st.dictionaries(st.text(), children),
    max_leaves=10,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    ctx=json_values | st.dictionaries(st.sampled_from(["traceparent", "tracestate"]), json_values),
    facts=st.fixed_dictionaries(
        dict.fromkeys(("queue", "task_id", "attempt", "max_attempts", "function"), json_values)
    ),
)
def test_a_delivery_may_say_anything_at_all(
    ctx: object, facts: dict[str, Any], captured_telemetry: CapturedTelemetry
) -> None:
    captured_telemetry.clear()

    with delivery(Delivery(ctx=ctx, **facts)):
        assert handler(1) == 1

    encode_spans_of(captured_telemetry)


def encode_spans_of(captured: CapturedTelemetry) -> None:
    """Encode what was captured as Logfire's exporter would; it raises on what it cannot."""
    (span,) = captured.raw_spans
    encoded = encode_spans([span]).SerializeToString()
    assert len(encoded) < 200_000
    names = {key.key for key in _attributes_of(encode_spans([span]))}
    assert set(span.attributes or ()) <= names


def _attributes_of(request: Any) -> Any:
    return request.resource_spans[0].scope_spans[0].spans[0].attributes


circle: list[object] = []
circle.append(circle)
deep: list[object] = []
for _ in range(100_000):
    deep = [deep]


@pytest.mark.parametrize(
    "value",
    [
        "\ud800 alone",
        "x" * 10_000_000,
        2**70,
        -(2**63) - 1,
        10**5_000,
        float("nan"),
        float("inf"),
        b"\xff\x00",
        None,
        object(),
        Evil(),
        circle,
        deep,
        {"a": circle},
        {1: {2: 3}, (1, 2): Evil()},
        {"a": "\ud800"},
        ["a", "\ud800"],
        [2**70, 1],
        [1, 2.0, None],
        list(range(1_000_000)),
        ValueError("an exception"),
        {"set": {1, 2}},
        frozenset({"a"}),
    ],
    ids=lambda value: type(value).__name__,
)
def test_an_attribute_of_any_value_can_be_exported(
    value: object, captured_telemetry: CapturedTelemetry
) -> None:
    @stage
    def work() -> None:
        current_run().set_attribute("value", value)

    work()

    encode_spans_of(captured_telemetry)


@pytest.mark.parametrize(
    "key", ["", None, 3, "\ud800", Evil()], ids=["empty", "None", "3", "not Unicode", "evil"]
)
def test_an_attribute_of_any_name_harms_nobody(
    key: Any, captured_telemetry: CapturedTelemetry
) -> None:
    @stage
    def work() -> str:
        current_run().set_attribute(key, 1)
        return "done"

    assert work() == "done"


class SilentError(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no text")


@pytest.mark.parametrize(
    ("error", "description"),
    [
        (SilentError(), "SilentError: (its text cannot be shown)"),
        (ValueError("\ud800 alone"), "ValueError: ? alone"),
        (ValueError("é" * 1_000_000), "ValueError: ééé"),
    ],
    ids=["without text", "not Unicode", "too long"],
)
def test_an_exception_of_any_text_can_be_exported(
    error: Exception, description: str, captured_telemetry: CapturedTelemetry
) -> None:
    @stage
    def work() -> None:
        raise error

    with pytest.raises(type(error)) as raised:
        work()

    assert raised.value is error
    span = captured_telemetry.span(SPAN)
    assert span.status == "ERROR"
    assert (span.status_description or "").startswith(description)
    assert len(span.exceptions) == 1
    assert "work" in span.exceptions[0].stacktrace
    encode_spans_of(captured_telemetry)


@pytest.mark.parametrize(
    "mistake",
    [
        lambda: current_run().found("venus"),
        lambda: current_run().count("venuez"),
        lambda: current_run().found("venues", float("nan")),
        lambda: current_run().found("venues", -1),
        lambda: current_run().found("venues", Evil()),  # type: ignore[arg-type]
        lambda: current_run().count(Evil()),  # type: ignore[arg-type]
        lambda: current_run().found("venues", colour="red"),
        lambda: current_run().set_outcome("meh"),  # type: ignore[arg-type]
        lambda: telemetry.count("venuez"),
        lambda: telemetry.count("venues_found", float("inf")),
        lambda: telemetry.record("venues_found", 1),
        lambda: telemetry.record("processing_duration_ms", "1"),  # type: ignore[arg-type]
    ],
)
def test_a_mistake_is_logged_once_and_breaks_nothing_in_production(
    mistake: Callable[[], None],
    captured_telemetry: CapturedTelemetry,
    caplog: pytest.LogCaptureFixture,
) -> None:
    @stage
    def work() -> str:
        mistake()
        mistake()
        return "done"

    with strict(enabled=False):
        assert [work(), work()] == ["done", "done"]

    assert len([record for record in caplog.records if record.name == "telemetry"]) == 1
    assert captured_telemetry.counter("task_succeeded") == 2


def test_a_count_with_an_undeclared_attribute_is_kept_without_it(
    captured_telemetry: CapturedTelemetry,
) -> None:
    with strict(enabled=False):
        stage(lambda: current_run().found("venues", 3, colour="red"))()

    assert captured_telemetry.counter("venues_found", stage="extraction") == 3
    assert captured_telemetry.counter("venues_found", colour="red") == 0


def test_a_handler_that_calls_itself_for_ever_ends_as_it_would(
    captured_telemetry: CapturedTelemetry,
) -> None:
    before = otel_context.get_current()

    @stage
    def recurse() -> object:
        return recurse()

    def descend(frames: int) -> object:  # a thousand nested spans would take seconds
        return descend(frames - 1) if frames else recurse()

    frames_left = sys.getrecursionlimit() - len(inspect.stack(0))
    with strict(enabled=False), pytest.raises(RecursionError):
        descend(frames_left - 150)

    assert before == otel_context.get_current()
    assert handler(1) == 1


def test_telemetry_that_logs_to_itself_comes_to_an_end(configure: Callable[..., None]) -> None:
    configure(additional_span_processors=[FailingProcessor("on_end")])
    log_to_logfire = logfire.LogfireLoggingHandler()
    logger = logging.getLogger("telemetry")
    logger.addHandler(log_to_logfire)
    try:
        assert handler(1) == 1
    finally:
        logger.removeHandler(log_to_logfire)


def test_a_log_handler_that_raises_harms_nobody(configure: Callable[..., None]) -> None:
    class FailingHandler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            raise RuntimeError("cannot log")

    configure(additional_span_processors=[FailingProcessor("on_end")])
    failing = FailingHandler()
    logger = logging.getLogger("telemetry")
    logger.addHandler(failing)
    try:
        assert handler(1) == 1
    finally:
        logger.removeHandler(failing)


def test_a_sampled_out_run_still_counts(configure: Callable[..., None]) -> None:
    exporter = InMemorySpanExporter()
    configure(
        additional_span_processors=[BatchSpanProcessor(exporter)],
        sampling=logfire.SamplingOptions(head=0.0),
    )

    assert handler(1) == 1
    with pytest.raises(ValueError, match="as it was"):
        stage(_raise)(ValueError("as it was"))

    assert telemetry.flush(timeout=10)
    assert exporter.get_finished_spans() == ()


def _raise(error: Exception) -> None:
    raise error
