from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from document_strategies import fields, times
from hypothesis import given, settings

from functions.runtime.store.encoding import (
    decode_fields,
    encode_fields,
    from_microseconds,
    to_microseconds,
)


def exactly(value: Any) -> Any:
    """Return what is equal for the same types only: 1 is not 1.0 nor True, and nan is nan."""
    if isinstance(value, dict):
        return {name: exactly(each) for name, each in value.items()}
    if isinstance(value, list):
        return [exactly(each) for each in value]
    return type(value), repr(value)


@settings(deadline=None)
@given(fields)
def test_fields_come_back_with_exactly_their_types(data: dict[str, Any]) -> None:
    assert exactly(data) == exactly(decode_fields(encode_fields(data)))


@settings(deadline=None)
@given(fields)
def test_the_order_of_fields_makes_no_difference(data: dict[str, Any]) -> None:
    assert encode_fields(data) == encode_fields(dict(reversed(data.items())))


@settings(deadline=None)
@given(times)
def test_times_come_back_to_the_microsecond(time: datetime) -> None:
    assert time == from_microseconds(to_microseconds(time))


def test_a_time_of_another_zone_comes_back_in_utc() -> None:
    time = datetime(2026, 5, 1, 12, tzinfo=timezone(timedelta(hours=2)))
    back = decode_fields(encode_fields({"t": time}))["t"]
    assert (time, UTC) == (back, back.tzinfo)


def test_text_that_looks_like_a_tag_stays_text() -> None:
    data = {"a": '{"__time__":1}', "b": {"c": "__bytes__"}, "d": '"__'}
    assert data == decode_fields(encode_fields(data))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "1",
        "null",
        '{"__time__":1}',
        '{"a":{"__time__":"x"}}',
        '{"a":{"__time__":1e40}}',
        '{"a":{"__time__":999999999999999999999999}}',
        '{"a":{"__bytes__":7}}',
        '{"a":{"__bytes__":"x"}}',
    ],
)
def test_damaged_text_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        decode_fields(text)


def test_the_text_is_json() -> None:
    text = encode_fields({"b": b"\0", "a": [1, 1.0, "é"]})
    assert json.loads('{"a":[1,1.0,"é"],"b":{"__bytes__":"AA=="}}') == json.loads(text)
