from __future__ import annotations

import pytest

from functions.errors import IndexMissing
from functions.runtime.store import INDEXES, Filter, Index, Order
from functions.runtime.store.indexes import check_indexed
from functions.runtime.store.queries import check_query

UP, DOWN = Order("t"), Order("t", descending=True)
EQUAL_A, EQUAL_B = Filter("a", "==", 1), Filter("b", "==", 1)
AMONG_A, AMONG_B = Filter("a", "in", [1, 2]), Filter("b", "in", [1, 2])
HOLDS = Filter("l", "array_contains", 1)


def declared(*fields: Order | str) -> Index:
    return Index("c", tuple(Order(field) if isinstance(field, str) else field for field in fields))


@pytest.mark.parametrize(
    ("where", "order_by"),
    [
        ([], []),
        ([], [UP]),
        ([], [DOWN]),
        ([Filter("t", ">", 1)], []),
        ([Filter("t", ">", 1), Filter("t", "<", 9)], [DOWN]),
        ([EQUAL_A], []),
        ([EQUAL_A, EQUAL_B, AMONG_B], []),
        ([HOLDS], []),
        ([HOLDS, EQUAL_A], []),
        ([EQUAL_A], [Order("a")]),  # equal in all results
        ([EQUAL_A, EQUAL_B], [Order("b"), Order("a")]),
        ([AMONG_A], [Order("a")]),
    ],
)
def test_what_firestore_answers_by_itself_needs_no_declaration(
    where: list[Filter], order_by: list[Order]
) -> None:
    check_indexed(check_query("c", where=where, order_by=order_by), ())


@pytest.mark.parametrize(
    ("where", "order_by", "indexes"),
    [
        ([EQUAL_A], [UP], [declared("a", UP)]),
        ([EQUAL_A], [DOWN], [declared("a", DOWN)]),
        ([EQUAL_A], [DOWN], [declared(Order("a", descending=True), DOWN)]),
        ([AMONG_A], [UP], [declared("a", UP)]),
        ([EQUAL_A, Filter("t", ">", 1)], [], [declared("a", "t")]),
        ([EQUAL_A, EQUAL_B], [UP], [declared("b", "a", UP)]),
        ([EQUAL_A, EQUAL_B], [UP], [declared("a", UP), declared("b", UP)]),  # merged
        ([], [UP, Order("s")], [declared(UP, "s")]),
        ([EQUAL_A], [Order("a"), UP], [declared("a", UP)]),
        ([AMONG_A], [Order("a"), UP], [declared("a", UP)]),
        ([AMONG_A, EQUAL_B], [UP], [declared("a", "b", UP)]),
    ],
)
def test_a_declared_index_serves(
    where: list[Filter], order_by: list[Order], indexes: list[Index]
) -> None:
    check_indexed(check_query("c", where=where, order_by=order_by), indexes)


@pytest.mark.parametrize(
    ("where", "order_by", "indexes", "needed"),
    [
        ([EQUAL_A], [UP], [], declared("a", UP)),
        ([EQUAL_A], [UP], [declared("a", DOWN)], declared("a", UP)),
        ([EQUAL_A], [UP], [declared("t", "a")], declared("a", UP)),
        ([EQUAL_A], [UP], [declared("a"), declared("t")], declared("a", UP)),
        ([EQUAL_A], [UP], [declared("a", "b", UP)], declared("a", UP)),
        ([EQUAL_A], [UP], [declared("a", UP, "s")], declared("a", UP)),
        ([EQUAL_A], [UP], [Index("other", (Order("a"), UP))], declared("a", UP)),
        ([EQUAL_A, EQUAL_B], [UP], [declared("a", UP)], declared("a", "b", UP)),
        ([], [UP, Order("s")], [declared(DOWN, "s")], declared(UP, "s")),
        ([], [UP, Order("s")], [declared("s", UP)], declared(UP, "s")),
        (
            [AMONG_A, EQUAL_B],
            [UP],
            [declared("a", UP), declared("b", UP)],  # in is not merged
            declared("a", "b", UP),
        ),
        ([EQUAL_B, AMONG_A], [Order("a")], [], declared("b", "a")),
    ],
)
def test_a_query_without_its_index_names_the_one_to_declare(
    where: list[Filter], order_by: list[Order], indexes: list[Index], needed: Index
) -> None:
    with pytest.raises(IndexMissing) as refusal:
        check_indexed(check_query("c", where=where, order_by=order_by), indexes)
    assert repr(needed) in str(refusal.value)
    check_indexed(check_query("c", where=where, order_by=order_by), [*indexes, needed])


def test_elements_of_lists_are_not_ordered_by_an_index() -> None:
    query = check_query("c", where=[HOLDS], order_by=[UP])
    with pytest.raises(IndexMissing, match="order the results yourself"):
        check_indexed(query, [declared("l", UP)])


@pytest.mark.parametrize("fields", [(), ("a", "a"), ("a b",), ("__name__",)])
def test_an_index_that_cannot_be_is_refused(fields: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="index of c by"):
        Index("c", tuple(map(Order, fields)))


def test_the_declaration_says_nothing_twice() -> None:
    assert len(INDEXES) == len(set(INDEXES))


def test_single_fields_are_not_composite() -> None:
    assert [False, True] == [declared("a").composite, declared("a", "b").composite]
