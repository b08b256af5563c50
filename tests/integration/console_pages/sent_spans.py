"""Spans that anybody may send to the emulator: over OTLP, with whatever is in them."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpx
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

SCOPE = "mystage.telemetry"
_SECOND = 1_000_000_000


@dataclass(frozen=True, kw_only=True)
class Sent:
    """Say what a span is to be.

    Attributes:
        id: Its id; a number.
        parent: That of its parent; 0 for none.
        at: Seconds after the first one.
        exception: The message of its exception; "" for none.
    """

    id: int
    parent: int = 0
    at: float = 0.0
    took: float = 0.5
    name: str = "work"
    exception: str = ""
    attributes: Mapping[str, Any] = field(default_factory=dict)


def send(url: str, trace_id: str, spans: Iterable[Sent], *, service: str = "tests") -> None:
    """Send a trace of the last minute; it is stored when this returns."""
    begun = time.time_ns() - 60 * _SECOND
    request = ExportTraceServiceRequest()
    resource = request.resource_spans.add()
    resource.resource.attributes.append(_attribute("service.name", service))
    scope = resource.scope_spans.add()
    scope.scope.name = SCOPE
    for sent in spans:
        scope.spans.append(_encode(sent, bytes.fromhex(trace_id), begun))
    answer = httpx.post(
        f"{url}/v1/traces",
        content=request.SerializeToString(),
        headers={"Content-Type": "application/x-protobuf", "Authorization": "any"},
    )
    answer.raise_for_status()


def _encode(sent: Sent, trace_id: bytes, begun: int) -> Span:
    started = begun + int(sent.at * _SECOND)
    span = Span(
        trace_id=trace_id,
        span_id=sent.id.to_bytes(8, "big"),
        parent_span_id=sent.parent.to_bytes(8, "big") if sent.parent else b"",
        name=sent.name,
        start_time_unix_nano=started,
        end_time_unix_nano=started + int(sent.took * _SECOND),
        attributes=[_attribute(key, value) for key, value in sent.attributes.items()],
    )
    if sent.exception:
        span.status.code = Status.STATUS_CODE_ERROR
        facts = {
            "exception.type": sent.exception,
            "exception.message": sent.exception,
            "exception.stacktrace": sent.exception,
        }
        event = span.events.add(name="exception", time_unix_nano=started)
        event.attributes.extend(_attribute(key, value) for key, value in facts.items())
        other = span.events.add(name=sent.exception, time_unix_nano=started)
        other.attributes.append(_attribute(sent.exception, sent.exception))
    return span


def _attribute(key: str, value: Any) -> KeyValue:
    if isinstance(value, list):
        items = [AnyValue(string_value=each) for each in value]
        return KeyValue(key=key, value=AnyValue(array_value=ArrayValue(values=items)))
    if isinstance(value, int):
        return KeyValue(key=key, value=AnyValue(int_value=value))
    return KeyValue(key=key, value=AnyValue(string_value=value))
