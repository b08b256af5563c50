"""Switching telemetry on, and what happens when it cannot be."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import logfire
import pytest
from opentelemetry import trace
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor

import telemetry
from telemetry import configuration, current_run, instrumented_stage
from telemetry.diagnostics import strict
from telemetry.testing import capture_telemetry

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

VARIABLES = (
    "K_REVISION",
    "LOGFIRE_ENVIRONMENT",
    "LOGFIRE_SEND_TO_LOGFIRE",
    "LOGFIRE_SERVICE_VERSION",
    "LOGFIRE_TOKEN",
    "MYSTAGE_ENVIRONMENT",
)


class Collector(SpanProcessor):
    def __init__(self) -> None:
        self.spans: list[ReadableSpan] = []

    def on_end(self, span: ReadableSpan) -> None:
        self.spans.append(span)


@pytest.fixture(autouse=True)
def _unconfigured(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """Begin without settings, in a folder without Logfire's files."""
    for variable in VARIABLES:
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.chdir(tmp_path)
    configuration.forget()
    with strict(enabled=False):
        yield
    monkeypatch.undo()
    with capture_telemetry():
        pass  # leaves Logfire configured to do nothing


def resource_of_a_span(collector: Collector) -> dict[str, object]:
    with trace.get_tracer("tests").start_as_current_span("span"):
        pass
    assert telemetry.flush(timeout=10)
    return dict(collector.spans[-1].resource.attributes)


def test_telemetry_says_whose_it_is() -> None:
    collector = Collector()

    assert telemetry.configure("agents", "1.2.3", "staging", span_processors=[collector])

    resource = resource_of_a_span(collector)
    assert resource["service.name"] == "agents"
    assert resource["service.version"] == "1.2.3"
    assert resource["deployment.environment.name"] == "staging"


@pytest.mark.parametrize(
    ("variable", "attribute"),
    [
        ("MYSTAGE_ENVIRONMENT", "deployment.environment.name"),
        ("LOGFIRE_ENVIRONMENT", "deployment.environment.name"),
        ("LOGFIRE_SERVICE_VERSION", "service.version"),
        ("K_REVISION", "service.version"),
    ],
)
def test_the_environment_fills_in_what_is_not_said(
    variable: str, attribute: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, "from-the-environment")
    collector = Collector()

    telemetry.configure("agents", span_processors=[collector])

    assert resource_of_a_span(collector)[attribute] == "from-the-environment"


def test_the_version_is_by_default_the_installed_one() -> None:
    collector = Collector()

    telemetry.configure("agents", span_processors=[collector])

    version = resource_of_a_span(collector)["service.version"]
    assert str(version).count(".") == 2


def test_metrics_are_read_and_carry_the_service() -> None:
    reader = InMemoryMetricReader()
    telemetry.configure("agents", metric_readers=[reader])

    instrumented_stage("extraction")(lambda: current_run().found("venues"))()

    data = reader.get_metrics_data()
    assert data is not None
    points = {
        metric.name: metric.data.data_points[0].attributes
        for resource in data.resource_metrics
        for scope in resource.scope_metrics
        for metric in scope.metrics
    }
    assert points["venues_found"] == {
        "service": "agents",
        "stage": "extraction",
        "task_type": "extraction",
    }


def test_the_same_configuration_again_changes_nothing() -> None:
    collector = Collector()
    arguments = {"service_version": "1", "span_processors": [collector]}
    assert telemetry.configure("agents", **arguments)  # type: ignore[arg-type]
    tracer = trace.get_tracer("tests")

    with tracer.start_as_current_span("begun before"):
        assert telemetry.configure("agents", **arguments)  # type: ignore[arg-type]

    assert telemetry.flush(timeout=10)
    assert [span.name for span in collector.spans] == ["begun before"]


def test_another_configuration_takes_its_place() -> None:
    first, second = Collector(), Collector()
    telemetry.configure("agents", span_processors=[first])

    telemetry.configure("writers", span_processors=[second])

    assert resource_of_a_span(second)["service.name"] == "writers"
    assert first.spans == []


def test_nothing_is_printed(capfd: pytest.CaptureFixture[str]) -> None:
    telemetry.configure("agents")
    instrumented_stage("extraction")(lambda: None)()
    with logfire.span("inner"):
        logfire.info("a message with {n}", n=1)

    assert capfd.readouterr() == ("", "")


def test_spans_are_printed_on_demand(capfd: pytest.CaptureFixture[str]) -> None:
    telemetry.configure("agents", console=True)
    instrumented_stage("extraction", task_type="bit")(lambda: None)()

    assert "extraction bit" in capfd.readouterr().out


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("LOGFIRE_SEND_TO_LOGFIRE", "perhaps"),
        ("LOGFIRE_TRACE_SAMPLE_RATE", "a lot"),
        ("LOGFIRE_MIN_LEVEL", "very high"),
    ],
)
def test_settings_that_are_wrong_leave_telemetry_off(
    variable: str, value: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv(variable, value)

    assert telemetry.configure("agents") is False
    assert telemetry.configure("agents") is False

    (record,) = [record for record in caplog.records if record.name == "telemetry"]
    assert record.levelno == logging.WARNING
    assert "configuring Logfire failed: telemetry stays off" in record.getMessage()
    assert instrumented_stage("extraction")(lambda: 7)() == 7


def test_broken_credentials_leave_telemetry_off(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / ".logfire").mkdir()
    (tmp_path / ".logfire" / "logfire_credentials.json").write_text("{", encoding="utf-8")

    assert telemetry.configure("agents") is False
    assert "configuring Logfire failed" in caplog.text


def test_a_header_from_google_is_not_believed() -> None:
    from opentelemetry import propagate  # noqa: PLC0415 - the one place that asks for it

    telemetry.configure("agents")
    header = {"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}

    from_header = trace.get_current_span(propagate.extract(header)).get_span_context()
    from_payload = trace.get_current_span(telemetry.extract(header)).get_span_context()
    assert not from_header.is_valid
    assert from_payload.is_valid
