"""One trace id follows an item through every stage, over the real wire: OTLP as it is sent."""

from __future__ import annotations

import gzip
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest
from commands import event, event_page, mystage
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from opentelemetry.proto.trace.v1.trace_pb2 import Span

ITEM_STAGES = [
    "sourcing",
    "doc_processing",
    "extraction_adapters",
    "entity_resolution",
    "entity_source_mgmt",
    "entity_writers",
    "sync_data_stores",
]


@dataclass
class Collector:
    """Take spans as Logfire would."""

    url: str = ""
    spans: dict[bytes, Span] = field(default_factory=dict)

    def add(self, body: bytes) -> None:
        request = ExportTraceServiceRequest.FromString(body)
        for resource in request.resource_spans:
            for scope in resource.scope_spans:
                for span in scope.spans:
                    kinds = {a.key: a.value.string_value for a in span.attributes}
                    if kinds.get("logfire.span_type") != "pending_span":
                        self.spans[span.span_id] = span

    def stages_from(self, span: Span) -> list[str]:
        """Return the stages on the way from a span up to the root of its trace."""
        stages = []
        above: Span | None = span
        while above is not None:
            stages += [a.value.string_value for a in above.attributes if a.key == "stage"]
            above = self.spans.get(above.parent_span_id)
        return stages


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> Iterator[Collector]:
    collected = Collector()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(b'{"project_name": "test", "project_url": "http://test.example"}')

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            if self.path == "/v1/traces":
                collected.add(body)
            self._answer(b"")

        def _answer(self, body: bytes) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    collected.url = f"http://127.0.0.1:{server.server_port}"
    monkeypatch.setenv("LOGFIRE_TOKEN", "pylf_v1_us_" + "0" * 43)
    monkeypatch.setenv("LOGFIRE_BASE_URL", collected.url)
    yield collected
    server.shutdown()
    server.server_close()
    thread.join()


def test_an_items_stages_hang_together_from_source_to_table(
    collector: Collector, pages: Path, data: Path
) -> None:
    for number in range(3):
        (pages / f"{number}.html").write_text(event_page(event(number)))

    ended = mystage("run", pages, "--data", data, "--json")

    assert 0 == ended.code, ended.stderr
    last = [s for s in collector.spans.values() if s.name == "process sync_data_stores"]
    assert 3 == len(last)
    assert [ITEM_STAGES[::-1]] * 3 == [collector.stages_from(span) for span in last]
    assert sorted(ended.json["trace_ids"]) == sorted(span.trace_id.hex() for span in last)
    for span in last:
        of_item = [s for s in collector.spans.values() if s.trace_id == span.trace_id]
        processed = {s.name for s in of_item if s.name.startswith("process ")}
        assert {f"process {stage}" for stage in ITEM_STAGES} == processed


def test_the_item_is_linked_to_the_scheduling_that_sent_it(
    collector: Collector, pages: Path, data: Path
) -> None:
    (pages / "one.html").write_text(event_page(event(1)))

    mystage("run", pages, "--data", data)

    spans = collector.spans.values()
    (scheduling,) = (s for s in spans if s.name == "process scheduling")
    (sent,) = (s for s in spans if s.name == "create sourcing-queue")
    assert (b"", [scheduling.span_id]) == (
        sent.parent_span_id,
        [link.span_id for link in sent.links],
    )
    assert scheduling.trace_id != sent.trace_id
