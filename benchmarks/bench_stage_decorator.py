"""Time ``@instrumented_stage`` against the same telemetry written by hand with the SDK.

Both sides emit the same: a CONSUMER span with the same attributes, its parent from the payload's
``ctx``, two durations, and success or failure. The hand-written side is lean: constant dicts made
once, no context manager where ``attach`` will do. Rounds of the two alternate, so that both meet
the same disturbances; the ratio is the median of the rounds' ratios.

Prints one JSON document: microseconds per call and the ratio, which should be at most 1.15.
"""

from __future__ import annotations

import argparse
import gc
import json
import platform
import statistics
import time
from typing import TYPE_CHECKING, Any

import logfire
from opentelemetry import context, metrics, trace
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.trace import Link, SpanKind
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from telemetry import CATALOGUE, Delivery, current_run, delivery, instrumented_stage, producer_span
from telemetry.semconv import SCOPE

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from opentelemetry.sdk.trace import ReadableSpan

LIMIT = 1.15

STAGE = {"service": "extraction", "stage": "extraction", "task_type": "bit_event_extraction"}
CONSTANT = {
    **STAGE,
    "messaging.system": "gcp_cloud_tasks",
    "messaging.operation.name": "process",
    "messaging.operation.type": "process",
    "logfire.msg": "extraction bit_event_extraction",
}
DURATION = {**STAGE, "outcome": "succeeded"}
PROCESS = {
    "messaging.system": "gcp_cloud_tasks",
    "messaging.operation.name": "process",
    "messaging.destination.name": "extraction-queue",
}


class Discard(SpanExporter):
    """Take spans and do nothing, so that only their making is timed."""

    def export(self, _spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Drop the spans."""
        return SpanExportResult.SUCCESS


def work(data: dict[str, Any]) -> int:
    """Do what both sides' handlers do: next to nothing."""
    if data.get("fail"):
        raise ValueError("no such page")
    return len(data)


@instrumented_stage("extraction", task_type="bit_event_extraction", service="extraction")
def decorated(data: dict[str, Any]) -> int:
    """Do the work, instrumented by the decorator."""
    return work(data)


@instrumented_stage("extraction", task_type="bit_event_extraction", service="extraction")
def decorated_and_counting(data: dict[str, Any]) -> int:
    """Do the work and count, instrumented by the decorator."""
    run = current_run()
    run.found("venues", 2)
    run.created("venues")
    return work(data)


def run_task(handler: Callable[[dict[str, Any]], int], data: dict[str, Any]) -> None:
    """Run a handler as the runtime does, with the facts of a delivery."""
    facts = Delivery(
        ctx=data["ctx"],
        queue="extraction-queue",
        task_id="c0ffee",
        attempt=1,
        max_attempts=5,
        function="dpl_extraction_agent",
        body_size=1_234,
    )
    with delivery(facts):
        handler(data)


def describe(name: str) -> dict[str, Any]:
    """Return a metric's declaration, so that both sides' instruments are the same."""
    metric = CATALOGUE[name]
    return {"name": name, "unit": metric.unit, "description": metric.description}


class ByHand:
    """The same telemetry, with the SDK."""

    def __init__(self) -> None:
        self.tracer = trace.get_tracer(SCOPE)
        self.propagator = TraceContextTextMapPropagator()
        meter = metrics.get_meter(SCOPE)
        self.succeeded = meter.create_counter(**describe("task_succeeded"))
        self.failed = meter.create_counter(**describe("task_failed"))
        self.found = meter.create_counter(**describe("venues_found"))
        self.created = meter.create_counter(**describe("venues_created"))
        self.duration_ms = meter.create_histogram(**describe("processing_duration_ms"))
        self.duration = meter.create_histogram(**describe("messaging.process.duration"))

    def run(self, data: dict[str, Any], *, counting: bool = False) -> None:
        """Run the work as a task from the queue."""
        attributes = {
            **CONSTANT,
            "messaging.destination.name": "extraction-queue",
            "messaging.message.id": "c0ffee",
            "messaging.message.body.size": 1_234,
            "faas.name": "dpl_extraction_agent",
            "faas.trigger": "pubsub",
            "faas.coldstart": False,
            "attempt": 1,
            "max_attempts": 5,
        }
        parent = self.propagator.extract(data["ctx"], context.get_current())
        ambient = trace.get_current_span().get_span_context()
        links = (Link(ambient),) if ambient.is_valid else None
        self._measure(data, attributes, parent, links, PROCESS, counting=counting)

    def call(self, data: dict[str, Any]) -> None:
        """Run the work called as a function, with its context in the payload."""
        parent = self.propagator.extract(data["ctx"], context.get_current())
        process = {"messaging.system": "gcp_cloud_tasks", "messaging.operation.name": "process"}
        self._measure(data, CONSTANT, parent, None, process, counting=False)

    def _measure(  # noqa: PLR0913 - one body for all cases
        self,
        data: dict[str, Any],
        attributes: dict[str, Any],
        parent: context.Context,
        links: Sequence[Link] | None,
        process: dict[str, str],
        *,
        counting: bool,
    ) -> None:
        span = self.tracer.start_span(
            "process extraction", parent, SpanKind.CONSUMER, attributes, links
        )
        token = context.attach(trace.set_span_in_context(span, parent))
        started = time.perf_counter()
        try:
            work(data)
        except Exception as error:
            elapsed = time.perf_counter() - started
            failure = {"error.type": type(error).__qualname__}
            self.duration_ms.record(elapsed * 1_000, {**STAGE, "outcome": "failed"})
            self.duration.record(elapsed, {**process, **failure})
            self.failed.add(1, {**STAGE, "outcome": "failed", **failure})
            span.set_attribute("outcome", "failed")
            span.set_attribute("error.type", type(error).__qualname__)
            span.record_exception(error, escaped=True)
            raise
        else:
            elapsed = time.perf_counter() - started
            self.duration_ms.record(elapsed * 1_000, DURATION)
            self.duration.record(elapsed, process)
            self.succeeded.add(1, STAGE)
            if counting:
                self.found.add(2, STAGE)
                self.created.add(1, STAGE)
                span.set_attributes({"venues_found": 2, "venues_created": 1})
            span.set_attribute("outcome", "succeeded")
        finally:
            context.detach(token)
            span.end()


def swallow(function: Callable[[], object]) -> Callable[[], None]:
    """Return the function with its ValueError caught, as an entry point would."""

    def quietly() -> None:
        try:
            function()
        except ValueError:
            return

    return quietly


def time_calls(function: Callable[[], object], calls: int) -> float:
    """Return seconds per call."""
    started = time.perf_counter()
    for _ in range(calls):
        function()
    return (time.perf_counter() - started) / calls


def compare(
    decorated_call: Callable[[], object], by_hand: Callable[[], object], rounds: int, calls: int
) -> dict[str, float]:
    """Return microseconds per call of both, and the median ratio."""
    for function in (decorated_call, by_hand):
        time_calls(function, calls)
    ours: list[float] = []
    theirs: list[float] = []
    for number in range(rounds):
        pair = [(decorated_call, ours), (by_hand, theirs)]
        for function, times in pair if number % 2 else reversed(pair):
            times.append(time_calls(function, calls))
    ratios = [ours_ / theirs_ for ours_, theirs_ in zip(ours, theirs, strict=True)]
    return {
        "decorated_us": round(statistics.median(ours) * 1e6, 2),
        "by_hand_us": round(statistics.median(theirs) * 1e6, 2),
        "ratio": round(statistics.median(ratios), 3),
    }


def main() -> None:
    """Compare, and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--calls", type=int, default=300)
    options = parser.parse_args()

    reader = InMemoryMetricReader()
    logfire.configure(
        send_to_logfire=False,
        console=False,
        service_version="0",
        additional_span_processors=[SimpleSpanProcessor(Discard())],
        metrics=logfire.MetricsOptions(additional_readers=[reader]),
    )
    with producer_span("extraction-queue") as ctx:
        data = {"ctx": ctx, "scrape_id": "s1"}
    failing = {**data, "fail": True}
    hand = ByHand()
    cases = {
        "task": (lambda: run_task(decorated, data), lambda: hand.run(data)),
        "task_that_counts": (
            lambda: run_task(decorated_and_counting, data),
            lambda: hand.run(data, counting=True),
        ),
        "task_around": (
            lambda: run_task(decorated.around(work), data),
            lambda: hand.run(data),
        ),
        "task_that_fails": (
            swallow(lambda: run_task(decorated, failing)),
            swallow(lambda: hand.run(failing)),
        ),
        "plain_call": (lambda: decorated(data), lambda: hand.call(data)),
    }
    gc.disable()
    figures = {
        name: compare(ours, theirs, options.rounds, options.calls)
        for name, (ours, theirs) in cases.items()
    }
    document = {
        "benchmark": "stage_decorator",
        "limit": LIMIT,
        "rounds": options.rounds,
        "calls_per_round": options.calls,
        "python": platform.python_version(),
        "cases": figures,
    }
    print(json.dumps(document, indent=2))


if __name__ == "__main__":
    main()
