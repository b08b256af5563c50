"""The tree of a trace: every span once, whatever their parents say."""

from __future__ import annotations

from crafted_spans import span
from hypothesis import given
from hypothesis import strategies as st

from telemetry.journeys import Span, build_tree

_IDS = [f"{number:016x}" for number in range(6)]


def shape(spans: list[Span]) -> list[tuple[str, int, bool]]:
    return [(branch.span.name, branch.depth, branch.is_orphan) for branch in build_tree(spans)]


def test_children_stand_below_their_parents_in_the_order_of_time() -> None:
    spans = [
        span(0, name="root", id="a"),
        span(1, name="first", id="b", parent_id="a"),
        span(2, name="second", id="c", parent_id="a"),
        span(3, name="of first", id="d", parent_id="b"),
    ]

    assert [
        ("root", 0, False),
        ("first", 1, False),
        ("of first", 2, False),
        ("second", 1, False),
    ] == shape(spans)


def test_a_span_whose_parent_is_missing_stands_at_the_root_and_says_so() -> None:
    spans = [span(0, name="root", id="a"), span(1, name="lost", id="b", parent_id="gone")]

    assert [("root", 0, False), ("lost", 0, True)] == shape(spans)


def test_a_circle_is_cut_open_where_it_began() -> None:
    spans = [
        span(0, name="one", id="a", parent_id="c"),
        span(1, name="two", id="b", parent_id="a"),
        span(2, name="three", id="c", parent_id="b"),
        span(3, name="itself", id="d", parent_id="d"),
    ]

    assert [("itself", 0, True), ("one", 0, True), ("two", 1, False), ("three", 2, False)] == shape(
        spans
    )


def test_spans_of_one_id_are_all_shown() -> None:
    spans = [span(0, name="one", id="a"), span(1, name="two", id="a", parent_id="a")]

    assert [("one", 0, False), ("two", 1, False)] == shape(spans)


def test_a_chain_of_thousands_is_no_matter() -> None:
    spans = [span(n, id=str(n), parent_id=str(n - 1) if n else "") for n in range(5_000)]

    assert 4_999 == build_tree(spans)[-1].depth


@given(st.lists(st.tuples(st.sampled_from(_IDS), st.sampled_from([*_IDS, ""])), max_size=12))
def test_every_span_is_there_once_whatever_the_ids(pairs: list[tuple[str, str]]) -> None:
    spans = [span(n, id=own, parent_id=parent) for n, (own, parent) in enumerate(pairs)]
    branches = build_tree(spans)

    assert sorted(map(id, spans)) == sorted(id(branch.span) for branch in branches)
    depth = -1
    for branch in branches:
        assert branch.depth <= depth + 1
        depth = branch.depth
