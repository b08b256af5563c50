from __future__ import annotations

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.errors import PayloadError, PayloadTooLarge
from functions.runtime.payload import MAX_BODY_BYTES, Payload, decode_payload, encode_payload
from functions.stages.payloads import ResolveEntities, SourcePage


def test_a_payload_survives_the_way_with_its_trace_context() -> None:
    body = encode_payload(SourcePage(source_id="s1"), {"traceparent": "00-1-2-01"})

    assert {"source_id": "s1", "ctx": {"traceparent": "00-1-2-01"}} == json.loads(body)
    assert "s1" == decode_payload(body, SourcePage).source_id


@pytest.mark.parametrize("ctx", [None, 7, "x", [], {"traceparent": [1]}, {"a": {"b": None}}])
def test_no_trace_context_however_broken_fails_a_task(ctx: object) -> None:
    body = json.dumps({"source_id": "s1", "ctx": ctx}).encode()

    assert ctx == decode_payload(body, SourcePage).ctx


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"", "Invalid JSON"),
        (b"not json", "Invalid JSON"),
        (b"\xff\xfe", "Invalid JSON"),
        (b"[]", "body: Input should be an object"),
        (b"{}", "source_id: Field required"),
        (b'{"source_id": 7}', "source_id: Input should be a valid string"),
        (b'{"source_id": ""}', "source_id: String should have at least 1 character"),
        (b'{"source_id": "s", "url": "x"}', "url: Extra inputs are not permitted"),
    ],
)
def test_a_body_that_is_not_the_stages_is_refused_with_the_field(body: bytes, told: str) -> None:
    with pytest.raises(PayloadError, match="the body is not a SourcePage") as refusal:
        decode_payload(body, SourcePage)

    assert told in str(refusal.value)


def test_a_refusal_never_repeats_what_the_body_said() -> None:
    with pytest.raises(PayloadError) as refusal:
        decode_payload(b'{"source_id": {"password": "hunter2"}}', SourcePage)

    assert "hunter2" not in str(refusal.value)


@given(st.binary(max_size=200))
def test_any_bytes_are_a_payload_or_a_payload_error(body: bytes) -> None:
    with contextlib.suppress(PayloadError):
        assert isinstance(decode_payload(body, ResolveEntities), ResolveEntities)


class Blob(Payload):
    text: str


def test_a_payload_above_cloud_tasks_limit_is_refused_before_it_is_sent() -> None:
    room = MAX_BODY_BYTES - len(encode_payload(Blob(text=""), {}))

    assert MAX_BODY_BYTES == len(encode_payload(Blob(text="x" * room), {}))
    with pytest.raises(PayloadTooLarge, match="1,000,001 bytes: Cloud Tasks takes 1,000,000"):
        encode_payload(Blob(text="x" * (room + 1)), {})
