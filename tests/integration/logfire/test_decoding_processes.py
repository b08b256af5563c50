"""Processes that decode: what they take, what they decline, and what becomes of a broken one."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from telemetry.emulator.intake import Declined, Decoders, IngestRequest, Taken
from telemetry.errors import StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Iterator


def ask(body: bytes) -> IngestRequest:
    return IngestRequest("traces", "", body, {"records_all": ("stage",)})


def one_span() -> bytes:
    request = ExportTraceServiceRequest()
    request.resource_spans.add().scope_spans.add().spans.add(
        trace_id=b"1" * 16, span_id=b"2" * 8, name="a", start_time_unix_nano=10**18
    )
    return request.SerializeToString()


@pytest.fixture
def decoders() -> Iterator[Decoders]:
    with Decoders(1) as running:
        yield running


def test_what_can_be_decoded_is_taken_with_the_columns_of_hot_attributes(
    decoders: Decoders,
) -> None:
    taken = decoders.decode(ask(one_span()))

    assert isinstance(taken, Taken)
    assert taken.batch is not None
    assert ("records_all", ("stage",), 0) == (
        taken.batch.table,
        taken.batch.hot_keys,
        taken.rejected,
    )


def test_what_cannot_is_declined_and_the_next_is_taken(decoders: Decoders) -> None:
    assert isinstance(decoders.decode(ask(b"\xff")), Declined)
    assert isinstance(decoders.decode(ask(one_span())), Taken)


def test_a_request_whose_process_ends_is_declined_for_good_and_the_next_is_taken(
    decoders: Decoders,
) -> None:
    [process] = decoders._pool.all
    os.kill(process.pid, signal.SIGKILL)
    declined = decoders.decode(ask(one_span()))

    assert isinstance(declined, Declined)
    assert 413 == declined.status
    assert isinstance(decoders.decode(ask(one_span())), Taken)


def test_after_closing_a_request_is_to_be_sent_again() -> None:
    decoders = Decoders(1)
    decoders.close()

    with pytest.raises(StoreUnavailable, match="about to stop"):
        decoders.decode(ask(one_span()))
