"""How many spans a second the Logfire emulator takes in, durably, from two clients.

Prints one JSON document. Two processes each send gzipped OTLP requests of 512 spans over two
connections (``--connections``), and send the next when the last was answered, which the emulator
does once the spans are durable. The reference, in the same run: a loop in one process that unpacks
the same bodies, parses them into protobuf messages, and appends them to a file with one
``fdatasync`` each: what a durable OTLP receiver does at least.

    python benchmarks/bench_logfire_ingest.py [--spans 400000] [--runs 3]

With ``--spans 5000000 --runs 1`` it shows whether memory stays flat: ``rss_mib`` is sampled at
every tenth of the way, and ``rss_mib_merging`` is the most while segments are merged afterwards,
and what is left then. Both are of the emulator and its processes together.
"""

from __future__ import annotations

import argparse
import gzip
import http.client
import json
import multiprocessing
import os
import random
import statistics
import tempfile
import time
import zlib
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

from made_spans import BATCH, attribute, make_request
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from telemetry.child import ServingProcess

CLIENTS = 2
SAMPLES = 500
QUIET = 10.0
"""Seconds without a change after which no merge is to be expected."""
BODIES = 60
HOUR = 3_600_000_000_000
HEADERS = {
    "Authorization": "bench",
    "Content-Type": "application/x-protobuf",
    "Content-Encoding": "gzip",
}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--spans", type=int, default=400_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--connections", type=int, default=2, help="of each client")
    options = parser.parse_args()
    bodies = make_bodies()
    bare = statistics.median(measure_bare(bodies) for _ in range(options.runs))
    runs = [
        measure_emulator(bodies, options.spans, options.connections) for _ in range(options.runs)
    ]
    median = statistics.median(run["spans_per_second"] for run in runs)
    print(
        json.dumps(
            {
                "spans_per_second": round(median),
                "connections_per_client": options.connections,
                "reference_spans_per_second": round(bare),
                "ratio_to_reference": round(median / bare, 3),
                "bytes_per_span_gzipped": round(sum(map(len, bodies)) / len(bodies) / BATCH),
                "runs": runs,
            }
        )
    )


def make_bodies() -> list[bytes]:
    """Return gzipped requests."""
    generator = random.Random(7)  # noqa: S311 - no secret
    now = time.time_ns()
    return [
        gzip.compress(
            make_request(
                generator, start=now - HOUR + number * HOUR // BODIES, step=HOUR // BODIES // BATCH
            ).SerializeToString(),
            6,
        )
        for number in range(BODIES)
    ]


def make_unique(body: bytes, number: int) -> bytes:
    """Return a body that was never sent before, at next to no cost.

    Both gzip and protobuf can be continued by putting one file, or message, behind the other.
    """
    tail = ExportTraceServiceRequest()
    tail.resource_spans.add().resource.attributes.append(attribute("number", number))
    return body + gzip.compress(tail.SerializeToString(), 1)


def measure_bare(bodies: list[bytes]) -> float:
    """Return spans a second of the reference."""
    with tempfile.NamedTemporaryFile() as file:
        began = time.perf_counter()
        for body in bodies:
            unpacked = zlib.decompress(body, 32 + zlib.MAX_WBITS)
            ExportTraceServiceRequest.FromString(unpacked)
            file.write(unpacked)
            file.flush()
            os.fdatasync(file.fileno())
        return len(bodies) * BATCH / (time.perf_counter() - began)


def measure_emulator(bodies: list[bytes], spans: int, connections: int) -> dict[str, Any]:
    """Run an emulator on a fresh folder, send, and count what is there."""
    with (
        tempfile.TemporaryDirectory() as data,
        ServingProcess(
            "telemetry.cli.emulate", ["--data", data], name="Logfire emulator"
        ) as emulator,
    ):
        port = int(emulator.address.rpartition(":")[2])
        requests = spans // BATCH // CLIENTS // connections * connections
        context = multiprocessing.get_context("fork")
        results = context.SimpleQueue()
        clients = [
            context.Process(
                target=run_client,
                args=(port, bodies, range(client * requests, (client + 1) * requests), results),
                kwargs={"connections": connections},
            )
            for client in range(CLIENTS)
        ]
        used = cpu_seconds(emulator.pid)
        began = time.perf_counter()
        for client in clients:
            client.start()
        memory = watch_memory(emulator.pid, spans, clients)
        seconds = time.perf_counter() - began
        sent = requests * CLIENTS * BATCH
        waits = sorted(wait for _ in clients for wait in results.get())
        stored = count_records(port)
        merging = watch_merging(emulator.pid, Path(data))
        return {
            "spans_per_second": round(sent / seconds),
            "server_cpu_seconds_per_million": round(
                (cpu_seconds(emulator.pid) - used) / sent * 1e6, 1
            ),
            "p50_ms": round(waits[len(waits) // 2] * 1e3, 1),
            "p99_ms": round(waits[len(waits) * 99 // 100] * 1e3, 1),
            "stored_equals_sent": stored == sent,
            "rss_mib": memory,
            "rss_mib_merging": merging,
        }


def run_client(
    port: int, bodies: list[bytes], numbers: range, results: Any, *, connections: int
) -> None:
    """Send requests over some connections at a time; put the seconds each took."""
    parts = [numbers[first::connections] for first in range(connections)]
    with ThreadPoolExecutor(connections) as threads:
        sent = [threads.submit(send, port, bodies, part) for part in parts]
        waits = sorted(wait for each in sent for wait in each.result())
    # Few of them: more than a pipe holds would wait for a reader that waits for this process.
    results.put(waits[:: len(waits) // SAMPLES + 1])


def send(port: int, bodies: list[bytes], numbers: range) -> list[float]:
    """Send requests one after the other; return the seconds each took."""
    connection = http.client.HTTPConnection("127.0.0.1", port)
    waits = []
    for number in numbers:
        body = make_unique(bodies[number % len(bodies)], number)
        began = time.perf_counter()
        connection.request("POST", "/v1/traces", body, HEADERS)
        answer = connection.getresponse()
        answer.read()
        waits.append(time.perf_counter() - began)
        if answer.status != http.client.OK:
            raise SystemExit(f"the emulator answered {answer.status}")
    return waits


def watch_memory(pid: int, spans: int, clients: list[Any]) -> list[int]:
    """Wait for the clients; return the emulator's resident MiB at about every tenth of the way."""
    samples = [resident_mib(pid)]
    pause = spans / 40_000 / 10
    sampled = time.monotonic()
    for client in clients:
        while client.is_alive():
            client.join(0.1)
            if time.monotonic() - sampled > pause:
                sampled = time.monotonic()
                samples.append(resident_mib(pid))
    return samples


def watch_merging(pid: int, folder: Path) -> dict[str, int]:
    """Wait until the segments stay as they are; return what memory there was."""
    most, before, quiet = 0, None, time.monotonic()
    while time.monotonic() - quiet < QUIET:
        segments = sorted(folder.rglob("*.parquet*"))
        if segments != before or any(each.suffix != ".parquet" for each in segments):
            before, quiet = segments, time.monotonic()
        most = max(most, resident_mib(pid))
        time.sleep(0.1)
    return {"most": most, "left": resident_mib(pid), "segments": len(before or [])}


def resident_mib(pid: int) -> int:
    """Return the resident memory of a process and its children."""
    children = Path(f"/proc/{pid}/task").glob("*/children")
    pids = [pid, *(int(each) for file in children for each in file.read_text().split())]
    pages = 0
    for each in pids:
        with suppress(FileNotFoundError, ProcessLookupError):  # it has ended just now
            pages += int(Path(f"/proc/{each}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") >> 20


def cpu_seconds(pid: int) -> float:
    """Return the processor time of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def count_records(port: int) -> int:
    """Return how many records the emulator has."""
    connection = http.client.HTTPConnection("127.0.0.1", port)
    connection.request(
        "POST",
        "/v2/query",
        json.dumps(
            {"sql": "SELECT count(*) AS n FROM records", "min_timestamp": "2000-01-01T00:00:00Z"}
        ),
        {"Authorization": "bench", "Content-Type": "application/json"},
    )
    answer = json.load(connection.getresponse())
    return int(answer["data"][0]["n"])


if __name__ == "__main__":
    main()
