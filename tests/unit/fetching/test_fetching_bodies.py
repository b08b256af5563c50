from __future__ import annotations

import gzip
import tracemalloc
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.stages.fetching.bodies import (
    _MalformedError,
    _TooLargeError,
    _TruncatedError,
    decode,
)

_MIB = 1024 * 1024


def _raw_deflate(data: bytes) -> bytes:
    compressor = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return compressor.compress(data) + compressor.flush()


@given(st.binary(max_size=2000), st.integers(0, 9))
def test_what_was_compressed_comes_back(data: bytes, level: int) -> None:
    assert data == decode(gzip.compress(data, level), "gzip", limit=len(data))
    assert data == decode(gzip.compress(data, level), "x-gzip", limit=len(data))
    assert data == decode(zlib.compress(data, level), "deflate", limit=len(data))


@given(st.binary(max_size=2000))
def test_deflate_without_its_header_is_understood(data: bytes) -> None:
    packed = _raw_deflate(data)
    # One in some thousand raw streams begins like a header; that cannot be told apart.
    if int.from_bytes(packed[:2], "big") % 31 or packed[0] & 0x0F != zlib.DEFLATED:
        assert data == decode(packed, "deflate", limit=len(data))


@given(st.binary(min_size=1, max_size=500), st.data())
def test_a_body_cut_short_is_never_taken_for_whole(data: bytes, draw: st.DataObject) -> None:
    for packed, coding in ((gzip.compress(data), "gzip"), (zlib.compress(data), "deflate")):
        cut = packed[: draw.draw(st.integers(2, len(packed) - 1))]

        with pytest.raises(_TruncatedError):
            decode(cut, coding, limit=_MIB)


@given(st.binary(min_size=1, max_size=200), st.sampled_from(["gzip", "deflate"]))
def test_hostile_bytes_are_decoded_or_refused(data: bytes, coding: str) -> None:
    try:
        plain = decode(data, coding, limit=1000)
    except (_MalformedError, _TooLargeError, _TruncatedError):
        return
    assert len(plain) <= 1000


def test_a_body_of_exactly_the_limit_is_accepted() -> None:
    assert b"x" * 1000 == decode(gzip.compress(b"x" * 1000), "gzip", limit=1000)


def test_a_byte_above_the_limit_is_too_much() -> None:
    with pytest.raises(_TooLargeError):
        decode(gzip.compress(b"x" * 1001), "gzip", limit=1000)


def test_a_bomb_goes_off_at_the_limit() -> None:
    bomb = gzip.compress(bytes(64 * _MIB))

    tracemalloc.start()
    try:
        with pytest.raises(_TooLargeError):
            decode(bomb, "gzip", limit=_MIB)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert peak < 4 * _MIB


def test_gzip_streams_in_a_row_are_one_body() -> None:
    packed = b"".join(gzip.compress(part) for part in (b"one ", b"", b"two"))

    assert b"one two" == decode(packed, "gzip", limit=100)


def test_what_follows_gzip_is_ignored() -> None:
    assert b"page" == decode(gzip.compress(b"page") + bytes(20), "gzip", limit=100)


def test_a_million_empty_gzip_streams_are_refused() -> None:
    with pytest.raises(_MalformedError):
        decode(gzip.compress(b"") * 1_000_000, "gzip", limit=_MIB)


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
def test_plain_text_is_no_compressed_body(coding: str) -> None:
    with pytest.raises(_MalformedError):
        decode(b"<!doctype html><title>Hi</title>", coding, limit=_MIB)


def test_a_flipped_bit_is_noticed() -> None:
    packed = bytearray(gzip.compress(b"a page that matters"))
    packed[-6] ^= 1  # in the checksum

    with pytest.raises(_MalformedError):
        decode(bytes(packed), "gzip", limit=_MIB)
