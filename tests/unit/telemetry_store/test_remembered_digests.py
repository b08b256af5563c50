"""Which batches are remembered, and for how long."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telemetry.emulator.store import digests
from telemetry.emulator.store.digests import (
    LONGEST,
    Digests,
    Mark,
    decode_marks,
    digest_key,
    encode_marks,
)

marks = st.lists(
    st.builds(Mark, st.integers(0, 2**62), st.binary(min_size=16, max_size=16)), max_size=5
)


def test_a_digest_of_any_length_has_a_key_of_one_length() -> None:
    keys = {digest_key(digest) for digest in (b"", b"a", b"a" * 16, b"a" * 1_000)}
    assert {16} == set(map(len, keys))
    assert 4 == len(keys)


def test_batches_are_forgotten_after_a_day() -> None:
    seen = Digests()
    seen.add([Mark(0, b"old"), Mark(1, b"new")], now=LONGEST)
    assert b"old" not in seen
    assert b"new" in seen
    assert [Mark(1, b"new")] == seen.forget_old([Mark(0, b"old"), Mark(1, b"new")])


def test_only_the_newest_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(digests, "MOST", 2)
    seen = Digests()
    seen.add([Mark(5, key) for key in (b"a", b"b", b"c")], now=5)
    assert [False, True, True] == [key in seen for key in (b"a", b"b", b"c")]


@given(marks)
def test_marks_come_back_from_text_as_they_were(written: list[Mark]) -> None:
    assert written == decode_marks(encode_marks(written))


@pytest.mark.parametrize("text", [b"AAAA", b"no base64!"])
def test_text_that_is_no_marks_is_refused(text: bytes) -> None:
    with pytest.raises(ValueError, match=r"marks|base64|non-alphabet|Excess|padding"):
        decode_marks(text)
