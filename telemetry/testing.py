"""Capture telemetry in tests: what was emitted, with assertions that read well.

As a pytest plugin, in a ``conftest.py``::

    pytest_plugins = ["telemetry.testing"]


    def test_a_new_venue_is_counted(captured_telemetry):
        handler({"html": "<h1>Great Hall</h1>"})

        assert captured_telemetry.span("process extraction").attributes["outcome"] == "succeeded"
        assert captured_telemetry.counter("venues_created") == 1

Without pytest's fixtures: ``with capture_telemetry() as captured: …``.

While telemetry is captured, ids count up from 1, and every reading of a clock is one second after
the last one; mistakes in the use of telemetry (an undeclared metric, a counter given NaN) are
raised.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Any

import logfire
import pytest
from logfire.testing import IncrementalIdGenerator, TimeGenerator
from opentelemetry.sdk.metrics.export import (
    ExponentialHistogramDataPoint,
    HistogramDataPoint,
    InMemoryMetricReader,
)
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import INVALID_SPAN_CONTEXT, format_span_id, format_trace_id

from telemetry import configuration, lifecycle, semconv
from telemetry.diagnostics import strict
from telemetry.errors import NotCaptured
from telemetry.metrics import CATALOGUE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from opentelemetry.sdk.trace import ReadableSpan
    from opentelemetry.trace import SpanContext


@dataclass(frozen=True, slots=True)
class CapturedException:
    """Hold an exception recorded on a span.

    Attributes:
        type: Its class, with its module unless built in.
        message: Its text.
        stacktrace: Its traceback, as text.
    """

    type: str
    message: str
    stacktrace: str


@dataclass(frozen=True, slots=True)
class CapturedSpan:
    """Hold a span that has ended.

    Attributes:
        name: As ``process extraction``.
        kind: ``INTERNAL``, ``SERVER``, ``CLIENT``, ``PRODUCER`` or ``CONSUMER``.
        trace_id: 32 hexadecimal digits.
        span_id: 16 hexadecimal digits.
        parent_id: The same; None for the root of a trace.
        attributes: All of them, Logfire's own included.
        links: Trace id and span id of each linked span.
        exceptions: What was recorded, in order.
        status: ``UNSET``, ``OK`` or ``ERROR``.
        status_description: Why, if it is ``ERROR``.
        seconds: How long it took.
    """

    name: str
    kind: str
    trace_id: str
    span_id: str
    parent_id: str | None
    attributes: Mapping[str, Any]
    links: tuple[tuple[str, str], ...]
    exceptions: tuple[CapturedException, ...]
    status: str
    status_description: str | None
    seconds: float


@dataclass(frozen=True, slots=True)
class CapturedHistogram:
    """Hold what was recorded for a histogram, over all matching attributes.

    Attributes:
        count: How many values.
        sum: Their sum, in the metric's unit.
        min: The least of them.
        max: The greatest of them.
    """

    count: int
    sum: float
    min: float
    max: float


class CapturedTelemetry:
    """Look into what was emitted since the capture began or was last cleared."""

    def __init__(self, exporter: InMemorySpanExporter, reader: InMemoryMetricReader) -> None:
        self._exporter = exporter
        self._reader = reader

    @property
    def spans(self) -> tuple[CapturedSpan, ...]:
        """All spans, in the order they ended."""
        return tuple(_capture(span) for span in self.raw_spans)

    @property
    def raw_spans(self) -> tuple[ReadableSpan, ...]:
        """The same as the SDK's own objects, as exporters get them."""
        return self._exporter.get_finished_spans()

    @property
    def metrics(self) -> tuple[str, ...]:
        """Names of the metrics that were recorded, sorted."""
        return tuple(sorted(self._points()))

    def span(self, name: str, **attributes: object) -> CapturedSpan:
        """Return the one span of that name with those attributes.

        Raises:
            NotCaptured: There is none, or more than one.
        """
        spans = self.spans
        found = [span for span in spans if span.name == name and _has(span.attributes, attributes)]
        if len(found) == 1:
            return found[0]
        how_many = f"{len(found)} spans, not one," if found else "no span"
        raise NotCaptured(
            f"{how_many} {name!r}{_with(attributes)}; captured:"
            + _listing(
                f"{span.name} (trace {span.trace_id.lstrip('0')}, {span.kind},"
                f" {dict(span.attributes)})"
                for span in spans
            )
        )

    def spans_of_trace(self, trace_id: str) -> tuple[CapturedSpan, ...]:
        """Return the spans of a trace, in the order they ended.

        Raises:
            NotCaptured: There are none.
        """
        spans = self.spans
        found = tuple(span for span in spans if span.trace_id == trace_id)
        if not found:
            traces = sorted({span.trace_id for span in spans})
            raise NotCaptured(f"no span of trace {trace_id!r}; captured traces:{_listing(traces)}")
        return found

    def counter(self, name: str, **attributes: object) -> float:
        """Return what was added to a counter; 0 for a declared one nothing was added to.

        Args:
            name: Of the metric.
            attributes: Only of values that carry these; a key with a dot in it as ``**{…}``.

        Raises:
            NotCaptured: Nothing of that name is declared, or it is no counter.
        """
        points = self._points_of(name, attributes)
        if any(not hasattr(point, "value") for point in points):
            raise NotCaptured(f"{name!r} is a histogram: use .histogram({name!r})")
        total: float = sum(point.value for point in points)
        return total

    def histogram(self, name: str, **attributes: object) -> CapturedHistogram:
        """Return what was recorded for a histogram.

        Raises:
            NotCaptured: Nothing was recorded with those attributes, or it is no histogram.
        """
        points = self._points_of(name, attributes)
        kinds = (HistogramDataPoint, ExponentialHistogramDataPoint)
        if not points or not all(isinstance(point, kinds) for point in points):
            what = "is no histogram" if points else "has no value"
            raise NotCaptured(f"{name!r}{_with(attributes)} {what}; {self._recorded()}")
        return CapturedHistogram(
            count=sum(point.count for point in points),
            sum=sum(point.sum for point in points),
            min=min(point.min for point in points),
            max=max(point.max for point in points),
        )

    def clear(self) -> None:
        """Forget the spans so far; counters go on, since they only go up."""
        self._exporter.clear()

    def _points_of(self, name: str, attributes: Mapping[str, object]) -> list[Any]:
        recorded = self._points()
        if name not in recorded and name not in CATALOGUE:
            raise NotCaptured(f"no metric {name!r} is declared; {self._recorded()}")
        return [point for point in recorded.get(name, []) if _has(point.attributes, attributes)]

    def _points(self) -> dict[str, list[Any]]:
        data = self._reader.get_metrics_data()
        if data is None:
            return {}
        return {
            metric.name: list(metric.data.data_points)
            for resource in data.resource_metrics
            for scope in resource.scope_metrics
            for metric in scope.metrics
        }

    def _recorded(self) -> str:
        return "recorded:" + _listing(
            f"{name} {dict(point.attributes)}"
            for name, points in sorted(self._points().items())
            for point in points
        )


@contextlib.contextmanager
def capture_telemetry() -> Iterator[CapturedTelemetry]:
    """Capture what is emitted within the block; afterwards nothing is emitted anywhere.

    Logfire is configured anew for the process, with nothing sent and nothing printed.
    """
    exporter, reader = InMemorySpanExporter(), InMemoryMetricReader()
    logfire.configure(
        send_to_logfire=False,
        console=False,
        service_name="tests",
        service_version="0",  # or Logfire asks git for one
        environment="tests",
        inspect_arguments=False,
        distributed_tracing=False,
        additional_span_processors=[SimpleSpanProcessor(exporter)],
        metrics=logfire.MetricsOptions(additional_readers=[reader]),
        advanced=logfire.AdvancedOptions(
            id_generator=IncrementalIdGenerator(), ns_timestamp_generator=TimeGenerator()
        ),
    )
    configuration.forget()
    clock, ticks = lifecycle.clock, count()
    lifecycle.clock = lambda: float(next(ticks))
    try:
        with strict():
            yield CapturedTelemetry(exporter, reader)
    finally:
        lifecycle.clock = clock
        configuration.forget()
        logfire.configure(
            send_to_logfire=False,
            console=False,
            service_version="0",
            distributed_tracing=False,
            metrics=False,
        )


@pytest.fixture
def captured_telemetry() -> Iterator[CapturedTelemetry]:
    """Capture what the test emits."""
    with capture_telemetry() as captured:
        yield captured


def _capture(span: ReadableSpan) -> CapturedSpan:
    trace_id, span_id = _ids(span.get_span_context())
    attributes = dict(span.attributes or {})
    return CapturedSpan(
        name=span.name,
        kind=span.kind.name,
        trace_id=trace_id,
        span_id=span_id,
        parent_id=_ids(span.parent)[1] if span.parent is not None else None,
        attributes=attributes,
        links=tuple(_ids(link.context) for link in span.links),
        exceptions=tuple(
            CapturedException(
                type=str(event.attributes.get(semconv.EXCEPTION_TYPE)),
                message=str(event.attributes.get(semconv.EXCEPTION_MESSAGE)),
                stacktrace=str(event.attributes.get(semconv.EXCEPTION_STACKTRACE)),
            )
            for event in span.events
            if event.name == semconv.EXCEPTION and event.attributes is not None
        ),
        status=span.status.status_code.name,
        status_description=span.status.description,
        seconds=((span.end_time or 0) - (span.start_time or 0)) / 1e9,
    )


def _ids(context: SpanContext | None) -> tuple[str, str]:
    context = context or INVALID_SPAN_CONTEXT
    return format_trace_id(context.trace_id), format_span_id(context.span_id)


def _has(attributes: Mapping[str, object], wanted: Mapping[str, object]) -> bool:
    return all(key in attributes and attributes[key] == value for key, value in wanted.items())


def _with(attributes: Mapping[str, object]) -> str:
    return f" with {dict(attributes)}" if attributes else ""


def _listing(lines: Iterator[str] | list[str]) -> str:
    return "".join(f"\n  {line}" for line in lines) or " nothing"
