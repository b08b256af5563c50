"""What Firestore refuses, refused before it is asked.

Limits: https://firebase.google.com/docs/firestore/quotas.
Sizes: https://firebase.google.com/docs/firestore/storage-size.
"""

from __future__ import annotations

from datetime import MAXYEAR, MINYEAR, UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from functions.errors import (
    BatchTooLarge,
    DocumentTooLarge,
    InvalidDocumentData,
    InvalidDocumentId,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from functions.runtime.store.protocol import Write

MAX_DOCUMENT_BYTES: Final = 1_048_576
MAX_VALUE_BYTES: Final = 1_048_487
"""Of one top-level field: 1 MiB less 89 bytes."""

MAX_NAME_BYTES: Final = 1_500
"""Of a collection, an id or a field's name."""

MAX_DEPTH: Final = 20
"""Maps and lists inside one another, the document itself not counted, as Firestore's server counts
(https://github.com/googleapis/nodejs-firestore/pull/1815)."""

MAX_INDEX_ENTRIES: Final = 20_000
MAX_BATCH_WRITES: Final = 500
MAX_BATCH_BYTES: Final = 10 * 1_048_576
"""Of one request. Counted by document size, which is close to the size on the wire."""

MIN_INTEGER: Final = -(2**63)
MAX_INTEGER: Final = 2**63 - 1

_NAME_OVERHEAD: Final = 16
_MAP_OVERHEAD: Final = 32
_SHOWN: Final = 80
_TOO_DEEP: Final = f"is nested more than {MAX_DEPTH} levels deep: flatten it or store it as JSON"

_EARLIEST: Final = datetime(MINYEAR, 1, 1, tzinfo=UTC)
_LATEST: Final = datetime(MAXYEAR, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)


def check_name(collection: str, document_id: str) -> None:
    """Refuse a collection or a document id that Firestore would refuse.

    Raises:
        InvalidDocumentId: It is no string, empty, longer than 1,500 bytes, not valid Unicode, holds
            a slash, is ``.`` or ``..``, or begins and ends with two underscores.
    """
    check_collection(collection)
    fault = _id_fault(document_id)
    if fault:
        raise InvalidDocumentId(
            f"document id {_shown(document_id)} in {collection} {fault}: choose another id,"
            " for instance a hash of it"
        )


def check_collection(collection: str) -> None:
    """Refuse a collection's name that Firestore would refuse.

    Raises:
        InvalidDocumentId: As ``check_name`` says.
    """
    fault = _id_fault(collection)
    if fault:
        raise InvalidDocumentId(f"collection {_shown(collection)} {fault}: choose another name")


def check_batch(writes: Sequence[Write]) -> None:
    """Refuse a batch with more writes than Firestore commits at once.

    Raises:
        BatchTooLarge: It has more than 500.
    """
    if len(writes) > MAX_BATCH_WRITES:
        raise BatchTooLarge(
            f"a batch of {len(writes)} writes, and Firestore commits at most {MAX_BATCH_WRITES}:"
            " commit it in parts"
        )


def check_batch_size(size: int) -> None:
    """Refuse a batch with more bytes than Firestore takes at once.

    Args:
        size: The sum of its documents' sizes.

    Raises:
        BatchTooLarge: It is more than 10 MiB.
    """
    if size > MAX_BATCH_BYTES:
        raise BatchTooLarge(
            f"a batch of {size:,} bytes, and Firestore takes at most {MAX_BATCH_BYTES:,} at once:"
            " commit it in parts"
        )


def check_document(collection: str, document_id: str, data: Mapping[str, object]) -> int:
    """Refuse a document that Firestore would refuse.

    Returns:
        Its size in bytes.

    Raises:
        InvalidDocumentData: A field's name or value is one that Firestore cannot hold.
        DocumentTooLarge: It is larger than 1 MiB, or has more than 20,000 index entries.
    """
    name = f"{collection}/{document_id}"
    size = (
        _string_size(collection)
        + _string_size(document_id)
        + _NAME_OVERHEAD
        + check_fields(collection, document_id, data)
    )
    if size > MAX_DOCUMENT_BYTES:
        raise DocumentTooLarge(
            f"{name} has {size:,} bytes, and a document holds at most {MAX_DOCUMENT_BYTES:,}:"
            " put what is large into the blob store and its key here"
        )
    # Every value to index has at least a byte: most documents need no counting.
    if size > MAX_INDEX_ENTRIES:
        entries = _index_entries(data)
        if entries > MAX_INDEX_ENTRIES:
            raise DocumentTooLarge(
                f"{name} has {entries:,} values to index, and a document has at most"
                f" {MAX_INDEX_ENTRIES:,}: store large structures as one JSON string or as a blob"
            )
    return size


def check_fields(collection: str, document_id: str, fields: Mapping[str, object]) -> int:
    """Refuse fields that Firestore cannot hold, whatever else their document has.

    Returns:
        Their size in bytes.

    Raises:
        InvalidDocumentData: A name or a value is one that Firestore cannot hold.
        DocumentTooLarge: One value alone is too large.
    """
    if not isinstance(fields, dict):
        raise InvalidDocumentData(
            f"{collection}/{document_id} is of type {type(fields).__name__}: a document is a dict"
        )
    try:
        return _map_size(fields, ())
    except _Unfit as unfit:
        refusal = DocumentTooLarge if unfit.too_large else InvalidDocumentData
        path = ".".join(unfit.path)
        raise refusal(f"{collection}/{document_id}: field {path} {unfit.fault}") from None


def value_fault(value: object) -> str | None:
    """Say what keeps a value from being a field's; None where nothing does."""
    try:
        _value_size(value, ("value",))
    except _Unfit as unfit:
        return unfit.fault
    return None


class _Unfit(Exception):  # noqa: N818 - a signal within this module
    """Carry what is wrong, and where, up to where the document's name is known."""

    def __init__(self, path: tuple[str, ...], fault: str, *, too_large: bool = False) -> None:
        super().__init__(path, fault)
        self.path = path
        self.fault = fault
        self.too_large = too_large


def _map_size(fields: dict[str, object], path: tuple[str, ...]) -> int:
    if len(path) > MAX_DEPTH:
        raise _Unfit(path, _TOO_DEEP)
    size = _MAP_OVERHEAD
    for name, value in fields.items():
        at = (*path, name)
        fault = _name_fault(name)
        if fault:
            raise _Unfit((*path, _shown(name)), f"has a name that {fault}")
        value_size = _value_size(value, at)
        if value_size > MAX_VALUE_BYTES:
            raise _Unfit(
                at,
                f"has {value_size:,} bytes, and a field holds at most {MAX_VALUE_BYTES:,}:"
                " put what is large into the blob store and its key here",
                too_large=True,
            )
        size += _string_size(name) + value_size
    return size


def _list_size(values: list[object], path: tuple[str, ...]) -> int:
    if len(path) > MAX_DEPTH:
        raise _Unfit(path, _TOO_DEEP)
    size = 0
    for index, value in enumerate(values):
        at = (*path, str(index))
        if isinstance(value, list):
            raise _Unfit(at, "is a list directly inside a list: wrap the inner one in a map")
        size += _value_size(value, at)
    return size


def _integer_size(value: int, path: tuple[str, ...]) -> int:
    if not MIN_INTEGER <= value <= MAX_INTEGER:
        raise _Unfit(path, "is an integer of more than 64 bits: store it as a string")
    return 8


def _datetime_size(value: datetime, path: tuple[str, ...]) -> int:
    if value.utcoffset() is None:
        raise _Unfit(path, "is a datetime without a time zone: make it aware, in UTC")
    # Only at the ends of the calendar can an offset move a time out of it.
    if value.year in (MINYEAR, MAXYEAR) and not _EARLIEST <= value <= _LATEST:
        raise _Unfit(path, "is a datetime outside the years 1 to 9999 in UTC")
    return 8


def _text_size(value: str, path: tuple[str, ...]) -> int:
    try:
        return _string_size(value)
    except UnicodeEncodeError:
        raise _Unfit(path, "is a string with a lone surrogate, which is not Unicode") from None


_SIZES: Final[dict[type, Callable[[Any, tuple[str, ...]], int]]] = {
    type(None): lambda _value, _path: 1,
    bool: lambda _value, _path: 1,
    int: _integer_size,
    float: lambda _value, _path: 8,
    str: _text_size,
    bytes: lambda value, _path: len(value),
    datetime: _datetime_size,
    list: _list_size,
    dict: _map_size,
}


def _value_size(value: object, path: tuple[str, ...]) -> int:
    size = _SIZES.get(type(value)) or next(
        (size for kind, size in _SIZES.items() if isinstance(value, kind)), None
    )
    if size is None:
        raise _Unfit(
            path,
            f"is of type {type(value).__name__}: a field holds None, bool, int, float, str, bytes,"
            " datetime, list or dict, so convert it first",
        )
    return size(value, path)


def _string_size(text: str) -> int:
    return (len(text) if text.isascii() else len(text.encode())) + 1


def _index_entries(value: object) -> int:
    """Count as Firestore indexes by itself: each way up and down, and each element of a list."""
    if isinstance(value, dict):
        return sum(_index_entries(each) for each in value.values())
    return 2 + (len(value) if isinstance(value, list) else 0)


def _name_fault(name: object) -> str | None:
    """Say what Firestore refuses in ids and in field names alike."""
    if not isinstance(name, str):
        return f"is of type {type(name).__name__} and must be a string"
    if not name:
        return "is empty"
    if name.startswith("__") and name.endswith("__") and len(name) >= len("____"):
        return "begins and ends with two underscores, which is reserved"
    try:
        size = _string_size(name) - 1
    except UnicodeEncodeError:
        return "holds a lone surrogate, which is not Unicode"
    if size > MAX_NAME_BYTES:
        return f"has {size:,} bytes, of at most {MAX_NAME_BYTES:,}"
    return None


def _id_fault(name: str) -> str | None:
    fault = _name_fault(name)
    if fault is None and "/" in name:
        return "holds a slash, which separates collections from ids"
    if fault is None and name in (".", ".."):
        return "is a relative path"
    return fault


def _shown(name: object) -> str:
    text = ascii(name)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
