from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Any

import pytest

from functions.errors import InvalidDocumentId, InvalidQuery
from functions.runtime.store import Document, Filter, Order
from functions.runtime.store.queries import MISSING, check_query, find_value

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def test_a_range_orders_by_its_field() -> None:
    query = check_query("c", where=[Filter("a", "==", 1), Filter("b", "<", 2)])
    assert (Order("b"),) == query.order_by


def test_an_order_is_kept_as_it_is() -> None:
    order = (Order("b", descending=True), Order("a"))
    assert order == check_query("c", where=[Filter("b", ">", 2)], order_by=order).order_by


@pytest.mark.parametrize(
    ("order_by", "descending"),
    [
        ([], False),
        ([Order("a")], False),
        ([Order("a", descending=True)], True),
        ([Order("a", descending=True), Order("b")], False),
        ([Order("a"), Order("b", descending=True)], True),
    ],
)
def test_ids_go_the_way_of_the_last_field(order_by: list[Order], *, descending: bool) -> None:
    assert descending == check_query("c", order_by=order_by).id_descending


@pytest.mark.parametrize("field", ["a", "A_1", "_a", "a.b.c", "__a", "a__", "a" * 1_500])
def test_a_path_of_plain_names_is_taken(field: str) -> None:
    check_query("c", where=[Filter(field, "==", 1)], order_by=[Order(field)])


@pytest.mark.parametrize(
    "field",
    [
        "",
        ".",
        "a.",
        ".a",
        "a..b",
        "a b",
        "1a",
        "a-b",
        "a'b",
        "a\n",
        "é",
        "`a`",
        "__name__",
        "a.__b__",
        "a" * 1_501,
        None,
        7,
        ("a",),
    ],
)
def test_any_other_path_is_refused(field: Any) -> None:
    with pytest.raises(InvalidQuery, match="query of c: field "):
        check_query("c", where=[Filter(field, "==", 1)])
    with pytest.raises(InvalidQuery, match="query of c: field "):
        check_query("c", order_by=[Order(field)])


@pytest.mark.parametrize(
    ("where", "fault"),
    [
        ([Filter("a", "!=", 1)], "no such comparison"),  # type: ignore[arg-type]
        ([Filter("a", "==", {1})], "a == a value that is of type set"),
        ([Filter("a", "==", [[1]])], "list directly inside a list"),
        ([Filter("a", "==", datetime(2026, 1, 1))], "without a time zone"),  # noqa: DTZ001 - refused
        ([Filter("a", "==", "x" * 1_501)], "longer than 1,500 bytes"),
        ([Filter("a", ">", b"x" * 1_501)], "longer than 1,500 bytes"),
        ([Filter("a", "in", ["é" * 751])], "longer than 1,500 bytes"),
        ([Filter("a", "<", None)], "None: None and nan are found by == only"),
        ([Filter("a", ">=", math.nan)], "None and nan are found by == only"),
        ([Filter("a", "in", [1, None])], "None and nan are found by == only"),
        ([Filter("a", "in", [math.nan])], "None and nan are found by == only"),
        ([Filter("a", "array_contains", None)], "None and nan are found by == only"),
        ([Filter("a", "array_contains", [1])], "no list is directly inside a list"),
        ([Filter("a", "in", [])], "takes a list"),
        ([Filter("a", "in", "abc")], "takes a list"),
        ([Filter("a", "in", (1, 2))], "takes a list"),
        ([Filter("a", "in", list(range(31)))], "31 combinations"),
        ([Filter("a", "in", list(range(6))), Filter("b", "in", list(range(6)))], "36 combinations"),
        ([Filter("a", "<", 1), Filter("b", ">", 1)], "ranges on a, b"),
        ([Filter("a", "array_contains", 1), Filter("b", "array_contains", 1)], "twice"),
    ],
)
def test_a_filter_that_firestore_refuses_is_refused(where: list[Filter], fault: str) -> None:
    with pytest.raises(InvalidQuery, match=f"query of c: .*{fault}"):
        check_query("c", where=where)


@pytest.mark.parametrize(
    "where",
    [
        [Filter("a", "==", None)],
        [Filter("a", "==", math.nan)],
        [Filter("a", "==", [1, {"b": 2}])],
        [Filter("a", ">", 1), Filter("a", "<=", 5)],
        [Filter("a", "in", list(range(30)))],
        [Filter("a", "in", [1, 2]), Filter("b", "in", list(range(15)))],
        [Filter("a", "==", "x" * 1_500)],
        [Filter("a", "array_contains", {"b": 1})],
    ],
)
def test_a_filter_that_firestore_takes_is_taken(where: list[Filter]) -> None:
    assert tuple(where) == check_query("c", where=where).where


@pytest.mark.parametrize(
    ("where", "order_by", "fault"),
    [
        ([Filter("a", "<", 1)], [Order("b")], "a range on a: order by that field first"),
        ([Filter("a", "<", 1)], [Order("b"), Order("a")], "order by that field first"),
        ([], [Order("a"), Order("a", descending=True)], "the same field twice"),
    ],
)
def test_an_order_that_firestore_refuses_is_refused(
    where: list[Filter], order_by: list[Order], fault: str
) -> None:
    with pytest.raises(InvalidQuery, match=fault):
        check_query("c", where=where, order_by=order_by)


@pytest.mark.parametrize("limit", [0, -1, 1.0, True, "1"])
def test_a_limit_is_one_or_more(limit: Any) -> None:
    with pytest.raises(InvalidQuery, match="limit"):
        check_query("c", limit=limit)


def test_a_collection_is_named_as_firestore_takes_it() -> None:
    with pytest.raises(InvalidDocumentId):
        check_query("a/b")


def test_a_cursor_is_of_the_same_collection() -> None:
    with pytest.raises(InvalidQuery, match="start_after is a document of d"):
        check_query("c", start_after=Document("d", "i", {}, NOW, NOW))


def test_a_cursor_has_the_fields_of_the_order() -> None:
    cursor = Document("c", "i", {"a": {"b": None}}, NOW, NOW)
    assert cursor == check_query("c", order_by=[Order("a.b")], start_after=cursor).start_after
    with pytest.raises(InvalidQuery, match=r"has no field a\.c"):
        check_query("c", order_by=[Order("a.c")], start_after=cursor)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("a", {"b": {"c": None}}),
        ("a.b.c", None),
        ("a.b.d", MISSING),
        ("a.b.c.d", MISSING),
        ("x", MISSING),
        ("l.0", MISSING),
    ],
)
def test_a_path_leads_into_maps_only(path: str, value: object) -> None:
    assert value == find_value({"a": {"b": {"c": None}}, "l": [1]}, path)
