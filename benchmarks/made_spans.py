"""Spans as the pipeline's stages send them, made up: the same for every benchmark."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue

from functions.pipeline import STAGES
from telemetry import semconv

if TYPE_CHECKING:
    import random

BATCH: Final = 512
"""Spans of a request: what the SDK's batch processor sends at most."""

_FAILING: Final = 0.02


def make_request(generator: random.Random, *, start: int, step: int) -> ExportTraceServiceRequest:
    """Return a request of ``BATCH`` spans.

    Args:
        generator: Where chance comes from.
        start: When the first span began, in nanoseconds since 1970.
        step: How many nanoseconds later each next one did.
    """
    request = ExportTraceServiceRequest()
    resource = request.resource_spans.add()
    for key, value in (
        ("service.name", "mystage"),
        ("service.version", "1.4.0"),
        ("service.instance.id", f"{generator.getrandbits(128):032x}"),
        ("process.pid", 4711),
        ("deployment.environment.name", "production"),
        ("telemetry.sdk.name", "opentelemetry"),
        ("telemetry.sdk.language", "python"),
        ("telemetry.sdk.version", "1.45.2"),
    ):
        resource.resource.attributes.append(attribute(key, value))
    scope = resource.scope_spans.add()
    scope.scope.name = semconv.SCOPE
    for number in range(BATCH):
        stage = generator.choice(STAGES)
        failed = generator.random() < _FAILING
        began = start + number * step
        duration = int(generator.expovariate(1 / 80e6)) + 1_000_000
        span = scope.spans.add(
            trace_id=generator.randbytes(16),
            span_id=generator.randbytes(8),
            parent_span_id=generator.randbytes(8),
            name=f"{semconv.PROCESS} {stage.name}",
            kind=5,
            start_time_unix_nano=began,
            end_time_unix_nano=began + duration,
        )
        for key, value in (
            (semconv.SERVICE, stage.service),
            (semconv.STAGE, stage.name),
            (semconv.TASK_TYPE, stage.task_type),
            (semconv.MESSAGING_SYSTEM, semconv.CLOUD_TASKS),
            (semconv.MESSAGING_OPERATION_NAME, semconv.PROCESS),
            (semconv.MESSAGING_OPERATION_TYPE, semconv.PROCESS),
            (semconv.MESSAGING_DESTINATION_NAME, stage.queue),
            (semconv.MESSAGING_MESSAGE_ID, f"{generator.getrandbits(128):032x}"),
            (semconv.MESSAGING_MESSAGE_BODY_SIZE, generator.randrange(300, 900)),
            (semconv.FAAS_NAME, stage.function),
            (semconv.ATTEMPT, generator.choice((1, 1, 1, 2))),
            (semconv.MAX_ATTEMPTS, 5),
            (semconv.OUTCOME, semconv.FAILED if failed else semconv.SUCCEEDED),
            (semconv.LOGFIRE_MESSAGE, f"{stage.name} {stage.task_type}"),
            ("logfire.span_type", "span"),
        ):
            span.attributes.append(attribute(key, value))
        if failed:
            span.status.code = 2
            span.status.message = "RetryableError: the server answered 503"
    return request


def attribute(key: str, value: str | int) -> KeyValue:
    """Return an attribute as OTLP has it."""
    if isinstance(value, str):
        return KeyValue(key=key, value=AnyValue(string_value=value))
    return KeyValue(key=key, value=AnyValue(int_value=value))
