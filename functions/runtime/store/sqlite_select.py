"""Queries as SQL.

Every comparison is one of sort keys (`ordering`), which the function ``field_key`` takes out of a
document's text. Where an index is declared, SQLite has these keys in it and calls no function.
"""

from __future__ import annotations

from itertools import takewhile
from typing import TYPE_CHECKING, Any, Final

from functions.runtime.store.encoding import decode_fields
from functions.runtime.store.ordering import sort_key, type_bounds
from functions.runtime.store.queries import MISSING, RANGES, find_value

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Sequence

    from functions.runtime.store.indexes import Index
    from functions.runtime.store.protocol import Document
    from functions.runtime.store.queries import Filter, Query

    Condition = tuple[str, list[object]]
    Statement = tuple[str, list[object]]

COLUMNS: Final = "collection, id, data, create_time, update_time"


def register_functions(connection: sqlite3.Connection) -> None:
    """Teach a connection the functions that queries and indexes use."""
    reader = _FieldReader()
    connection.create_function("field_key", 2, reader.find_key, deterministic=True)
    connection.create_function("list_holds", 3, reader.list_holds, deterministic=True)


def create_index(index: Index) -> str:
    """Return the SQL that makes an index; ``index_name`` says how it is called."""
    terms = [_directed(_key(each.field), descending=each.descending) for each in index.fields]
    terms.append(_directed("id", descending=index.fields[-1].descending))
    return (
        f"CREATE INDEX {_quoted(index_name(index))} ON documents ({', '.join(terms)})"
        f" WHERE collection = {_literal(index.collection)}"
    )


def drop_index(name: str) -> str:
    """Return the SQL that removes an index."""
    return f"DROP INDEX {_quoted(name)}"


def index_name(index: Index) -> str:
    """Name an index after all that it is made of, so that the same name is the same index."""
    return f"index of {index}"


def select_documents(query: Query, indexes: Sequence[Index]) -> Statement:
    """Return the SQL and its parameters that answer a query with rows of ``COLUMNS``."""
    source, conditions = _matching(query, indexes)
    order = [_directed(_key(each.field), descending=each.descending) for each in query.order_by]
    order.append(_directed("id", descending=query.id_descending))
    parameters = [each for _, values in conditions for each in values]
    sql = f"SELECT {COLUMNS} FROM {source} ORDER BY {', '.join(order)}"  # noqa: S608 - see _matching
    return (
        (sql, parameters) if query.limit is None else (f"{sql} LIMIT ?", [*parameters, query.limit])
    )


def count_documents(query: Query, indexes: Sequence[Index]) -> Statement:
    """Return the SQL and its parameters that count what a query matches."""
    source, conditions = _matching(query, indexes)
    parameters = [each for _, values in conditions for each in values]
    return f"SELECT count(*) FROM {source}", parameters  # noqa: S608 - see _matching


def _matching(query: Query, indexes: Sequence[Index]) -> tuple[str, list[Condition]]:
    """Return what to select from, and its conditions.

    Nothing of a caller's gets into the SQL but field paths, which are letters, digits, underscores
    and dots only. Values are parameters, and the collection is one too, unless an index is used:
    that one is for a collection which the declaration names, and SQLite must see it to know.
    """
    index = _choose_index(query, indexes)
    conditions: list[Condition] = []
    if index is None:
        conditions.append(("collection = ?", [query.collection]))
        table = "documents"
    else:
        conditions.append((f"collection = {_literal(index.collection)}", []))
        # SQLite keeps no statistics here, and without them it prefers the index of names.
        table = f"documents INDEXED BY {_quoted(index_name(index))}"
    served = () if index is None else index.fields[: _served(query, index)]
    for each in query.where:
        other = _find_other(each, {field.field for field in served}, indexes, query.collection)
        conditions += _compare(each) if other is None else [_look_up(each, other)]
    ranged = {each.field for each in query.where if each.op in RANGES}
    # As IS NOT NULL, but SQLite seeks past the documents without the field.
    conditions += [
        (f"{_key(each.field)} >= x''", []) for each in query.order_by if each.field not in ranged
    ]
    if query.start_after is not None:
        conditions += _behind(query, query.start_after)
    return f"{table} WHERE {' AND '.join(sql for sql, _ in conditions)}", conditions


def _find_other(
    filter_: Filter, served: set[str], indexes: Sequence[Index], collection: str
) -> Index | None:
    """Return an index for a comparison that the chosen one does not serve."""
    if filter_.op != "==" or not served or filter_.field in served:
        return None
    return next(
        (i for i in indexes if i.collection == collection and i.fields[0].field == filter_.field),
        None,
    )


def _look_up(filter_: Filter, index: Index) -> Condition:
    """Compare through another index, as Firestore merges them.

    Else SQLite would read and decode each document that the chosen index has found.
    """
    source = f"documents INDEXED BY {_quoted(index_name(index))}"
    matching = f"collection = {_literal(index.collection)} AND {_key(filter_.field)} = ?"
    sql = f"rowid IN (SELECT rowid FROM {source} WHERE {matching})"  # noqa: S608 - see _matching
    return sql, [sort_key(filter_.value)]


def _compare(filter_: Filter) -> Iterator[Condition]:
    key = _key(filter_.field)
    if filter_.op == "in":
        values: list[object] = [sort_key(value) for value in filter_.value]
        yield f"{key} IN ({', '.join('?' * len(values))})", values
        return
    value = sort_key(filter_.value)
    if filter_.op == "array_contains":
        yield f"list_holds(data, {_literal(filter_.field)}, ?)", [value]
        return
    yield f"{key} {filter_.op} ?", [value]
    lowest, above = type_bounds(value)
    if filter_.op in ("<", "<="):
        yield f"{key} >= ?", [lowest]
    elif filter_.op in (">", ">="):
        yield f"{key} < ?", [above]


def _behind(query: Query, cursor: Document) -> Iterator[Condition]:
    """Begin behind a document, wherever that would be by now.

    ``a > ? OR (a = ? AND (b > ? OR (b = ? AND id > ?)))``, since directions may differ. The bound
    on the first field besides lets SQLite seek to where the page begins.
    """
    sql = f"id {'<' if query.id_descending else '>'} ?"
    values: list[object] = [cursor.id]
    bound: Condition | None = None
    for each in reversed(query.order_by):
        key, value = _key(each.field), sort_key(find_value(cursor.data, each.field))
        behind = f"{key} {'<' if each.descending else '>'}"
        sql = f"({behind} ? OR ({key} = ? AND {sql}))"
        values = [value, value, *values]
        bound = (f"{behind}= ?", [value])
    yield sql, values
    if bound:
        yield bound


def _choose_index(query: Query, indexes: Sequence[Index]) -> Index | None:
    """Return the index of which most fields serve the query; None where none does."""
    best, most = None, 0
    for index in indexes:
        served = _served(query, index) if index.collection == query.collection else 0
        if served > most:
            best, most = index, served
    return best


def _served(query: Query, index: Index) -> int:
    """Count the fields of an index, from its first on, that spare SQLite reading or sorting."""
    equal = {each.field for each in query.where if each.op in ("==", "in")}
    compared = list(takewhile(equal.__contains__, (each.field for each in index.fields)))
    ordered = [each.field for each in query.order_by if each.field not in equal]
    rest = [each.field for each in index.fields[len(compared) :]]
    along = takewhile(lambda pair: pair[0] == pair[1], zip(rest, ordered, strict=False))
    return len(compared) + len(list(along))


class _FieldReader:
    """Take fields out of documents' texts, decoding a text once for all its fields."""

    def __init__(self) -> None:
        self._text: str | None = None
        self._fields: dict[str, Any] = {}

    def find_key(self, text: str, path: str) -> bytes | None:
        value = self._find(text, path)
        return None if value is MISSING else sort_key(value)

    def list_holds(self, text: str, path: str, key: bytes) -> bool:
        value = self._find(text, path)
        return isinstance(value, list) and any(sort_key(each) == key for each in value)

    def _find(self, text: str, path: str) -> Any:
        if text != self._text:
            self._fields = decode_fields(text)
            self._text = text
        return find_value(self._fields, path)


def _key(path: str) -> str:
    return f"field_key(data, {_literal(path)})"


def _directed(term: str, *, descending: bool) -> str:
    return f"{term} DESC" if descending else term


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
