"""Bodies of strangers: unpacked within bounds, or refused with a reason."""

from __future__ import annotations

import contextlib
import gzip
import zlib

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from telemetry.emulator.http.bodies import MemoryBudget
from telemetry.emulator.http.refusals import Refusal
from telemetry.emulator.intake.packing import PackingError, unpack

LIMIT = 1000
SOME = b"some telemetry " * 20


def zstd(data: bytes) -> bytes:
    packed: bytes = pa.compress(data, codec="zstd", asbytes=True)
    return packed


PACKERS = {
    "": bytes,
    "identity": bytes,
    "gzip": gzip.compress,
    "GZIP": gzip.compress,
    "x-gzip": gzip.compress,
    "deflate": zlib.compress,
    "zstd": zstd,
}


@pytest.mark.parametrize("encoding", PACKERS)
@given(body=st.binary(max_size=LIMIT))
def test_what_was_packed_comes_out_again(encoding: str, body: bytes) -> None:
    assert body == unpack(PACKERS[encoding](body), encoding, limit=LIMIT)


def test_members_of_a_gzip_file_one_after_the_other_are_one_body() -> None:
    assert SOME + SOME == unpack(gzip.compress(SOME) + gzip.compress(SOME), "gzip", limit=LIMIT)


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "zstd"])
def test_a_bomb_is_refused_before_it_takes_memory(encoding: str) -> None:
    bomb = PACKERS[encoding](bytes(50_000_000))

    with pytest.raises(PackingError) as refused:
        unpack(bomb, encoding, limit=LIMIT)

    assert (413, "the body is larger than 1000 bytes; send fewer items at a time") == (
        refused.value.status,
        str(refused.value),
    )


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "zstd"])
@given(st.data())
def test_a_damaged_body_is_refused_or_its_damage_does_not_show(
    encoding: str, data: st.DataObject
) -> None:
    packed = bytearray(PACKERS[encoding](SOME))
    place = data.draw(st.integers(0, len(packed) - 1))
    packed[place] ^= data.draw(st.integers(1, 255))

    # Any other exception would be a bug; some bits of a header mean nothing.
    with contextlib.suppress(PackingError):
        assert len(unpack(bytes(packed), encoding, limit=LIMIT)) <= LIMIT


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
def test_a_body_that_was_cut_off_is_refused(encoding: str) -> None:
    packed = PACKERS[encoding](SOME)

    with pytest.raises(PackingError, match="the compressed body ends too early"):
        unpack(packed[:-3], encoding, limit=LIMIT)


def test_an_unknown_encoding_is_refused_with_those_that_are_known() -> None:
    with pytest.raises(
        PackingError, match="'br' is not supported: use gzip, deflate, zstd"
    ) as refused:
        unpack(SOME, "br")

    assert 415 == refused.value.status


def test_a_budget_is_there_again_once_it_is_given_back() -> None:
    budget = MemoryBudget(100)
    budget.take(80)

    with pytest.raises(Refusal) as refused:
        budget.take(21)
    budget.give_back(80)
    budget.take(100)

    assert (503, 1) == (refused.value.status, refused.value.retry_after)
