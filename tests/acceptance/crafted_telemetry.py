"""Telemetry as it would be on a bad day: made up by tests, and sent as OTLP."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, Any, Final

import httpx
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.metrics.v1.metrics_pb2 import AggregationTemporality
from opentelemetry.proto.trace.v1.trace_pb2 import Status

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from google.protobuf.message import Message

_NUMBERS: Final = count(1)

MINUTE: Final = 60.0
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR


@dataclass(frozen=True, kw_only=True)
class Span:
    """Say what a span is to be.

    Attributes:
        ago: How many seconds ago it began.
        duration: How many it took.
        attributes: Its attributes.
        name: What it is called.
        is_error: Whether its status is an error.
        trace_id: Its trace; by default one of its own.
    """

    ago: float
    duration: float = 0.1
    attributes: Mapping[str, Any] = field(default_factory=dict)
    name: str = "work"
    is_error: bool = False
    trace_id: bytes = field(default_factory=lambda: next(_NUMBERS).to_bytes(16, "big"))


def attempt(
    stage: str, outcome: str = "succeeded", *, ago: float, task: str = "", **more: Any
) -> Span:
    """Return the span of an attempt of a stage, as the pipeline writes it."""
    is_error = outcome not in {"succeeded", "duplicate"}
    known = {key: more.pop(key) for key in ("duration", "trace_id") if key in more}
    attributes = {
        "stage": stage,
        "service": stage.replace("_", "-"),
        "outcome": outcome,
        "messaging.operation.name": "process",
        "messaging.message.id": task or f"task {next(_NUMBERS)}",
        "messaging.destination.name": f"{stage.replace('_', '-')}-queue",
        **({"error.type": "builtins.OSError"} if is_error else {}),
        **more,
    }
    return Span(ago=ago, name=f"process {stage}", attributes=attributes, is_error=is_error, **known)


def making(queue: str, *, ago: float, task: str = "", **more: Any) -> Span:
    """Return the span of a task's making, as the pipeline writes it."""
    attributes = {
        "messaging.operation.name": "create",
        "messaging.message.id": task or f"task {next(_NUMBERS)}",
        "messaging.destination.name": queue,
    }
    return Span(ago=ago, name=f"create {queue}", attributes=attributes, **more)


def chat(*, ago: float, cost: float, **more: Any) -> Span:
    """Return the span of a call of a model, as pydantic-ai writes it."""
    attributes = {
        "gen_ai.operation.name": "chat",
        "gen_ai.request.model": "gpt-5-mini",
        "gen_ai.usage.input_tokens": 1200,
        "gen_ai.usage.output_tokens": 80,
        "operation.cost": cost,
    }
    return Span(ago=ago, name="chat gpt-5-mini", attributes=attributes, **more)


class Sender:
    """Send telemetry of one environment, at times before one moment.

    Args:
        url: Where the emulator is.
        environment: Its ``deployment_environment``, so that tests do not see each other's.
        now: What "ago" is counted from.
    """

    def __init__(self, url: str, environment: str, now: datetime) -> None:
        self._url = url
        self.environment = environment
        self._now = now

    def spans(self, spans: Iterable[Span]) -> None:
        """Send spans."""
        request = ExportTraceServiceRequest()
        resource = request.resource_spans.add()
        resource.resource.attributes.extend(self._resource())
        scope = resource.scope_spans.add()
        for span in spans:
            status = Status(code=Status.STATUS_CODE_ERROR) if span.is_error else None
            scope.spans.add(
                trace_id=span.trace_id,
                span_id=next(_NUMBERS).to_bytes(8, "big"),
                name=span.name,
                kind=5,
                start_time_unix_nano=self._nanoseconds(span.ago),
                end_time_unix_nano=self._nanoseconds(span.ago - span.duration),
                attributes=_attributes(span.attributes),
                status=status,
            )
        self._send("traces", request)

    def counter(self, name: str, *points: tuple[float, int]) -> None:
        """Send points of a delta counter: how many seconds ago, and how much."""
        request = ExportMetricsServiceRequest()
        resource = request.resource_metrics.add()
        resource.resource.attributes.extend(self._resource())
        metric = resource.scope_metrics.add().metrics.add(name=name)
        metric.sum.is_monotonic = True
        metric.sum.aggregation_temporality = AggregationTemporality.AGGREGATION_TEMPORALITY_DELTA
        for ago, amount in points:
            metric.sum.data_points.add(
                start_time_unix_nano=self._nanoseconds(ago + MINUTE),
                time_unix_nano=self._nanoseconds(ago),
                as_int=amount,
            )
        self._send("metrics", request)

    def _resource(self) -> list[KeyValue]:
        return _attributes(
            {"service.name": "mystage", "deployment.environment.name": self.environment}
        )

    def _nanoseconds(self, ago: float) -> int:
        return int((self._now.timestamp() - ago) * 1e9)

    def _send(self, signal: str, request: Message) -> None:
        answer = httpx.post(
            f"{self._url}/v1/{signal}",
            content=request.SerializeToString(),
            headers={"Authorization": "any", "Content-Type": "application/x-protobuf"},
        )
        answer.raise_for_status()


def _attributes(values: Mapping[str, Any]) -> list[KeyValue]:
    return [KeyValue(key=key, value=_value(value)) for key, value in values.items()]


def _value(value: str | float) -> AnyValue:
    if isinstance(value, str):
        return AnyValue(string_value=value)
    return AnyValue(int_value=value) if isinstance(value, int) else AnyValue(double_value=value)
