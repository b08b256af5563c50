"""Writes that the disk refuses, at every call that may fail."""

from __future__ import annotations

import errno
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from stored_rows import BY_HAND, append, logs_of, read, segments_of

from telemetry.errors import StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from conftest import OpenStore


@contextmanager
def refusing(function: str) -> Iterator[None]:
    """Let a function of ``os`` fail as if the disk were full."""

    def refuse(*_: Any) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, function, refuse)
        yield


@pytest.mark.parametrize("function", ["pwritev", "fdatasync"])
def test_a_batch_that_cannot_be_written_is_refused_and_may_be_sent_again(
    open_store: OpenStore, folder: Path, function: str
) -> None:
    store = open_store()
    append(store, "a")
    size = logs_of(folder)[0].stat().st_size
    with refusing(function):
        for _ in range(2):
            with pytest.raises(StoreUnavailable, match=r"the log cannot be written .* No space"):
                append(store, "b")
    assert size == logs_of(folder)[0].stat().st_size
    assert ["a"] == read(store)
    assert append(store, "b")
    assert ["a", "b"] == read(open_store())


def test_a_copy_of_a_batch_that_failed_is_refused_too(open_store: OpenStore) -> None:
    store = open_store()
    writing, go_on = threading.Event(), threading.Event()

    def refuse_later(*_: Any) -> int:
        writing.set()
        assert go_on.wait(30)
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    with pytest.MonkeyPatch.context() as patch, ThreadPoolExecutor(2) as pool:
        patch.setattr(os, "pwritev", refuse_later)
        first = pool.submit(append, store, "a")
        assert writing.wait(30)
        copy = pool.submit(append, store, "a")
        go_on.set()
        for each in (first, copy):
            with pytest.raises(StoreUnavailable):
                each.result()
    assert [] == read(store)
    assert append(store, "a")


def test_what_was_half_written_is_never_served(
    open_store: OpenStore, monkeypatch: pytest.MonkeyPatch, said: list[str]
) -> None:
    """The disk takes half of each batch, and the file cannot be cut back either."""
    store = open_store()
    append(store, "a")
    real = os.pwritev

    def half(descriptor: int, pieces: list[memoryview], offset: int) -> int:
        real(descriptor, [b"".join(pieces)[:700]], offset)
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    with monkeypatch.context() as patch, refusing("ftruncate"):
        patch.setattr(os, "pwritev", half)
        with pytest.raises(StoreUnavailable):
            append(store, "b")
    assert ["a"] == read(store)
    assert ["a"] == read(open_store())
    assert "ends within a batch" in said[0]


def test_a_disk_that_takes_a_little_at_a_time_gets_all(
    open_store: OpenStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = open_store()
    real = os.pwritev

    def little(descriptor: int, pieces: list[memoryview], offset: int) -> int:
        return real(descriptor, [pieces[0][:1_000]], offset)

    monkeypatch.setattr(os, "pwritev", little)
    append(store, "a")
    append(store, "b")
    assert ["a", "b"] == read(open_store())


def test_rows_stay_in_memory_and_log_while_no_segment_can_be_written(
    open_store: OpenStore, folder: Path
) -> None:
    store = open_store()
    append(store, "a")
    with refusing("fsync"), pytest.raises(StoreUnavailable):
        store.roll_now()
    assert ["a"] == read(store)
    assert [] == segments_of(folder)
    assert [] == list((folder / "records_all").glob("*.tmp"))
    assert append(store, "b")
    store.roll_now()
    assert ["a", "b"] == read(open_store())


def test_appends_are_refused_while_too_many_tails_cannot_be_rolled(
    open_store: OpenStore, said: list[str]
) -> None:
    store = open_store(replace(BY_HAND, tail_rows=1, frozen_tails=1))
    with pytest.MonkeyPatch.context() as patch:

        def refuse(*_: Any, **__: Any) -> None:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        patch.setattr("telemetry.emulator.store.upkeep.write_segment", refuse)
        # One tail waits to be rolled, one takes rows, and there is no room for a third.
        taken = ["a", "b"]
        for name in taken:
            append(store, name)
        with pytest.raises(StoreUnavailable, match=r"a segment cannot be written .* No space"):
            append(store, "c")
        assert taken == read(store)
    store.roll_now()
    append(store, "z")
    assert [*taken, "z"] == read(open_store())
    assert any("No space left" in each for each in said)


def test_segments_stay_as_they_are_when_they_cannot_be_merged(
    open_store: OpenStore, folder: Path
) -> None:
    store = open_store()
    for name in "ab":
        append(store, name)
        store.roll_now()
    before = segments_of(folder)
    with refusing("fsync"), pytest.raises(StoreUnavailable, match="cannot be merged"):
        store.compact_now()
    assert before == segments_of(folder)
    assert ["a", "b"] == read(store)
    store.compact_now()
    assert ["a", "b"] == read(open_store())
