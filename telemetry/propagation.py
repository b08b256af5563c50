"""Trace context that travels in a task's payload.

Google's front end rewrites an incoming ``traceparent`` header, so the context that counts is the
``ctx`` in the body: W3C Trace Context, as a mapping with ``traceparent`` and perhaps
``tracestate``. Baggage stays behind on purpose: a payload outlives the process that wrote it, and
Logfire would copy each of its entries onto every span of the stage.

https://www.w3.org/TR/trace-context/
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Final

from opentelemetry import trace
from opentelemetry.context import Context, attach, detach, get_current
from opentelemetry.trace import (
    INVALID_SPAN,
    Link,
    NonRecordingSpan,
    SpanContext,
    SpanKind,
    TraceFlags,
    TraceState,
    get_current_span,
    set_span_in_context,
)
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from telemetry import semconv
from telemetry.attributes import clean_scalar, clean_text
from telemetry.diagnostics import Guard
from telemetry.failures import error_type, record_failure

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from opentelemetry.trace import Span, Tracer

    from telemetry.attributes import Scalar

_TRACEPARENT: Final = re.compile("([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")
"""Version, trace id, span id, flags; version 00 ends here, later ones may go on.

https://www.w3.org/TR/trace-context/#traceparent-header
"""

_MAX_TRACEPARENT: Final = 512
"""Characters. Version 00 has 55."""

_MAX_TRACESTATE: Final = 512
"""Characters that must be passed on: https://www.w3.org/TR/trace-context/#tracestate-limits"""

_MAX_LINKS: Final = 128
"""Links the SDK keeps of one span: https://opentelemetry.io/docs/specs/otel/trace/sdk/#span-limits"""

_STARTING: Final = Guard("starting a producer's span failed", "messages travel without a context")
_ENDING: Final = Guard("ending a producer's span failed", "it may be missing")

_propagator: Final = TraceContextTextMapPropagator()


@cache
def tracer() -> Tracer:
    """Return the toolkit's tracer: Logfire's, once it is configured; before, it records nothing.

    Asked for late, since OpenTelemetry raises here where its environment variables are wrong.
    """
    return trace.get_tracer(semconv.SCOPE)


def inject() -> dict[str, str]:
    """Return the current trace context for a payload's ``ctx``; empty where there is none."""
    carrier: dict[str, str] = {}
    _propagator.inject(carrier)
    return carrier


def extract(ctx: object) -> Context | None:
    """Return the current context with the span of a payload's ``ctx`` as the current one.

    Args:
        ctx: What ``inject`` returned once, or anything at all: it comes from outside.

    Returns:
        None where ``ctx`` holds no valid trace context. Never raises.
    """
    context, _ = parse(ctx, get_current())
    return context


@contextmanager
def continued(ctx: object) -> Iterator[None]:
    """Go on with the trace of a payload's ``ctx`` within the block; with none where it has none."""
    context = extract(ctx)
    token = None if context is None else attach(context)
    try:
        yield
    finally:
        if token is not None:
            detach(token)


def parse(ctx: object, base: Context) -> tuple[Context | None, str | None]:
    """Return a context with the span of ``ctx``, and why there is none.

    Args:
        ctx: As for ``extract``. None and an empty mapping are no error: there was no trace.
        base: What the context is built upon.
    """
    try:
        return _parse(ctx, base)
    except Exception as error:  # noqa: BLE001 - a mapping from outside may do anything when read
        return None, f"unreadable: {type(error).__name__}"


def _parse(ctx: object, base: Context) -> tuple[Context | None, str | None]:
    if ctx is None:
        return None, None
    if type(ctx) is not dict and not isinstance(ctx, Mapping):
        return None, "not a mapping"
    traceparent = ctx.get("traceparent")
    if traceparent is None:
        return None, "no traceparent" if ctx else None
    span_context = _read(traceparent, ctx.get("tracestate"))
    if span_context is None:
        return None, "malformed traceparent"
    return set_span_in_context(NonRecordingSpan(span_context), base), None


def _read(traceparent: object, tracestate: object) -> SpanContext | None:
    """Read the two fields as OpenTelemetry's propagator does, in half its time."""
    if type(traceparent) is not str or len(traceparent) > _MAX_TRACEPARENT:
        return None
    match = _TRACEPARENT.fullmatch(traceparent)
    if match is None:
        return None
    version, trace_id, span_id, flags, rest = match.groups()
    if version == "ff" or (version == "00" and rest):
        return None
    state = None
    if type(tracestate) is str and len(tracestate) <= _MAX_TRACESTATE and tracestate.isascii():
        state = TraceState.from_header([tracestate])
    context = SpanContext(
        int(trace_id, 16),
        int(span_id, 16),
        is_remote=True,
        trace_flags=TraceFlags(int(flags, 16)),
        trace_state=state,
    )
    return context if context.is_valid else None


@contextmanager
def producer_span(  # noqa: PLR0913 - all but the first have a default
    destination: str,
    *,
    operation: str = semconv.SEND,
    message_id: str | None = None,
    body_size: int | None = None,
    new_trace: bool = False,
    links: Sequence[object] = (),
    batch: Sequence[object] = (),
) -> Iterator[dict[str, str]]:
    """Open a PRODUCER span and give the ``ctx`` to put into the message's payload.

    Whatever the block raises is recorded on the span and raised unchanged.

    Args:
        destination: The queue.
        operation: ``send`` where the block sends the message; ``create`` where it is only written
            down, to be sent later, and for each message of a batch.
        message_id: The task's id, if it has one yet.
        body_size: Bytes of the task's body, if they are known yet.
        new_trace: Whether an item begins here: the span becomes the root of a trace of its own,
            with a link to the current span.
        links: Contexts (``ctx`` of other messages) the message has to do with, as that of the
            failed task a retry replaces.
        batch: The ``ctx`` of messages created before and sent together now. The span then is a
            CLIENT's with a link to each, and its own context goes into none of them.

    Yields:
        The message's ``ctx``; empty where there is no trace.
    """
    span: Span = INVALID_SPAN
    token = None
    with _STARTING:
        base = get_current()
        attributes = _attributes(destination, operation, message_id, body_size)
        if batch:
            attributes[semconv.MESSAGING_BATCH_MESSAGE_COUNT] = len(batch)
        span = tracer().start_span(
            clean_text(f"{operation} {destination}"),
            context=set_span_in_context(INVALID_SPAN, base) if new_trace else base,
            kind=SpanKind.CLIENT if batch else SpanKind.PRODUCER,
            attributes=attributes,
            links=_links(base, new_trace=new_trace, others=(*links, *batch)),
        )
        token = attach(set_span_in_context(span, base))
    try:
        yield _context_of(span)
    except BaseException as error:
        with _ENDING:
            span.set_attribute(semconv.ERROR_TYPE, error_type(error))
            record_failure(span, error)
        raise
    finally:
        if token is not None:
            detach(token)
        with _ENDING:
            span.end()


def message_context(
    destination: str,
    *,
    message_id: str | None = None,
    body_size: int | None = None,
    new_trace: bool = False,
    links: Sequence[object] = (),
) -> dict[str, str]:
    """Return the ``ctx`` of one of many messages: a ``create`` span that ends at once.

    ``producer_span`` in one call, for a fan-out, with the same arguments. Each message gets a
    creation context of its own, as the convention asks of a batch; ``producer_span(batch=…)`` then
    covers the sending of all.
    """
    span: Span = INVALID_SPAN
    with _STARTING:
        base = get_current()
        span = tracer().start_span(
            clean_text(f"{semconv.CREATE} {destination}"),
            context=set_span_in_context(INVALID_SPAN, base) if new_trace else base,
            kind=SpanKind.PRODUCER,
            attributes=_attributes(destination, semconv.CREATE, message_id, body_size),
            links=_links(base, new_trace=new_trace, others=links),
        )
    with _ENDING:
        span.end()
    return _context_of(span)


def _attributes(
    destination: str, operation: str, message_id: str | None, body_size: int | None
) -> dict[str, Scalar]:
    attributes: dict[str, Scalar] = {
        semconv.MESSAGING_SYSTEM: semconv.CLOUD_TASKS,
        semconv.MESSAGING_OPERATION_NAME: operation,
        semconv.MESSAGING_OPERATION_TYPE: operation,
        semconv.MESSAGING_DESTINATION_NAME: clean_scalar(destination),
    }
    if message_id is not None:
        attributes[semconv.MESSAGING_MESSAGE_ID] = clean_scalar(message_id)
    if body_size is not None:
        attributes[semconv.MESSAGING_MESSAGE_BODY_SIZE] = clean_scalar(body_size)
    return attributes


def _links(base: Context, *, new_trace: bool, others: Sequence[object]) -> list[Link]:
    contexts: list[SpanContext] = []
    if new_trace:
        contexts.append(get_current_span(base).get_span_context())
    for ctx in others[:_MAX_LINKS]:
        other, _ = parse(ctx, base)
        if other is not None:
            contexts.append(get_current_span(other).get_span_context())
    return [Link(context) for context in contexts if context.is_valid]


def _context_of(span: Span) -> dict[str, str]:
    carrier: dict[str, str] = {}
    with _STARTING:
        _propagator.inject(carrier, set_span_in_context(span, Context()))
    return carrier
