"""The shipped helpers for tests: what they find, and how they say that they do not."""

from __future__ import annotations

import logging

import logfire
import pytest

import telemetry
from telemetry import NotCaptured, diagnostics, instrumented_stage
from telemetry.testing import CapturedTelemetry, capture_telemetry


@instrumented_stage("extraction", task_type="bit", service="agents")
def handler() -> None: ...


def test_ids_and_times_are_the_same_each_time() -> None:
    for _ in range(2):
        with capture_telemetry() as captured:
            handler()
            span = captured.span("process extraction")

            assert span.trace_id == f"{1:032x}"
            assert span.span_id == f"{1:016x}"
            assert span.seconds == 1.0
            assert captured.histogram("processing_duration_ms").sum == 1_000.0


def test_a_span_is_found_by_name_and_attributes(captured_telemetry: CapturedTelemetry) -> None:
    handler()
    instrumented_stage("extraction", task_type="json")(lambda: None)()

    found = captured_telemetry.span("process extraction", task_type="json")
    assert found.attributes["task_type"] == "json"


def test_a_span_that_is_not_there_is_missed_with_a_list_of_what_is(
    captured_telemetry: CapturedTelemetry,
) -> None:
    handler()

    with pytest.raises(AssertionError) as missed:
        captured_telemetry.span("process extracton", stage="extraction")

    message = str(missed.value)
    assert message.startswith("no span 'process extracton' with {'stage': 'extraction'}; captured:")
    assert "\n  process extraction (trace 1, CONSUMER, {" in message


def test_more_than_one_span_is_not_the_one(captured_telemetry: CapturedTelemetry) -> None:
    handler()
    handler()

    with pytest.raises(NotCaptured, match="2 spans, not one, 'process extraction'"):
        captured_telemetry.span("process extraction")


def test_nothing_captured_is_said_so(captured_telemetry: CapturedTelemetry) -> None:
    with pytest.raises(NotCaptured, match="captured: nothing"):
        captured_telemetry.span("process extraction")


def test_spans_are_found_by_their_trace(captured_telemetry: CapturedTelemetry) -> None:
    handler()
    with logfire.span("outer"):
        handler()

    outer = captured_telemetry.span("outer")
    names = [span.name for span in captured_telemetry.spans_of_trace(outer.trace_id)]
    assert ["process extraction", "outer"] == names
    with pytest.raises(NotCaptured, match=r"captured traces:\n  0+1\n  0+2"):
        captured_telemetry.spans_of_trace("3")


def test_a_counter_nothing_was_added_to_is_zero(captured_telemetry: CapturedTelemetry) -> None:
    assert captured_telemetry.counter("venues_created") == 0


def test_a_counter_there_is_not_is_missed(captured_telemetry: CapturedTelemetry) -> None:
    handler()

    with pytest.raises(NotCaptured) as missed:
        captured_telemetry.counter("venuez_created")

    assert "no metric 'venuez_created' is declared; recorded:" in str(missed.value)
    assert "\n  task_succeeded {'service': 'agents'" in str(missed.value)


def test_a_metric_of_the_wrong_kind_is_said_so(captured_telemetry: CapturedTelemetry) -> None:
    handler()

    with pytest.raises(NotCaptured, match=r"is a histogram: use \.histogram"):
        captured_telemetry.counter("processing_duration_ms")
    with pytest.raises(NotCaptured, match="'task_succeeded' is no histogram"):
        captured_telemetry.histogram("task_succeeded")


def test_a_histogram_without_a_value_is_missed(captured_telemetry: CapturedTelemetry) -> None:
    handler()

    with pytest.raises(NotCaptured, match=r"with \{'outcome': 'failed'\} has no value"):
        captured_telemetry.histogram("processing_duration_ms", outcome="failed")


def test_counters_can_be_read_more_than_once(captured_telemetry: CapturedTelemetry) -> None:
    handler()
    assert captured_telemetry.counter("task_succeeded") == 1
    handler()
    assert captured_telemetry.counter("task_succeeded") == 2


def test_spans_can_be_cleared(captured_telemetry: CapturedTelemetry) -> None:
    handler()
    captured_telemetry.clear()

    assert captured_telemetry.spans == ()


def test_mistakes_are_raised_while_capturing_and_not_afterwards(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with (
        diagnostics.strict(enabled=False),
        capture_telemetry(),
        pytest.raises(telemetry.UndeclaredMetric),
    ):
        telemetry.count("venuez")
    with diagnostics.strict(enabled=False):
        telemetry.count("venuez")

    assert [logging.WARNING] == [r.levelno for r in caplog.records if r.name == "telemetry"]


def test_afterwards_nothing_is_captured() -> None:
    with capture_telemetry() as captured:
        pass
    handler()

    assert captured.spans == ()
