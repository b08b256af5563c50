"""Frames of the log: whole ones come back, whatever lies between them."""

from __future__ import annotations

import zlib

from hypothesis import given
from hypothesis import strategies as st

from telemetry.emulator.store.frames import (
    HEADER_SIZE,
    Fault,
    Frame,
    Kind,
    frame_header,
    scan_frames,
)

frames = st.builds(
    Frame,
    kind=st.sampled_from(Kind),
    sequence=st.integers(0, 2**64 - 1),
    appended=st.integers(-(2**63), 2**63 - 1),
    key=st.binary(min_size=16, max_size=16),
    payload=st.binary(max_size=40) | st.just(b"\xf1lfwal\r\n"),
)


def encode(frame: Frame) -> bytes:
    return frame_header(frame, zlib.crc32(frame.payload)) + frame.payload


@given(st.lists(frames, max_size=4))
def test_frames_come_back_as_they_were(written: list[Frame]) -> None:
    assert written == list(scan_frames(b"".join(map(encode, written))))


@given(st.lists(frames, min_size=1, max_size=3), st.data())
def test_a_file_that_is_cut_off_loses_its_last_frame_only(
    written: list[Frame], data: st.DataObject
) -> None:
    *whole, last = written
    begin = sum(len(encode(frame)) for frame in whole)
    cut = data.draw(st.integers(1, len(encode(last)) - 1))
    found = list(scan_frames(b"".join(map(encode, written))[: begin + cut]))
    assert [*whole, Fault(begin, cut, torn=True)] == found


@given(st.lists(frames, min_size=1, max_size=3), st.data())
def test_a_flipped_bit_loses_the_frame_it_is_in_only(
    written: list[Frame], data: st.DataObject
) -> None:
    hit = data.draw(st.integers(0, len(written) - 1))
    begin = sum(len(encode(frame)) for frame in written[:hit])
    size = len(encode(written[hit]))
    damaged = bytearray(b"".join(map(encode, written)))
    damaged[begin + data.draw(st.integers(0, size - 1))] ^= 1 << data.draw(st.integers(0, 7))
    found = list(scan_frames(bytes(damaged)))
    assert [*written[:hit], *written[hit + 1 :]] == [
        each for each in found if each not in faults(found)
    ]
    assert [Fault(begin, size, torn=False)] == faults(found)


@given(st.binary(max_size=200), frames)
def test_garbage_before_a_frame_does_not_hide_it(garbage: bytes, frame: Frame) -> None:
    found = list(scan_frames(garbage + encode(frame)))
    assert frame == found[-1]
    assert len(garbage) == sum(fault.size for fault in faults(found))


@given(st.binary(min_size=HEADER_SIZE, max_size=200))
def test_garbage_alone_makes_no_frame(garbage: bytes) -> None:
    assert [Fault(0, len(garbage), torn=False)] == list(scan_frames(garbage))


def faults(found: list[Frame | Fault]) -> list[Fault]:
    return [each for each in found if isinstance(each, Fault)]
