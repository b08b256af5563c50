"""The emulator killed in the middle of ingest: what it acknowledged is there, and nothing twice."""

from __future__ import annotations

import contextlib
import http.client
import json
import threading
from typing import TYPE_CHECKING

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from telemetry.child import ServingProcess

if TYPE_CHECKING:
    from pathlib import Path

SPANS = 40
"""Of a request."""

CLIENTS = 3


def make_body(number: int) -> bytes:
    request = ExportTraceServiceRequest()
    scope = request.resource_spans.add().scope_spans.add()
    for place in range(SPANS):
        began = 1_750_000_000_000_000_000 + (number * SPANS + place) * 1000
        scope.spans.add(
            trace_id=(number + 1).to_bytes(16, "big"),
            span_id=(place + 1).to_bytes(8, "big"),
            name=f"request {number}",
            start_time_unix_nano=began,
            end_time_unix_nano=began,
        )
    return request.SerializeToString()


class Client:
    """Send one request after the other, as the SDK does: again where there was no answer."""

    def __init__(self, numbers: range) -> None:
        self.waiting = list(numbers)
        self.acknowledged: list[int] = []
        self.counts: list[tuple[int, int]] = []
        """How many requests this client had acknowledged, and how many spans it then saw."""

    def run(self, address: str) -> None:
        headers = {"Authorization": "any", "Content-Type": "application/x-protobuf"}
        with (
            # Where the server is killed, what was under way is for the next one.
            contextlib.suppress(OSError, http.client.HTTPException),
            contextlib.closing(
                http.client.HTTPConnection(address.removeprefix("http://"), timeout=30)
            ) as connection,
        ):
            while self.waiting:
                connection.request("POST", "/v1/traces", make_body(self.waiting[0]), headers)
                answer = connection.getresponse()
                answer.read()
                assert 200 == answer.status
                self.acknowledged.append(self.waiting.pop(0))
                if len(self.acknowledged) % 20 == 0:
                    self.counts.append((len(self.acknowledged), self.count(connection)))

    def count(self, connection: http.client.HTTPConnection) -> int:
        [row] = ask(connection, "SELECT count(*) AS n FROM records")
        return row["n"]


def ask(connection: http.client.HTTPConnection, sql: str) -> list[dict[str, int]]:
    body = json.dumps({"sql": sql, "min_timestamp": "2000-01-01T00:00:00Z", "limit": 10_000})
    connection.request(
        "POST", "/v2/query", body, {"Authorization": "any", "Content-Type": "application/json"}
    )
    rows: list[dict[str, int]] = json.loads(connection.getresponse().read())["data"]
    return rows


@pytest.mark.parametrize("kill_after", [15, 90])
def test_what_was_acknowledged_is_there_once_and_what_was_not_can_be_sent_again(
    tmp_path: Path, kill_after: int
) -> None:
    clients = [Client(range(first, 150, CLIENTS)) for first in range(CLIENTS)]
    for is_last in (False, True):
        with ServingProcess(
            "telemetry.cli.emulate", ["--data", str(tmp_path)], name="Logfire emulator"
        ) as emulator:
            threads = [
                threading.Thread(target=client.run, args=(emulator.address,)) for client in clients
            ]
            for thread in threads:
                thread.start()
            if not is_last:
                while sum(len(client.acknowledged) for client in clients) < kill_after:
                    threads[0].join(0.001)
                emulator.kill()
            for thread in threads:
                thread.join()
            if is_last:
                connection = http.client.HTTPConnection(emulator.address.removeprefix("http://"))
                found = ask(
                    connection,
                    "SELECT span_name, count(*) AS n, count(DISTINCT span_id) AS spans"
                    " FROM records GROUP BY 1",
                )
                connection.close()
        if not is_last:
            assert any(client.waiting for client in clients), "it was killed too late"

    assert {f"request {number}": (SPANS, SPANS) for number in range(150)} == {
        str(row["span_name"]): (row["n"], row["spans"]) for row in found
    }


def test_a_query_sees_what_was_acknowledged_before_it_began(tmp_path: Path) -> None:
    clients = [Client(range(first, 150, CLIENTS)) for first in range(CLIENTS)]
    with ServingProcess(
        "telemetry.cli.emulate", ["--data", str(tmp_path)], name="Logfire emulator"
    ) as emulator:
        threads = [
            threading.Thread(target=client.run, args=(emulator.address,)) for client in clients
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    counts = [count for client in clients for count in client.counts]
    assert 2 * CLIENTS == len(counts)
    assert all(seen >= own * SPANS for own, seen in counts)
