"""The declaration of indexes, and which queries they serve.

The one place: SQLite's indexes are made from it when a file is opened, and Firestore's composite
indexes are generated from it. Firestore indexes single fields by itself; they stand here so that
SQLite is as quick.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from functions.errors import IndexMissing
from functions.runtime.store.limits import check_collection
from functions.runtime.store.queries import Order, path_fault

if TYPE_CHECKING:
    from collections.abc import Sequence

    from functions.runtime.store.queries import Query


@dataclass(frozen=True, slots=True)
class Index:
    """Declare an index of a collection.

    Attributes:
        collection: What is indexed.
        fields: By what, in this order. For a query: the fields it compares with ``==`` or ``in``,
            in any order and direction, then those it ranges over or orders by, as it does.

    Raises:
        ValueError: It has no fields, the same one twice, or one that no query can name.
    """

    collection: str
    fields: tuple[Order, ...]

    def __post_init__(self) -> None:
        check_collection(self.collection)
        names = [each.field for each in self.fields]
        faults = [fault for fault in map(path_fault, names) if fault]
        if faults or not names or len(set(names)) < len(names):
            raise ValueError(
                f"index of {self.collection} by {names}: name one field or more, each once."
                f" {' '.join(faults)}".rstrip()
            )

    def __str__(self) -> str:
        return f"{self.collection} by {', '.join(map(str, self.fields))}"

    @property
    def composite(self) -> bool:
        """Whether Firestore needs it declared: single fields it indexes by itself."""
        return len(self.fields) > 1


INDEXES: Final = (
    Index("sources", (Order("next_due_at"),)),
    Index("outbox", (Order("created_at"),)),
    Index("dead_letters", (Order("failed_at"),)),
    Index("receipts", (Order("completed_at"),)),
    Index("entity_sources", (Order("entity_id"),)),
    Index("sent_tasks", (Order("look_at"),)),
    Index("failed_task_groups", (Order("last_failed_at", descending=True),)),
    Index("failed_tasks", (Order("last_failed_at", descending=True),)),
    # Firestore merges these for several fields; SQLite takes the one that serves most of them.
    *(
        Index("failed_tasks", (*map(Order, equal), Order("last_failed_at", descending=True)))
        for equal in (
            ("status",),
            ("pipeline_stage",),
            ("function_name",),
            ("task_type",),
            ("error_type",),
            ("fingerprint",),
            ("status", "pipeline_stage"),
            ("status", "fingerprint"),
        )
    ),
    # The failed task that waits longest.
    Index("failed_tasks", (Order("status"), Order("last_failed_at"))),
)


def check_indexed(query: Query, indexes: Sequence[Index]) -> None:
    """Refuse a query that Firestore would refuse for want of a composite index.

    Without one it answers: any number of ``==``, ``in`` and ``array_contains`` without an order,
    and a range or an order on a single field without anything else. It also merges composite
    indexes that end alike, which is allowed here for ``==`` alone: with ``in`` it does not always
    (https://firebase.google.com/docs/firestore/query-data/index-overview).

    Raises:
        IndexMissing: It names the index to declare.
    """
    equal = {each.field for each in query.where if each.op == "=="}
    among = {each.field for each in query.where if each.op == "in"}
    # A field that is the same in all results orders nothing.
    tail = tuple(each for each in query.order_by if each.field not in equal)
    head = equal | (among - {each.field for each in tail})
    holds_list = any(each.op == "array_contains" for each in query.where)
    if not tail or (len(tail) == 1 and not head and not holds_list):
        return
    if holds_list:
        raise IndexMissing(
            f"query of {query.collection}: array_contains with an order or a range needs an index"
            " of list elements, which cannot be declared here: order the results yourself"
        )
    heads = [
        {each.field for each in index.fields[: -len(tail)]}
        for index in indexes
        if index.collection == query.collection and index.fields[-len(tail) :] == tail
    ]
    mergeable = [each for each in heads if each <= head]
    if head not in mergeable and (among or not head or set().union(*mergeable) != head):
        needed = Index(query.collection, (*map(Order, sorted(head)), *tail))
        raise IndexMissing(
            f"query of {query.collection} needs a composite index: add {needed!r}"
            " to functions/runtime/store/indexes.py"
        )
