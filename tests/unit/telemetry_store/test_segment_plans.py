"""Which segments are merged and which are dropped, decided from their sizes alone."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telemetry.emulator.store.compaction import plan_backfill, plan_merge
from telemetry.emulator.store.options import StoreOptions
from telemetry.emulator.store.retention import expired
from telemetry.emulator.store.segments import Segment

OPTIONS = StoreOptions(segment_rows=1_000, fan_in=4)


def make(*rows: int) -> list[Segment]:
    """Return segments of so many rows, of a byte each, that begin and end when they are made."""
    return [
        Segment(Path(str(number)), number, number, count, count, number, number, frozenset())
        for number, count in enumerate(rows)
    ]


@pytest.mark.parametrize(
    ("rows", "chosen"),
    [
        ([], []),
        ([10, 10, 10], []),  # too few
        ([10, 10, 10, 10], [0, 1, 2, 3]),
        ([500, 10, 10, 10, 10], [1, 2, 3, 4]),  # the large one stays
        ([10, 10, 500, 10, 10], []),  # only neighbours are merged
        ([400, 1, 1, 1, 1], [1, 2, 3, 4]),  # the small ones first, without the larger one
        ([400, 1, 1, 1], [0, 1, 2, 3]),
        ([400, 400, 400, 400], [0, 1]),  # a full segment need not wait for more
        ([499, 499, 499], [0, 1]),
        ([200, 200, 200], []),
        ([200, 200, 200, 200, 200], [0, 1, 2, 3, 4]),  # as many as fit
    ],
)
def test_neighbours_of_about_the_same_size_are_merged(rows: list[int], chosen: list[int]) -> None:
    assert chosen == [each.first for each in plan_merge(make(*rows), OPTIONS)]


@pytest.mark.parametrize(
    ("rows", "chosen"),
    [([10, 20], [0, 1]), ([10], []), ([700, 10], []), ([700, 10, 400], [1, 2])],
)
def test_eager_merging_takes_two(rows: list[int], chosen: list[int]) -> None:
    assert chosen == [each.first for each in plan_merge(make(*rows), OPTIONS, eager=True)]


@given(st.lists(st.integers(1, 400), max_size=120))
def test_merging_ends_with_few_segments_and_rewrites_rows_seldom(rolled: list[int]) -> None:
    segments: list[Segment] = []
    rewritten = 0
    for number, rows in enumerate(rolled):
        segments.append(Segment(Path("x"), number, number, rows, rows, 0, 0, frozenset()))
        while chosen := plan_merge(segments, OPTIONS):
            total = sum(each.rows for each in chosen)
            assert total <= OPTIONS.segment_rows
            rewritten += total
            first, last = chosen[0].first, chosen[-1].last
            at = segments.index(chosen[0])
            merged = Segment(Path("x"), first, last, total, total, 0, 0, frozenset())
            segments[at : at + len(chosen)] = [merged]
    assert sum(rolled) == sum(each.rows for each in segments)
    large = [each for each in segments if each.rows >= OPTIONS.segment_rows / 2]
    # Three small ones a size, and there are five sizes below half of the largest.
    assert len(segments) - len(large) <= 3 * 5 * (len(large) + 1)
    assert rewritten <= 6 * sum(rolled)


def test_a_segment_that_lacks_a_hot_key_is_completed() -> None:
    (plain,) = make(1)
    complete = Segment(Path("c"), 1, 1, 1, 1, 1, 1, frozenset("ab"))
    assert plan_backfill([complete], "ab") is None
    assert plan_backfill([complete, plain], "ab") is plain
    assert plan_backfill([], "ab") is None


@pytest.mark.parametrize(
    ("options", "doomed"),
    [
        (StoreOptions(), []),
        (StoreOptions(retention_age=timedelta(microseconds=8)), [0, 1]),
        (StoreOptions(retention_bytes=300), []),
        (StoreOptions(retention_bytes=299), [0]),
        (StoreOptions(retention_bytes=100), [0, 1]),
        (StoreOptions(retention_bytes=99), [0, 1, 2]),
        (StoreOptions(retention_age=timedelta(microseconds=9), retention_bytes=100), [0, 1]),
    ],
)
def test_whole_segments_expire_the_oldest_first(options: StoreOptions, doomed: list[int]) -> None:
    segments = make(100, 100, 100)
    assert doomed == [each.first for each in expired(segments[::-1], options, now=10)]
