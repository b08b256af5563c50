"""Take telemetry in: OTLP over HTTP, as protobuf.

https://opentelemetry.io/docs/specs/otlp/#otlphttp
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse
from starlette.responses import Response
from starlette.routing import Route

from telemetry.emulator.arrow import STORED_TABLES
from telemetry.emulator.http.authentication import check_token
from telemetry.emulator.http.bodies import MemoryBudget, read_body
from telemetry.emulator.http.refusals import PROTOBUF, Refusal
from telemetry.emulator.intake import Declined, IngestRequest, Taken
from telemetry.errors import StoreUnavailable

if TYPE_CHECKING:
    from starlette.requests import Request

    from telemetry.emulator.intake import Decoders
    from telemetry.emulator.store import Store

_SIGNALS: Final = ("traces", "logs", "metrics")

_THREADS: Final = 8
"""They only wait: for a process that decodes, then for the disk."""

_BUDGET: Final = 256 * 2**20


class Ingest:
    """Serve the three paths of OTLP.

    Args:
        store: Where the telemetry goes.
        decoders: What decodes it.
        token: The only one that is let in; None lets any in.
    """

    def __init__(self, store: Store, decoders: Decoders, token: str | None) -> None:
        self._store = store
        self._decoders = decoders
        self._token = token
        self._budget = MemoryBudget(_BUDGET)
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="ingest")
        self.routes = [
            Route(f"/v1/{signal}", self.export, methods=["POST"], name=signal)
            for signal in _SIGNALS
        ]

    def close(self) -> None:
        """End the threads, once what they do is done."""
        self._threads.shutdown(cancel_futures=True)

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
        asked = IngestRequest(
            signal=request.url.path.rpartition("/")[2],
            encoding=request.headers.get("content-encoding", ""),
            body=body,
            hot_keys={table.name: self._store.hot_keys(table.name) for table in STORED_TABLES},
        )
        try:
            taken = await asyncio.get_running_loop().run_in_executor(
                self._threads, self._take, asked
            )
        finally:
            self._budget.give_back(len(body))
        return Response(_answer(taken), media_type=PROTOBUF)

    def _take(self, asked: IngestRequest) -> Taken:
        try:
            answer = self._decoders.decode(asked)
            if isinstance(answer, Declined):
                raise Refusal(answer.status, answer.message)
            if answer.batch is not None:
                self._store.append_prepared(answer.batch)
        except StoreUnavailable as error:
            raise Refusal(503, str(error), retry_after=5) from error
        return answer


def _answer(taken: Taken) -> bytes:
    if not taken.rejected:
        return b""
    # The three signals' answers differ in the name of a field only, not in its number.
    answer = ExportTraceServiceResponse()
    answer.partial_success.rejected_spans = taken.rejected
    answer.partial_success.error_message = taken.reason
    serialized: bytes = answer.SerializeToString()
    return serialized
