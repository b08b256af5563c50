"""Queries: what a caller asks, checked and completed as Firestore would.

Rules: https://firebase.google.com/docs/firestore/query-data/queries. Both stores ask through here,
so that a query is refused on a laptop before it is refused in the cloud. Narrower than Firestore in
one point: ranges are on one field, and the first order is by that field.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, get_args

from functions.errors import InvalidQuery
from functions.runtime.store.limits import check_collection, value_fault

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from functions.runtime.store.protocol import Document

Op = Literal["==", "in", "array_contains", "<", "<=", ">", ">="]

RANGES: Final = ("<", "<=", ">", ">=")
MISSING: Final = object()
"""What ``find_value`` returns where there is no such field."""

MAX_DISJUNCTIONS: Final = 30
"""Of a query once its ``in`` filters are multiplied out."""

MAX_COMPARED_BYTES: Final = 1_500
"""Of a string or bytes value: Firestore indexes no more of it, so it compares no more of it."""

_OPS: Final = get_args(Op)
_PATH: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*", re.ASCII)
_RESERVED: Final = re.compile(r"__.*__", re.ASCII)


@dataclass(frozen=True, slots=True)
class Filter:
    """Ask for documents whose field compares to a value.

    Only values of the same type compare; integers and floats are one type. ``in`` takes a list of
    up to 30 values, ``array_contains`` a value that the field's list must hold.

    Attributes:
        field: The field's name, or a path of names with dots between for a field inside maps.
        op: How to compare.
        value: What to compare with.
    """

    field: str
    op: Op
    value: Any


@dataclass(frozen=True, slots=True)
class Order:
    """Ask for documents in the order of a field, which leaves out those without it.

    Attributes:
        field: As in ``Filter``.
        descending: Whether the largest comes first.
    """

    field: str
    descending: bool = False

    def __str__(self) -> str:
        return f"{self.field} descending" if self.descending else self.field


@dataclass(frozen=True, slots=True)
class Query:
    """Hold a query that Firestore would answer, given the indexes; made by ``check_query``.

    Attributes:
        collection: Where to look.
        where: All of these must hold.
        order_by: The complete order but for the id, which comes last.
        limit: At most this many.
        start_after: Begin behind this document, which has every field of the order.
    """

    collection: str
    where: tuple[Filter, ...] = ()
    order_by: tuple[Order, ...] = ()
    limit: int | None = None
    start_after: Document | None = None

    @property
    def id_descending(self) -> bool:
        """Whether ties go by id downwards: as the last field of the order does."""
        return bool(self.order_by) and self.order_by[-1].descending


def check_query(
    collection: str,
    *,
    where: Sequence[Filter] = (),
    order_by: Sequence[Order] = (),
    limit: int | None = None,
    start_after: Document | None = None,
) -> Query:
    """Check a query and complete its order.

    Raises:
        InvalidDocumentId: The collection's name is one that Firestore would refuse.
        InvalidQuery: So is something else of it.
    """
    check_collection(collection)
    for fault in _faults(where, order_by, limit):
        raise InvalidQuery(f"query of {collection}: {fault}")
    ranged = _ranged_field(where)
    complete = tuple(order_by) or ((Order(ranged),) if ranged else ())
    if start_after is not None:
        _check_cursor(collection, complete, start_after)
    return Query(collection, tuple(where), complete, limit, start_after)


def path_fault(path: object) -> str | None:
    """Say what keeps a text from being a field's path in a query; None where nothing does."""
    if not isinstance(path, str) or not _PATH.fullmatch(path):
        return (
            f"field {path!r} is no path: use names of letters, digits and underscores,"
            " with dots between"
        )
    if any(_RESERVED.fullmatch(name) for name in path.split(".")):
        return f"field {path!r} is reserved: no name begins and ends with two underscores"
    if len(path) > MAX_COMPARED_BYTES:
        return f"field {path[:20]!r}… is too long: a path has at most {MAX_COMPARED_BYTES:,} bytes"
    return None


def find_value(fields: Mapping[str, Any], path: str) -> Any:
    """Return the value at a path, or ``MISSING``."""
    value: Any = fields
    for name in path.split("."):
        if not isinstance(value, dict) or name not in value:
            return MISSING
        value = value[name]
    return value


def _faults(where: Sequence[Filter], order_by: Sequence[Order], limit: int | None) -> Iterator[str]:
    for path in [each.field for each in where] + [each.field for each in order_by]:
        fault = path_fault(path)
        if fault:
            yield fault
    for each in where:
        yield from _filter_faults(each)
    yield from _combination_faults(where, order_by)
    if limit is not None and (type(limit) is not int or limit < 1):
        yield f"limit {limit!r}: ask for 1 document or more, or for all with None"


def _filter_faults(filter_: Filter) -> Iterator[str]:
    name = f"{filter_.field} {filter_.op}"
    if filter_.op not in _OPS:
        yield f"{name}: there is no such comparison; there are {', '.join(_OPS)}"
    values = [filter_.value]
    if filter_.op == "in":
        if not isinstance(filter_.value, list) or not filter_.value:
            yield f"{name} takes a list of one value or more"
            return
        values = filter_.value
    for value in values:
        yield from (f"{name} a value that {fault}" for fault in _value_faults(value, filter_.op))


def _value_faults(value: object, op: Op) -> Iterator[str]:
    fault = value_fault(value)
    if fault:
        yield fault
    elif op != "==" and (value is None or (isinstance(value, float) and math.isnan(value))):
        yield f"is {value}: None and nan are found by == only"
    elif op == "array_contains" and isinstance(value, list):
        yield "is a list: no list is directly inside a list"
    elif _compared_bytes(value) > MAX_COMPARED_BYTES:
        yield (
            f"is longer than {MAX_COMPARED_BYTES:,} bytes: Firestore compares no more of it, so"
            " store and compare a hash"
        )


def _compared_bytes(value: object) -> int:
    text = value.encode() if isinstance(value, str) else value
    return len(text) if isinstance(text, bytes) else 0


def _combination_faults(where: Sequence[Filter], order_by: Sequence[Order]) -> Iterator[str]:
    ranged = {each.field for each in where if each.op in RANGES}
    if len(ranged) > 1:
        yield f"ranges on {', '.join(sorted(ranged))}: put a range on one field only"
    if ranged and order_by and order_by[0].field not in ranged:
        yield f"a range on {ranged.pop()}: order by that field first"
    ordered = [each.field for each in order_by]
    if len(set(ordered)) < len(ordered):
        yield "orders by the same field twice"
    if sum(each.op == "array_contains" for each in where) > 1:
        yield "array_contains twice: Firestore takes it once, so filter the rest yourself"
    choices = math.prod(
        len(each.value) for each in where if isinstance(each.value, list) and each.op == "in"
    )
    if choices > MAX_DISJUNCTIONS:
        yield (
            f"its in filters make {choices} combinations, and Firestore takes at most"
            f" {MAX_DISJUNCTIONS}: ask in parts"
        )


def _ranged_field(where: Sequence[Filter]) -> str | None:
    return next((each.field for each in where if each.op in RANGES), None)


def _check_cursor(collection: str, order_by: Sequence[Order], cursor: Document) -> None:
    if cursor.collection != collection:
        raise InvalidQuery(
            f"query of {collection}: start_after is a document of {cursor.collection}"
        )
    for each in order_by:
        if find_value(cursor.data, each.field) is MISSING:
            raise InvalidQuery(
                f"query of {collection}: start_after {cursor.id!r} has no field {each.field},"
                " by which is ordered: give a document that the same query returned"
            )
