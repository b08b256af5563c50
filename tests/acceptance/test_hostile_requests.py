"""Whatever is sent to the emulator: an answer that says why not, and the next request works."""

from __future__ import annotations

import gzip
import http.client
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from telemetry.child import ServingProcess

if TYPE_CHECKING:
    from collections.abc import Iterator

PROTOBUF = {"Authorization": "any", "Content-Type": "application/x-protobuf"}
JSON = {"Authorization": "any", "Content-Type": "application/json"}
LONG_AGO = "2000-01-01T00:00:00Z"


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def detail(self) -> str:
        return str(json.loads(self.body)["detail"])


class Wire:
    """Speak HTTP with an emulator."""

    def __init__(self, address: str) -> None:
        self.host = address.removeprefix("http://")

    def send(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: dict[str, str] | None = None,
    ) -> Answer:
        connection = http.client.HTTPConnection(self.host, timeout=30)
        try:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            return Answer(response.status, dict(response.getheaders()), response.read())
        finally:
            connection.close()

    def query(self, sql: str, **more: Any) -> Answer:
        body = {"sql": sql, "min_timestamp": LONG_AGO, **more}
        return self.send("POST", "/v2/query", json.dumps(body).encode(), JSON)

    def assert_works(self) -> None:
        """Send a span and find it."""
        answer = self.send("POST", "/v1/traces", one_span(), PROTOBUF)
        assert 200 == answer.status
        assert [{"one": 1}] == json.loads(
            self.query(
                "SELECT count(DISTINCT trace_id) AS one FROM records WHERE span_name = 'still here'"
            ).body
        )["data"]


def one_span() -> bytes:
    request = ExportTraceServiceRequest()
    request.resource_spans.add().scope_spans.add().spans.add(
        trace_id=b"1" * 16,
        span_id=b"2" * 8,
        name="still here",
        start_time_unix_nano=1_750_000_000_000_000_000,
        end_time_unix_nano=1_750_000_001_000_000_000,
    )
    return request.SerializeToString()


@pytest.fixture(scope="module")
def wire() -> Iterator[Wire]:
    with ServingProcess(
        "telemetry.cli.emulate",
        ["--temporary", "--query-timeout", "2", "--query-memory-mib", "64"],
        name="Logfire emulator",
    ) as emulator:
        yield Wire(emulator.address)


GZIP = {"Content-Encoding": "gzip"}


def empty_spans(count: int) -> bytes:
    """Return a request of spans without anything in them: two bytes each, and many objects."""
    spans = b"\x12\x00" * count
    scope = b"\x12" + varint(len(spans)) + spans
    return b"\x0a" + varint(len(scope)) + scope


def varint(number: int) -> bytes:
    """Return a number as protobuf has it."""
    encoded = bytearray()
    while number > 127:
        encoded.append(number & 127 | 128)
        number >>= 7
    return bytes(encoded + bytes([number]))


@pytest.mark.parametrize(
    ("path", "body", "more", "expected"),
    [
        ("/v1/traces", b"\xff\xfegarbage", {}, (400, "ExportTraceServiceRequest")),
        ("/v1/metrics", b"\x0a\xff\xff\xff\xff", {}, (400, "ExportMetricsServiceRequest")),
        ("/v1/logs", b"{}", {}, (400, "ExportLogsServiceRequest")),
        ("/v1/traces", gzip.compress(bytes(200_000_000)), GZIP, (413, "than 33554432 bytes")),
        ("/v1/traces", b"no gzip", GZIP, (400, "not valid gzip")),
        ("/v1/traces", gzip.compress(b"") * 100_000, GZIP, (413, "100 gzip members")),
        ("/v1/traces", b"x", {"Content-Encoding": "br"}, (415, "use gzip")),
        ("/v1/traces", b"", {"Authorization": ""}, (401, "Unauthenticated")),
    ],
)
def test_what_cannot_be_ingested_is_refused_in_the_protocols_own_form(
    wire: Wire, path: str, body: bytes, more: dict[str, str], expected: tuple[int, str]
) -> None:
    status, message = expected
    answer = wire.send("POST", path, body, PROTOBUF | more)

    assert status == answer.status
    assert message in Status.FromString(answer.body).message
    wire.assert_works()


def test_a_body_of_nothing_but_empty_spans_takes_no_more_memory_than_there_may_be(
    wire: Wire,
) -> None:
    answer = wire.send("POST", "/v1/traces", empty_spans(12_000_000), PROTOBUF)

    # Where the parser of protobuf gets no memory, it takes the body for damaged.
    assert answer.status in {400, 413}
    assert Status.FromString(answer.body).message
    wire.assert_works()


@pytest.mark.parametrize("content_type", ["application/json", "text/plain", ""])
def test_a_wrong_content_type_is_told_with_the_right_one(wire: Wire, content_type: str) -> None:
    headers = {"Authorization": "any", "Content-Type": content_type}
    answer = wire.send("POST", "/v1/traces", b"{}", headers)

    assert 415 == answer.status
    assert "send OTLP as application/x-protobuf" in answer.detail


def test_a_body_that_says_it_is_too_long_is_not_read(wire: Wire) -> None:
    answer = wire.send("POST", "/v1/traces", None, PROTOBUF | {"Content-Length": "99999999999"})

    assert 413 == answer.status
    wire.assert_works()


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("DROP TABLE records", "SELECT"),
        ("INSERT INTO records SELECT * FROM records", "SELECT"),
        ("COPY records TO '/tmp/stolen.csv'", "SELECT"),
        ("CREATE EXTERNAL TABLE t STORED AS CSV LOCATION '/etc/passwd'", "SELECT"),
        ("SELECT 1; SELECT 2", "one"),
        ("SELECT * FROM '/etc/passwd'", "/etc/passwd"),
        ('SELECT * FROM "/etc/passwd.csv"', "/etc/passwd.csv"),
        ("SELECT * FROM read_csv('/etc/passwd')", "read_csv"),
        ("SELECT * FROM parquet_metadata('x')", "parquet_metadata"),
        ("SELECT _lf_json_text(attributes, '[]') FROM records", "_lf_json_text"),
        ("SET datafusion.execution.batch_size = 1", "SELECT"),
        ("EXPLAIN SELECT 1", "SELECT"),
        ("SELECT attributs FROM records", "attributes"),
        ("SELECT nosuch(message) FROM records", "nosuch"),
        ("SELECT * FROM recrods", "records"),
        ("SELECT 1 +", "end of the query"),
        ("SELECT 1\nFROM records\nWHERE >", "line 3"),
        ("", "empty"),
        ("SELECT " + "(" * 5000 + "1" + ")" * 5000, "nest"),
    ],
)
def test_sql_that_may_not_or_cannot_run_is_told_why(wire: Wire, sql: str, message: str) -> None:
    answer = wire.query(sql)

    assert 400 == answer.status, answer.body
    assert message.lower() in answer.detail.lower()
    assert "_lf_" not in answer.detail.replace("_lf_json_text", "")
    wire.assert_works()


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT count(*) FROM generate_series(1, 1000000) a CROSS JOIN generate_series(1, 1000000)",
        "WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n",
    ],
)
def test_an_endless_query_is_ended(wire: Wire, sql: str) -> None:
    answer = wire.query(sql)

    assert 400 == answer.status, answer.body
    assert "2 s" in answer.detail
    wire.assert_works()


def test_a_query_that_wants_too_much_memory_is_ended(wire: Wire) -> None:
    answer = wire.query(
        "SELECT value % 3, array_length(array_agg(value)) FROM generate_series(1, 90000000)"
        " GROUP BY 1"
    )

    assert 400 == answer.status, answer.body
    assert "64 MiB of memory" in answer.detail
    wire.assert_works()


@pytest.mark.parametrize(
    ("body", "place"),
    [
        (b"not json", "JSON"),
        (b"[]", "object"),
        (b'{"min_timestamp": "2026-01-01T00:00:00Z"}', "sql"),
        (b'{"sql": "SELECT 1"}', "min_timestamp"),
        (b'{"sql": "SELECT 1", "min_timestamp": "yesterday"}', "min_timestamp"),
        (b'{"sql": "SELECT 1", "min_timestamp": "2026-01-01T00:00:00"}', "min_timestamp"),
        (b'{"sql": "SELECT 1", "min_timestamp": "2026-01-01T00:00:00Z", "limit": 0}', "limit"),
        (b'{"sql": "SELECT 1", "min_timestamp": "2026-01-01T00:00:00Z", "limit": 10001}', "limit"),
    ],
)
def test_a_request_that_is_none_is_422_and_says_where(wire: Wire, body: bytes, place: str) -> None:
    answer = wire.send("POST", "/v2/query", body, JSON)

    assert 422 == answer.status
    assert place in answer.detail


def test_a_problem_document_is_sent_to_who_asks_for_one(wire: Wire) -> None:
    body = json.dumps({"sql": "SELECT nope FROM records", "min_timestamp": LONG_AGO}).encode()
    answer = wire.send(
        "POST", "/v2/query", body, JSON | {"Accept": "application/json, application/problem+json"}
    )
    problem = json.loads(answer.body)

    assert "application/problem+json" == answer.headers["content-type"]
    assert (400, False) == (problem["status"], problem["retryable"])
    assert {"detail": problem["detail"]} == problem["error_details"]


def test_an_unknown_path_is_told(wire: Wire) -> None:
    answer = wire.send("GET", "/v3/query", None, JSON)

    assert (404, "GET /v3/query: Not Found") == (answer.status, answer.detail)


def test_a_page_under_another_name_does_not_get_in(wire: Wire) -> None:
    answer = wire.send("GET", "/", None, {"Host": "evil.example"})

    assert 400 == answer.status
