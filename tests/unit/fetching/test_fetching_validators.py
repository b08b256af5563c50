from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from requests.structures import CaseInsensitiveDict

from functions.stages.fetching import Validators

_URL = "http://example.com/"


def test_validators_are_sent_back_as_they_came() -> None:
    headers = CaseInsensitiveDict(
        {"etag": 'W/"abc"', "last-modified": "Mon, 23 Nov 2026 12:00:00 GMT"}
    )

    validators = Validators.of(_URL, headers)

    assert Validators(_URL, 'W/"abc"', "Mon, 23 Nov 2026 12:00:00 GMT") == validators
    assert {
        "If-None-Match": 'W/"abc"',
        "If-Modified-Since": "Mon, 23 Nov 2026 12:00:00 GMT",
    } == validators.conditions()


@pytest.mark.parametrize(
    "etag",
    [
        "abc",  # no quotes
        '"a" "b"',  # two
        '"a\r\nX: y"',  # a header smuggled in
        '"' + "a" * 5000 + '"',  # a book
        "*",  # would match anything
        '"ł"',  # not in a header
    ],
)
def test_a_malformed_etag_is_neither_kept_nor_sent(etag: str) -> None:
    assert Validators(_URL) == Validators.of(_URL, {"ETag": etag})
    assert {} == Validators(_URL, etag=etag).conditions()


@given(st.text())
def test_only_dates_are_sent_as_dates(date: str) -> None:
    conditions = Validators(_URL, last_modified=date).conditions()

    for value in conditions.values():
        assert value.isascii()
        assert value.isprintable()
        assert len(value) <= 64


@pytest.mark.parametrize("date", ["", "yesterday", "Mon, 23 Nov 2026 12:00:00 GMT\r\nX: y"])
def test_a_malformed_date_is_neither_kept_nor_sent(date: str) -> None:
    assert Validators(_URL) == Validators.of(_URL, {"Last-Modified": date})
    assert {} == Validators(_URL, last_modified=date).conditions()
