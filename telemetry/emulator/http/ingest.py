"""Take telemetry in: OTLP over HTTP, as protobuf.

https://opentelemetry.io/docs/specs/otlp/#otlphttp
"""

from __future__ import annotations

import asyncio
import hashlib
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse
from starlette.responses import Response
from starlette.routing import Route

from telemetry.emulator.http.authentication import check_token
from telemetry.emulator.http.bodies import MemoryBudget, read_body, unpack
from telemetry.emulator.http.refusals import PROTOBUF, Refusal
from telemetry.emulator.otlp import DecodedBatch, decode_logs, decode_metrics, decode_traces
from telemetry.errors import InvalidPayload, StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request

    from telemetry.emulator.store import Store

_DECODERS: Final[dict[str, Callable[[bytes], DecodedBatch]]] = {
    "/v1/traces": decode_traces,
    "/v1/logs": decode_logs,
    "/v1/metrics": decode_metrics,
}

_THREADS: Final = 6
"""Decoding takes turns, for there is one interpreter; the others unpack, or wait for the disk."""

_BUDGET: Final = 256 * 2**20


class Ingest:
    """Serve the three paths of OTLP.

    Args:
        store: Where the telemetry goes.
        token: The only one that is let in; None lets any in.
    """

    def __init__(self, store: Store, token: str | None) -> None:
        self._store = store
        self._token = token
        self._budget = MemoryBudget(_BUDGET)
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="ingest")
        self.routes = [Route(path, self.export, methods=["POST"]) for path in _DECODERS]

    def close(self) -> None:
        """End the threads, once what they do is done."""
        self._threads.shutdown()

    async def export(self, request: Request) -> Response:
        """Answer once the telemetry is durable.

        Raises:
            Refusal: It cannot be taken.
        """
        check_token(request, self._token)
        content_type = request.headers.get("content-type", "")
        if content_type.partition(";")[0].strip().lower() != PROTOBUF:
            raise Refusal(
                415,
                f"Content-Type {content_type!r} is not supported: send OTLP as {PROTOBUF}"
                " (OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf)",
            )
        body = await read_body(request, self._budget)
        try:
            batch = await asyncio.get_running_loop().run_in_executor(
                self._threads,
                self._take,
                body,
                request.headers.get("content-encoding", ""),
                request.url.path,
            )
        finally:
            self._budget.give_back(len(body))
        return Response(_answer(batch), media_type=PROTOBUF)

    def _take(self, body: bytes, encoding: str, path: str) -> DecodedBatch:
        message = unpack(body, encoding)
        # Of the unpacked body: a batch that is sent again may be packed anew.
        digest = hashlib.blake2b(message, digest_size=16, person=path.encode()).digest()
        try:
            batch = _DECODERS[path](message)
            if batch.rows.num_rows:
                self._store.append(batch, digest)
        except InvalidPayload as error:
            raise Refusal(400, str(error)) from error
        except StoreUnavailable as error:
            raise Refusal(503, str(error), retry_after=5) from error
        return batch


def _answer(batch: DecodedBatch) -> bytes:
    if not batch.rejected:
        return b""
    # The three signals' answers differ in the name of a field only, not in its number.
    answer = ExportTraceServiceResponse()
    answer.partial_success.rejected_spans = batch.rejected
    answer.partial_success.error_message = batch.reason
    serialized: bytes = answer.SerializeToString()
    return serialized
