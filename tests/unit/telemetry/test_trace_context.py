"""Trace context in payloads: written, read, and never trusted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import logfire
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import INVALID_SPAN_CONTEXT, NonRecordingSpan, get_current_span
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from telemetry import extract, inject, message_context, producer_span

if TYPE_CHECKING:
    from telemetry.testing import CapturedTelemetry

TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def test_there_is_no_context_outside_of_a_span(captured_telemetry: CapturedTelemetry) -> None:
    assert inject() == {}


def test_a_context_names_the_current_span(captured_telemetry: CapturedTelemetry) -> None:
    with logfire.span("outer"):
        ctx = inject()

    span = captured_telemetry.span("outer")
    assert ctx == {"traceparent": f"00-{span.trace_id}-{span.span_id}-01"}


def test_a_context_is_read_back(captured_telemetry: CapturedTelemetry) -> None:
    context = extract({"traceparent": TRACEPARENT, "tracestate": "vendor=1"})

    found = get_current_span(context).get_span_context()
    assert f"{found.trace_id:032x}" == "0af7651916cd43dd8448eb211c80319c"
    assert f"{found.span_id:016x}" == "b7ad6b7169203331"
    assert found.is_remote
    assert found.trace_flags.sampled
    assert found.trace_state.to_header() == "vendor=1"


def test_logfires_own_context_is_understood(captured_telemetry: CapturedTelemetry) -> None:
    with logfire.span("outer"):
        ctx = logfire.get_context()

    found = get_current_span(extract(ctx)).get_span_context()
    assert f"{found.trace_id:032x}" == captured_telemetry.span("outer").trace_id


def test_logfire_understands_a_context(captured_telemetry: CapturedTelemetry) -> None:
    with producer_span("extraction-queue") as ctx:
        pass
    with logfire.attach_context(ctx), logfire.span("inner"):
        pass

    produced = captured_telemetry.span("send extraction-queue")
    assert captured_telemetry.span("inner").parent_id == produced.span_id


@pytest.mark.parametrize(
    "tracestate",
    [None, 3, ["a=1"], "a" * 513, "\ud800", "no equals sign", "a=1,a=2"],
    ids=lambda tracestate: ascii(tracestate)[:20],
)
def test_a_broken_tracestate_costs_nothing_but_itself(tracestate: object) -> None:
    context = extract({"traceparent": TRACEPARENT, "tracestate": tracestate})

    found = get_current_span(context).get_span_context()
    assert f"{found.trace_id:032x}" == "0af7651916cd43dd8448eb211c80319c"
    assert found.trace_state.to_header() == ""


def hexadecimal(length: int) -> st.SearchStrategy[str]:
    return st.text("0123456789abcdef", min_size=length, max_size=length)


traceparents = st.text() | st.builds(
    "{}-{}-{}-{}{}".format,
    st.sampled_from(["00", "01", "ff", "0"]) | hexadecimal(2),
    st.just("0" * 32) | hexadecimal(32) | hexadecimal(31),
    st.just("0" * 16) | hexadecimal(16),
    hexadecimal(2),
    st.sampled_from(["", "-", "-00", "extra", "\n"]),
)


@given(traceparents, st.none() | st.just("a=1,b=2") | st.text())
@example(TRACEPARENT, None)
@example(TRACEPARENT.upper(), None)
@example(f"{TRACEPARENT}-00", None)
@example(f"01{TRACEPARENT[2:]}-00", None)
@example(f"01{TRACEPARENT[2:]}-{'0' * 600}", None)
@example(f"ff{TRACEPARENT[2:]}", None)
def test_a_context_is_read_as_opentelemetrys_propagator_reads_it(
    traceparent: str, tracestate: str | None
) -> None:
    carrier = {"traceparent": traceparent}
    if tracestate is not None:
        carrier["tracestate"] = tracestate
    reference = get_current_span(
        TraceContextTextMapPropagator().extract(carrier, Context())
    ).get_span_context()

    context = extract(carrier)

    found = INVALID_SPAN_CONTEXT if context is None else get_current_span(context)
    if isinstance(found, NonRecordingSpan):
        found = found.get_span_context()
    if traceparent.strip(" \t") != traceparent or traceparent.endswith("\n"):
        return  # headers may have white space around them; a field of JSON has not
    assert reference == found


def test_a_producers_span_follows_the_messaging_convention(
    captured_telemetry: CapturedTelemetry,
) -> None:
    with producer_span("extraction-queue", message_id="c0ffee", body_size=12) as ctx:
        pass

    span = captured_telemetry.span("send extraction-queue")
    assert ctx == {"traceparent": f"00-{span.trace_id}-{span.span_id}-01"}
    assert span.kind == "PRODUCER"
    assert dict(span.attributes) == {
        "messaging.system": "gcp_cloud_tasks",
        "messaging.operation.name": "send",
        "messaging.operation.type": "send",
        "messaging.destination.name": "extraction-queue",
        "messaging.message.id": "c0ffee",
        "messaging.message.body.size": 12,
        "logfire.msg": "send extraction-queue",
        "logfire.span_type": "span",
    }


def test_a_message_to_be_sent_later_is_created(captured_telemetry: CapturedTelemetry) -> None:
    with producer_span("extraction-queue", operation="create"):
        pass

    span = captured_telemetry.span("create extraction-queue")
    assert (span.kind, span.attributes["messaging.operation.type"]) == ("PRODUCER", "create")


def test_what_happens_while_sending_is_the_producers_child(
    captured_telemetry: CapturedTelemetry,
) -> None:
    with producer_span("extraction-queue"), logfire.span("CreateTask"):
        pass

    produced = captured_telemetry.span("send extraction-queue")
    assert captured_telemetry.span("CreateTask").parent_id == produced.span_id


def test_a_failure_to_send_is_recorded_and_raised(captured_telemetry: CapturedTelemetry) -> None:
    error = OSError("no route")

    with pytest.raises(OSError, match="no route") as raised, producer_span("extraction-queue"):
        raise error

    assert raised.value is error
    span = captured_telemetry.span("send extraction-queue")
    assert (span.status, len(span.exceptions)) == ("ERROR", 1)
    assert span.attributes["error.type"] == "OSError"
    assert not trace.get_current_span().get_span_context().is_valid


def test_an_item_can_begin_a_trace_of_its_own(captured_telemetry: CapturedTelemetry) -> None:
    with (
        logfire.span("scheduling"),
        producer_span("sourcing-queue", new_trace=True),
        logfire.span("CreateTask"),
    ):
        pass

    scheduling = captured_telemetry.span("scheduling")
    produced = captured_telemetry.span("send sourcing-queue")
    assert produced.trace_id != scheduling.trace_id
    assert produced.parent_id is None
    assert produced.links == ((scheduling.trace_id, scheduling.span_id),)
    assert captured_telemetry.span("CreateTask").trace_id == produced.trace_id


def test_a_message_can_be_linked_to_others(captured_telemetry: CapturedTelemetry) -> None:
    with producer_span("sourcing-queue") as failed:
        pass
    with producer_span("extraction-queue", links=[failed, "broken", None]):
        pass

    linked = captured_telemetry.span("send sourcing-queue")
    span = captured_telemetry.span("send extraction-queue")
    assert span.links == ((linked.trace_id, linked.span_id),)


def test_each_message_of_a_fan_out_has_a_context_of_its_own(
    captured_telemetry: CapturedTelemetry,
) -> None:
    with logfire.span("outer"):
        contexts = [message_context("extraction-queue", message_id=str(n)) for n in range(100)]
        with producer_span("extraction-queue", batch=contexts):
            pass

    created = [s for s in captured_telemetry.spans if s.name == "create extraction-queue"]
    assert [{"traceparent": f"00-{s.trace_id}-{s.span_id}-01"} for s in created] == contexts
    assert len({span.span_id for span in created}) == 100
    assert {span.kind for span in created} == {"PRODUCER"}
    sending = captured_telemetry.span("send extraction-queue")
    assert sending.kind == "CLIENT"
    assert sending.attributes["messaging.batch.message_count"] == 100
    assert set(sending.links) == {(span.trace_id, span.span_id) for span in created}


def test_each_message_of_a_fan_out_can_begin_a_trace(
    captured_telemetry: CapturedTelemetry,
) -> None:
    with logfire.span("scheduling"):
        contexts = [message_context("sourcing-queue", new_trace=True) for _ in range(3)]

    assert len({ctx["traceparent"].split("-")[1] for ctx in contexts}) == 3
