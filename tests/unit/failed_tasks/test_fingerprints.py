"""Fingerprints: failures of one cause are one group, whichever item they are of."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.runtime.dead_letters import DeadLetter
from functions.runtime.failed_tasks.documents import fingerprint_of


def fingerprint(message: str, *, stage: str = "toy", error_type: str = "ValueError") -> str:
    return fingerprint_of(
        DeadLetter(
            task_id="t1",
            stage=stage,
            task_type="toy_order",
            function_name="dpl_obey",
            function_url="",
            body=b"",
            error_type=error_type,
            error_message=message,
            attempts=1,
            failed_at=datetime(2026, 5, 1, tzinfo=UTC),
        )
    )


QUOTED = st.text(st.characters(exclude_characters="'\"\\"), max_size=30)


@given(st.integers(min_value=0), st.uuids(), QUOTED, st.sampled_from("'\""))
def test_numbers_ids_and_quoted_texts_make_no_difference(
    number: int, name: UUID, quoted: str, quote: str
) -> None:
    message = "page {} of document {} says {}{}{}: given up after {} attempts"

    assert fingerprint(message.format(1, UUID(int=0), "'", "nothing", "'", 5)) == fingerprint(
        message.format(number, name, quote, quoted, quote, number)
    )


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("no document 5f3a9c2b7d1e4f60a8b9", "no document 0123456789abcdef0123"),
        ("GET https://a.example/x?y=1 failed", "GET http://b.example/ failed"),
        ("object at 0x7f3a", "object at 0xdeadbeef"),
        ("Timed out", "timed out"),
    ],
)
def test_what_differs_from_item_to_item_makes_no_difference(one: str, other: str) -> None:
    assert fingerprint(one) == fingerprint(other)


def test_another_stage_error_or_sentence_is_another_cause() -> None:
    prints = {
        fingerprint("it broke"),
        fingerprint("it bent"),
        fingerprint("it broke", stage="sink"),
        fingerprint("it broke", error_type="KeyError"),
    }

    assert 4 == len(prints)
    assert {16} == set(map(len, prints))
