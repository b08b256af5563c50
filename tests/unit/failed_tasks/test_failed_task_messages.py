"""Messages of dead letters: whatever comes is read or refused, and never breaks the reader."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.errors import PayloadError
from functions.runtime.dead_letters import DeadLetter
from functions.runtime.failed_tasks.messages import read_message, to_message

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)
LETTER: dict[str, Any] = {
    "task_id": "t1",
    "stage": "toy",
    "task_type": "toy_order",
    "function_name": "dpl_obey",
    "function_url": "http://functions.example/dpl_obey",
    "error_type": "ValueError",
    "error_message": "it broke",
    "attempts": 3,
    "failed_at": "2026-05-01T12:00:00+00:00",
    "body": base64.b64encode(b"{}").decode(),
}


def pushed(said: object) -> bytes:
    data = said if isinstance(said, bytes) else json.dumps(said).encode()
    return json.dumps({"message": {"data": base64.b64encode(data).decode()}}).encode()


def read_or_refuse(body: bytes) -> DeadLetter | None:
    try:
        return read_message(body)
    except PayloadError:
        return None


@given(st.binary())
def test_arbitrary_bytes_are_no_message(body: bytes) -> None:
    assert read_or_refuse(body) is None


@given(JSON)
def test_arbitrary_json_is_a_letter_or_refused(said: object) -> None:
    body = json.dumps(said).encode()
    for each in (body, pushed(said), json.dumps({"message": said}).encode()):
        read = read_or_refuse(each)
        assert read is None or read.error_type == "UnreadableMessage"


@given(st.binary())
def test_a_message_with_arbitrary_data_is_an_unreadable_one(data: bytes) -> None:
    assert "UnreadableMessage" == read_message(pushed(data)).error_type


@given(st.text(), st.text())
def test_a_message_whose_data_is_any_text_is_read_or_refused(data: str, name: str) -> None:
    read = read_or_refuse(json.dumps({"message": {"data": data, "messageId": name}}).encode())

    assert read is None or read.task_id.startswith("message-")


@given(st.sampled_from(sorted(LETTER)), JSON)
def test_a_letter_with_any_value_in_a_field_is_read(name: str, value: object) -> None:
    assert read_message(pushed(LETTER | {name: value})).failed_at.tzinfo is UTC


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"failed_at": "2026-05-01T12:00:00"}, "failed_at"),
        ({"failed_at": "0001-01-01T00:00:00+14:00"}, "failed_at"),
        ({"task_id": "a/b"}, "task_id"),
        ({"attempts": 2**70}, "attempts"),
        ({"past": [{"number": 1}]}, "past.0.at, past.0.error_type, past.0.error_message"),
        ({"past": [{}] * 900}, ", …"),
        ({"body": "§"}, "its body is no base64"),
    ],
)
def test_what_is_wrong_with_a_letter_is_told(change: dict[str, Any], told: str) -> None:
    read = read_message(pushed(LETTER | change))

    assert "UnreadableMessage" == read.error_type
    assert told in read.error_message
    assert len(read.error_message) < 1_000


TIMES = st.timedeltas(timedelta(0), timedelta(days=80_000)).map(
    lambda after: datetime(1970, 1, 2, tzinfo=timezone(timedelta(hours=5))) + after
)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=100)


@given(
    st.from_regex(r"[A-Za-z0-9_-]{1,60}", fullmatch=True),
    st.binary(max_size=200),
    TEXT,
    TIMES,
    st.lists(TEXT, max_size=3),
)
def test_a_letter_arrives_as_it_was_sent(
    task_id: str, body: bytes, text: str, at: datetime, ids: list[str]
) -> None:
    sent = DeadLetter(
        task_id=task_id,
        stage="toy",
        task_type=text,
        function_name=text,
        function_url=text,
        body=body,
        error_type=text,
        error_message=text,
        attempts=3,
        failed_at=at.astimezone(UTC),
        trace_id=text,
        stack_trace=text,
        item_ids=ids,
        past=[{"number": 1, "at": at.astimezone(UTC), "error_type": text, "error_message": text}],
    )

    assert sent == read_message(json.dumps({"message": to_message(sent)}).encode())
