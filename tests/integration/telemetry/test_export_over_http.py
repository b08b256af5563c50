"""Telemetry on its way over real HTTP, to a server that answers, and to one that does not."""

from __future__ import annotations

import gzip
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

import telemetry
from telemetry import Delivery, configuration, current_run, delivery, instrumented_stage
from telemetry.diagnostics import strict
from telemetry.testing import capture_telemetry

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Collector(ThreadingHTTPServer):
    """Take what Logfire's SDK sends; while held, answer nothing."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.answering = threading.Event()
        self.answering.set()
        self.asked = threading.Event()
        self.traces: list[ExportTraceServiceRequest] = []
        self.metrics: list[ExportMetricsServiceRequest] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def spans(self) -> dict[str, Any]:
        return {
            span.name: span
            for request in self.traces
            for resource in request.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        }

    def metric_names(self) -> set[str]:
        return {
            metric.name
            for request in self.metrics
            for resource in request.resource_metrics
            for scope in resource.scope_metrics
            for metric in scope.metrics
        }


class Answer(BaseHTTPRequestHandler):
    server: Collector
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        body = b'{"project_name": "tests", "project_url": "http://127.0.0.1/"}'
        self._answer(body)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        self.server.asked.set()
        self.server.answering.wait(timeout=30)
        if self.path == "/v1/traces":
            self.server.traces.append(ExportTraceServiceRequest.FromString(body))
        elif self.path == "/v1/metrics":
            self.server.metrics.append(ExportMetricsServiceRequest.FromString(body))
        self._answer(b"")

    def _answer(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
        """Keep quiet."""


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Collector]:
    """Serve on loopback, with Logfire configured to send there by the environment."""
    with Collector() as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}).start()
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("LOGFIRE_TOKEN", "pylf_v1_us_test")
        monkeypatch.setenv("LOGFIRE_BASE_URL", server.url)
        monkeypatch.delenv("LOGFIRE_SEND_TO_LOGFIRE", raising=False)
        configuration.forget()
        with strict(enabled=False):
            assert telemetry.configure("agents", "1", "tests")
            yield server
            server.answering.set()
            telemetry.flush(timeout=10)
        monkeypatch.undo()
        with capture_telemetry():
            pass  # leaves Logfire configured to do nothing
        server.shutdown()


stage = instrumented_stage("extraction", task_type="bit_event_extraction", service="agents")


@stage
def handler(payload: dict[str, Any]) -> str:
    current_run().created("venues", 2)
    return current_run().trace_id


def test_one_trace_leads_from_the_producer_through_the_queue_to_the_stage(
    collector: Collector,
) -> None:
    with telemetry.producer_span("extraction-queue", message_id="c0ffee") as ctx:
        payload = {"ctx": ctx}
    with delivery(Delivery(ctx=ctx, queue="extraction-queue", task_id="c0ffee", attempt=1)):
        trace_id = handler(payload)

    assert telemetry.flush(timeout=20)

    spans = collector.spans()
    produced, processed = spans["send extraction-queue"], spans["process extraction"]
    assert produced.trace_id.hex() == trace_id == processed.trace_id.hex()
    assert produced.span_id == processed.parent_span_id
    assert {"venues_created", "task_succeeded", "processing_duration_ms"} <= (
        collector.metric_names()
    )


def test_a_failure_whose_text_is_no_unicode_arrives_with_its_neighbours(
    collector: Collector,
) -> None:
    @stage
    def fail() -> None:
        raise ValueError("\ud800 alone")

    with pytest.raises(ValueError, match="alone"):
        fail()
    with telemetry.producer_span("extraction-queue"):
        pass

    assert telemetry.flush(timeout=20)

    spans = collector.spans()
    assert spans["process extraction"].status.message == "ValueError: ? alone"
    assert "send extraction-queue" in spans


def test_a_server_that_never_answers_holds_nobody_up(collector: Collector) -> None:
    collector.answering.clear()
    began = time.monotonic()

    handler({})
    assert telemetry.flush(timeout=0.2) is False
    assert collector.asked.wait(timeout=10)
    for _ in range(100):
        handler({})
    assert telemetry.flush(timeout=0.2) is False

    assert time.monotonic() - began < 8
    collector.answering.set()
    assert telemetry.flush(timeout=20)
    assert "process extraction" in collector.spans()
