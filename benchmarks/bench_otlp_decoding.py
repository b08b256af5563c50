"""How many spans a second are decoded to Arrow, on one core.

The bodies are the real SDK's, 512 spans each: those of ``@instrumented_stage`` and those of
``logfire.span`` with a list among its arguments, alone and each with the pending span that the SDK
sends when a span begins. The reference is what anybody would write first, and it derives nothing:
the official messages, turned into dicts by protobuf's ``MessageToDict``, and each span's attributes
into JSON text by ``json.dumps``. The two alternate, so that both meet the same disturbances; the
ratio is the median of the rounds' ratios.

Each round has a body of its own, as a server has.

Prints one JSON document: spans a second of processor time, the best round and the median.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import time
from typing import TYPE_CHECKING, Any

import logfire
from google.protobuf.json_format import MessageToDict
from logfire.testing import TestExporter
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace.export import SimpleSpanProcessor

from telemetry import Delivery, current_run, delivery, instrumented_stage, producer_span
from telemetry.emulator.otlp import decode_traces

if TYPE_CHECKING:
    from collections.abc import Callable

GOAL = 70_000
SPANS = 512


@instrumented_stage("extraction", task_type="bit_event_extraction", service="extraction")
def run_stage(_data: dict[str, Any]) -> None:
    """Count something."""
    current_run().found("venues", 2)


def trace_stages() -> None:
    """Run as many stages as there are spans in a body."""
    for number in range(SPANS):
        with producer_span("extraction-queue") as ctx:
            data = {"ctx": ctx}
        facts = Delivery(
            ctx=ctx,
            queue="extraction-queue",
            task_id=f"{number:032x}",
            attempt=1,
            max_attempts=5,
            function="dpl_extraction_agent",
            body_size=1_000 + number % 50,
        )
        with delivery(facts):
            run_stage(data)


def trace_by_hand() -> None:
    """Make as many spans with the SDK, as its users do."""
    for number in range(SPANS):
        with logfire.span(
            "process {stage}",
            stage="extraction",
            task_type="bit_event_extraction",
            service="extraction",
            url=f"https://example.com/venues/{number}",
            attempt=1,
            max_attempts=5,
            outcome="succeeded",
            venues=[{"name": "Dome", "number": number}],
            found=number % 7,
        ):
            pass


def record(program: Callable[[], None], *, pending: bool = False) -> bytes:
    """Return the body of what a program sends, as long as the others."""
    exporter = TestExporter()
    logfire.configure(
        send_to_logfire=False,
        console=False,
        metrics=False,
        service_name="extraction",
        service_version="1",
        environment="benchmark",
        additional_span_processors=[SimpleSpanProcessor(exporter)],
    )
    program()
    spans = [
        span
        for span in exporter.exported_spans
        if span.name.startswith("process")
        and (pending or (span.attributes or {}).get("logfire.span_type") != "pending_span")
    ]
    body: bytes = encode_spans(spans[:SPANS]).SerializeToString()
    return body


def decode_naively(body: bytes) -> list[str]:
    """Turn a body into dicts and the attributes into JSON text."""
    request = MessageToDict(ExportTraceServiceRequest.FromString(body))
    return [
        json.dumps({attribute["key"]: attribute["value"] for attribute in span["attributes"]})
        for group in request["resourceSpans"]
        for scoped in group["scopeSpans"]
        for span in scoped["spans"]
    ]


def time_decoding(decode: Callable[[bytes], object], body: bytes, repeats: int) -> float:
    """Return spans a second of processor time, the body new each time as in a server."""
    bodies = [bytes(bytearray(body)) for _ in range(repeats)]
    started = time.process_time()
    while bodies:
        decode(bodies.pop())
    return SPANS * repeats / (time.process_time() - started)


def compare(body: bytes, rounds: int, repeats: int) -> dict[str, Any]:
    """Return spans a second of both, and the median ratio."""
    decoders = {"spans_per_second": decode_traces, "naive_spans_per_second": decode_naively}
    rates: dict[str, list[float]] = {name: [] for name in decoders}
    for decode in decoders.values():
        time_decoding(decode, body, repeats)
    for _ in range(rounds):
        for name, decode in decoders.items():
            rates[name].append(time_decoding(decode, body, repeats))
    ours, naive = rates.values()
    return {
        "bytes": len(body),
        **{name: round(statistics.median(measured)) for name, measured in rates.items()},
        "best_spans_per_second": round(max(ours)),
        "ratio": round(statistics.median(o / n for o, n in zip(ours, naive, strict=True)), 2),
    }


def main() -> None:
    """Compare, and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--repeats", type=int, default=10)
    options = parser.parse_args()

    bodies = {
        "instrumented_stage": record(trace_stages),
        "logfire_span": record(trace_by_hand),
        "logfire_span_with_pending": record(trace_by_hand, pending=True),
    }
    document = {
        "benchmark": "otlp_decoding",
        "goal_spans_per_second": GOAL,
        "spans_per_body": SPANS,
        "rounds": options.rounds,
        "repeats": options.repeats,
        "python": platform.python_version(),
        "cases": {
            name: compare(body, options.rounds, options.repeats) for name, body in bodies.items()
        },
    }
    print(json.dumps(document, indent=2))


if __name__ == "__main__":
    main()
