"""The contract of a document store: what queries find, in which order, page by page."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from functions.errors import IndexMissing, InvalidQuery
from functions.runtime.store import Create, Delete, Document, Filter, Order, Put, Update
from functions.runtime.store.ordering import sort_key, type_bounds
from functions.runtime.store.queries import MISSING, RANGES, find_value

if TYPE_CHECKING:
    from collections.abc import Sequence

    from functions.runtime.store import DocumentStore, Write

NOW = datetime(2026, 1, 1, tzinfo=UTC)

# One value of every kind, by id; the ids say the order of the values.
KINDS: dict[str, Any] = {
    "a null": None,
    "b false": False,
    "c true": True,
    "d nan": math.nan,
    "e lowest": -math.inf,
    "f minus": -1,
    "g zero": 0,
    "h minus zero": -0.0,
    "i one": 1,
    "j one float": 1.0,
    "k big": 2**53 + 1,
    "l bigger": 2**63 - 1,
    "m time": NOW,
    "n later": NOW + timedelta(microseconds=1),
    "o empty": "",
    "p nul": "\0",
    "q text": "text",
    "r textual": "textual",
    "s astral": "\U00010000",
    "t no bytes": b"",
    "u bytes": b"\xff",
    "v no list": [],
    "w list": [1, "a"],
    "x longer list": [1, "a", None],
    "y no map": {},
    "z map": {"a": 1},
}


def fill(store: DocumentStore, collection: str, documents: dict[str, dict[str, Any]]) -> None:
    store.commit([Create(collection, each, data) for each, data in documents.items()])


def ids(documents: Sequence[Document]) -> list[str]:
    return [each.id for each in documents]


@pytest.fixture
def kinds(store: DocumentStore) -> DocumentStore:
    fill(store, "kinds", {each: {"x": value, "in": {"x": value}} for each, value in KINDS.items()})
    fill(store, "kinds", {"without": {"y": 1}, "null in": {"in": None}})
    fill(store, "others", {"a null": {"x": None}})
    return store


def find(store: DocumentStore, op: Any, value: object, field: str = "x") -> str:
    """Return the first letters of the ids that a filter finds."""
    return "".join(each[0] for each in ids(store.query("kinds", where=[Filter(field, op, value)])))


# Filters


@pytest.mark.parametrize("field", ["x", "in.x"])
@pytest.mark.parametrize(
    ("value", "found"),
    [
        (None, "a"),
        (False, "b"),
        (True, "c"),
        (math.nan, "d"),
        (-math.inf, "e"),
        (0, "gh"),
        (-0.0, "gh"),
        (1, "ij"),
        (1.0, "ij"),
        (2**53 + 1, "k"),
        (2.0**53, ""),
        (2.0**63, ""),
        (NOW, "m"),
        ("", "o"),
        ("text", "q"),
        (b"", "t"),
        (b"\xff", "u"),
        ("\xff", ""),
        ([], "v"),
        ([1.0, "a"], "w"),
        (["a", 1], ""),
        ({}, "y"),
        ({"a": 1.0}, "z"),
    ],
)
def test_an_equality_finds_that_value_of_that_type(
    kinds: DocumentStore, field: str, value: object, found: str
) -> None:
    assert found == find(kinds, "==", value, field)


@pytest.mark.parametrize(
    ("op", "value", "found"),
    [
        ("<", 1, "defgh"),  # nan comes before all numbers
        ("<=", 1, "defghij"),
        (">", 1, "kl"),
        (">=", 1.0, "ijkl"),
        (">", 2.0**53, "kl"),
        (">=", 2.0**63, ""),
        ("<", -math.inf, "d"),
        (">", False, "c"),
        ("<", True, "b"),
        (">", NOW, "n"),
        ("<=", NOW, "m"),
        ("<", "text", "op"),
        (">=", "text", "qrs"),
        (">", "text", "rs"),
        (">=", "", "opqrs"),
        (">", b"", "u"),
        ("<", [1, "a"], "v"),
        (">", [1, "a"], "x"),
        (">=", {}, "yz"),
    ],
)
def test_a_range_finds_values_of_its_type_only(
    kinds: DocumentStore, op: str, value: object, found: str
) -> None:
    assert found == find(kinds, op, value)
    assert len(found) == kinds.count("kinds", where=[Filter("x", op, value)])  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("value", "found"),
    [([1, "text"], "ijq"), ([1, 1.0, 1], "ij"), ([[], {}], "vy"), (["none"], "")],
)
def test_in_finds_any_of_its_values(kinds: DocumentStore, value: object, found: str) -> None:
    assert found == find(kinds, "in", value)


@pytest.mark.parametrize(
    ("value", "found"), [(1, "wx"), (1.0, "wx"), ("a", "wx"), ("1", ""), (True, "")]
)
def test_array_contains_looks_into_lists(kinds: DocumentStore, value: object, found: str) -> None:
    assert found == find(kinds, "array_contains", value)


def test_array_contains_finds_maps(store: DocumentStore) -> None:
    fill(store, "c", {"a": {"l": [{"k": 1, "m": 2}]}, "b": {"l": [{"k": 1}]}, "d": {"l": {"k": 1}}})
    assert ["b"] == ids(store.query("c", where=[Filter("l", "array_contains", {"k": 1})]))


def test_all_filters_must_hold(kinds: DocumentStore) -> None:
    where = [Filter("x", ">", 0), Filter("x", "<", 2**60)]
    assert ["i one", "j one float", "k big"] == ids(kinds.query("kinds", where=where))
    assert 3 == kinds.count("kinds", where=where)
    where = [Filter("x", "==", 1), Filter("in.x", "in", [1, 2])]
    assert ["i one", "j one float"] == ids(kinds.query("kinds", where=where))


def test_a_query_stays_in_its_collection(kinds: DocumentStore) -> None:
    assert ["a null"] == ids(kinds.query("others"))
    assert [] == kinds.query("none")
    assert [1, 0, len(KINDS) + 2] == [kinds.count(each) for each in ("others", "none", "kinds")]


def test_a_query_returns_whole_documents(store: DocumentStore) -> None:
    time = store.commit([Create("c", "a", {"n": 1, "t": NOW, "b": b"\0"})])
    expected = Document("c", "a", {"n": 1, "t": NOW, "b": b"\0"}, time, time)
    assert [expected] == store.query("c", where=[Filter("n", "==", 1)])


# Order


def test_without_an_order_ids_decide_by_their_bytes(store: DocumentStore) -> None:
    ordered = ["A", "Z", "a", "a!", "aa", "é", "\uffff", "\U00010000"]
    fill(store, "c", {each: {} for each in reversed(ordered)})
    assert ordered == ids(store.query("c"))


def test_an_order_follows_firestores_order_of_types(kinds: DocumentStore) -> None:
    assert sorted(KINDS) == ids(kinds.query("kinds", order_by=[Order("x")]))
    down = kinds.query("kinds", order_by=[Order("in.x", descending=True)])
    assert sorted(KINDS, reverse=True) == ids(down)


def test_equal_values_go_by_id_in_the_direction_of_the_order(store: DocumentStore) -> None:
    fill(store, "c", {each: {"n": n} for each, n in zip("dbac", (1, 1, 2, 1), strict=True)})
    assert list("bcda") == ids(store.query("c", order_by=[Order("n")]))
    assert list("adcb") == ids(store.query("c", order_by=[Order("n", descending=True)]))


def test_a_range_orders_by_its_field(store: DocumentStore) -> None:
    fill(store, "c", {"a": {"n": 3}, "b": {"n": 1}, "c": {"n": 2}})
    assert list("ca") == ids(store.query("c", where=[Filter("n", ">", 1)]))
    down = store.query("c", where=[Filter("n", ">", 1)], order_by=[Order("n", descending=True)])
    assert list("ac") == ids(down)


def test_a_composite_index_serves_its_query(store: DocumentStore) -> None:
    def failed(status: str | None, minute: int | None) -> dict[str, Any]:
        time = None if minute is None else NOW + timedelta(minutes=minute)
        return {"status": status} | ({} if minute is None else {"last_failed_at": time})

    fill(
        store,
        "failed_tasks",
        {
            "a": failed("failed", 1),
            "b": failed("failed", 3),
            "c": failed("resolved", 2),
            "d": failed("failed", None),
            "e": failed("failed", 3),
            "f": failed(None, 4),
        },
    )
    newest = Order("last_failed_at", descending=True)

    def ask(*where: Filter) -> list[str]:
        return ids(store.query("failed_tasks", where=where, order_by=[newest]))

    assert list("febca") == ask()
    assert list("eba") == ask(Filter("status", "==", "failed"))
    assert list("ebca") == ask(Filter("status", "in", ["resolved", "failed"]))
    since = Filter("last_failed_at", ">=", NOW + timedelta(minutes=2))
    assert list("eb") == ask(Filter("status", "==", "failed"), since)


def test_a_query_without_its_composite_index_is_refused(store: DocumentStore) -> None:
    fill(store, "failed_tasks", {"a": {"status": "failed", "last_failed_at": NOW}})
    for order in (Order("first_failed_at"), Order("error_type")):
        with pytest.raises(IndexMissing, match=r"add Index\(collection='failed_tasks'"):
            store.query("failed_tasks", where=[Filter("status", "==", "failed")], order_by=[order])
    with pytest.raises(IndexMissing):
        store.count("c", where=[Filter("a", "==", 1), Filter("b", ">", 1)])


def test_a_query_that_firestore_refuses_is_refused(store: DocumentStore) -> None:
    with pytest.raises(InvalidQuery):
        store.query("c", where=[Filter("a", "<", 1), Filter("b", "<", 1)])
    with pytest.raises(InvalidQuery):
        store.count("c", where=[Filter("a", "<", None)])


# Pages


def pages(
    store: DocumentStore, size: int, order_by: Sequence[Order] = (), where: Sequence[Filter] = ()
) -> list[list[str]]:
    found: list[list[str]] = []
    last = None
    while page := store.query("c", where=where, order_by=order_by, limit=size, start_after=last):
        found.append(ids(page))
        last = page[-1]
    return found


def test_a_limit_takes_the_first(store: DocumentStore) -> None:
    fill(store, "c", {each: {"n": -ord(each)} for each in "abc"})
    assert list("cb") == ids(store.query("c", order_by=[Order("n")], limit=2))
    assert list("abc") == ids(store.query("c", limit=9))


@pytest.mark.parametrize("size", [1, 2, 3, 7])
@pytest.mark.parametrize("descending", [False, True])
def test_pages_hold_everything_once_though_values_repeat(
    store: DocumentStore, size: int, *, descending: bool
) -> None:
    fill(store, "c", {f"{number:02}": {"n": number % 3} for number in range(20)})
    order = [Order("n", descending=descending)]
    whole = ids(store.query("c", order_by=order))
    assert 20 == len(whole)
    assert [whole[at : at + size] for at in range(0, 20, size)] == pages(store, size, order)


def test_pages_go_by_id_without_an_order(store: DocumentStore) -> None:
    fill(store, "c", {each: {"n": 1} for each in "abcde"})
    assert [["a", "b"], ["c", "d"], ["e"]] == pages(store, 2)
    assert [["a", "b"], ["c", "d"], ["e"]] == pages(store, 2, where=[Filter("n", "==", 1)])


def test_pages_neither_skip_nor_repeat_while_others_write(store: DocumentStore) -> None:
    fill(store, "c", {f"m{number:02}": {"n": 50} for number in range(10)})
    fill(store, "c", {"gone": {"n": 99}})
    writes: list[Write] = [
        Create("c", "before", {"n": 1}),  # behind the reader
        Create("c", "a same", {"n": 50}),  # the same value, an id that comes earlier
        Delete("c", "m03"),  # the very document that the next page starts after
        Update("c", "m02", {"n": 60}),  # so is this one, and it moved on: it is read again
        Create("c", "z after", {"n": 70}),
        Delete("c", "gone"),
    ]
    seen, last = [], None
    while page := store.query("c", order_by=[Order("n")], limit=2, start_after=last):
        seen += ids(page)
        last = page[-1]
        if len(seen) == 4:
            store.commit(writes)
    first = [f"m{number:02}" for number in range(10)]
    assert [*first, "m02", "z after"] == seen


def test_a_page_starts_where_its_document_was_though_it_moved(store: DocumentStore) -> None:
    fill(store, "c", {"a": {"n": 1}, "b": {"n": 2}, "c": {"n": 3}})
    cursor = store.get("c", "b")
    store.commit([Put("c", "b", {"n": 9})])
    assert ["c", "b"] == ids(store.query("c", order_by=[Order("n")], start_after=cursor))


# Against all of it at once

small = st.none() | st.booleans() | st.integers(-2, 2) | st.sampled_from([1.5, "", "a", "b", NOW])
documents = st.dictionaries(st.sampled_from(["a", "b"]), small | st.lists(small, max_size=2))
comparable = small.filter(lambda value: value is not None)
filters = st.one_of(
    st.builds(Filter, st.sampled_from(["a", "b"]), st.just("=="), small),
    st.builds(Filter, st.just("a"), st.sampled_from(RANGES), comparable),
    st.builds(Filter, st.just("b"), st.just("in"), st.lists(comparable, min_size=1, max_size=3)),
    st.builds(Filter, st.just("b"), st.just("array_contains"), comparable),
)
collections = count()


def expected(
    stored: dict[str, dict[str, Any]], where: Sequence[Filter], order_by: Sequence[Order]
) -> list[str]:
    """Answer a query the slow and plain way."""
    found = [each for each, data in stored.items() if all(holds(data, one) for one in where)]
    order = list(order_by) or [Order(one.field) for one in where if one.op in RANGES][:1]
    found.sort(reverse=bool(order) and order[-1].descending)
    for one in reversed(order):
        found = [each for each in found if one.field in stored[each]]
        found.sort(key=lambda each: sort_key(stored[each][one.field]), reverse=one.descending)
    return found


def holds(data: dict[str, Any], one: Filter) -> bool:
    value = find_value(data, one.field)
    if value is MISSING:
        return False
    key = sort_key(value)
    if one.op == "in":
        return key in map(sort_key, one.value)
    if one.op == "array_contains":
        return isinstance(value, list) and sort_key(one.value) in map(sort_key, value)
    asked = sort_key(one.value)
    if one.op == "==":
        return key == asked
    less = {"<": key < asked, "<=": key <= asked, ">": key > asked, ">=": key >= asked}[one.op]
    return less and type_bounds(key) == type_bounds(asked)


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    stored=st.dictionaries(st.sampled_from("abcdefgh"), documents),
    where=st.lists(filters, max_size=2),
    descending=st.none() | st.booleans(),
    size=st.integers(1, 5),
)
def test_a_query_finds_what_a_plain_search_finds(
    store: DocumentStore,
    stored: dict[str, dict[str, Any]],
    where: list[Filter],
    *,
    descending: bool | None,
    size: int,
) -> None:
    collection = f"c{next(collections)}"
    fill(store, collection, stored)
    order_by = [] if descending is None else [Order("a", descending=descending)]
    try:
        found = ids(store.query(collection, where=where, order_by=order_by))
    except InvalidQuery:
        return
    assert expected(stored, where, order_by) == found
    last, paged = None, []
    while page := store.query(
        collection, where=where, order_by=order_by, limit=size, start_after=last
    ):
        paged += ids(page)
        last = page[-1]
    assert found == paged
    if not order_by:
        assert len(found) == store.count(collection, where=where)
