"""What a batch does to the documents it names, worked out before anything is written.

Preconditions are checked here, so a batch that fails has written nothing that must be undone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, assert_never

from functions.errors import (
    DocumentChanged,
    DocumentExists,
    DocumentMissing,
    InvalidDocumentData,
    StoreUnusable,
)
from functions.runtime.store.encoding import (
    decode_fields,
    encode_fields,
    from_microseconds,
    to_microseconds,
)
from functions.runtime.store.limits import (
    check_batch,
    check_batch_size,
    check_document,
    check_fields,
    check_name,
)
from functions.runtime.store.protocol import Create, Delete, Put, Update

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from functions.runtime.store.protocol import Key, Write


@dataclass(frozen=True, slots=True)
class Row:
    """Hold a document as it is stored; times in microseconds."""

    text: str
    create_time: int
    update_time: int


@dataclass(frozen=True, slots=True)
class Step:
    """Hold a write that was checked, and the text of the document where it says all of it."""

    write: Write
    text: str = ""

    @property
    def key(self) -> Key:
        """Name the document."""
        return self.write.collection, self.write.id


def check_writes(writes: Sequence[Write]) -> tuple[Step, ...]:
    """Check all that can be checked of a batch without reading, and encode it.

    Raises:
        InvalidWrite: Firestore would refuse it.
    """
    check_batch(writes)
    steps, size = [], 0
    for write in writes:
        check_name(write.collection, write.id)
        _check_expect(write)
        step, step_size = _check_write(write)
        steps.append(step)
        size += step_size
    check_batch_size(size)
    return tuple(steps)


def apply(
    steps: Sequence[Step], rows: Mapping[Key, Row | None], commit_time: int
) -> dict[Key, Row | None]:
    """Work out what a batch makes of the documents it names.

    Args:
        steps: The batch.
        rows: The documents as they are; None where there is none. Not changed.
        commit_time: When, later than any time in ``rows``.

    Returns:
        The documents as the batch leaves them.

    Raises:
        PreconditionFailed: A write expected a document to be otherwise.
        DocumentTooLarge: An update makes a document too large.
    """
    after: dict[Key, Row | None] = {}
    for step in steps:
        row = after[step.key] if step.key in after else rows[step.key]
        after[step.key] = _apply_step(step, row, commit_time)
    return after


def decode_document(collection: str, document_id: str, text: str) -> dict[str, Any]:
    """Return the fields of a stored document.

    Raises:
        StoreUnusable: Its text is not what was stored.
    """
    try:
        return decode_fields(text)
    except ValueError as error:
        raise StoreUnusable(
            f"{collection}/{document_id} is damaged: {error}. Restore the store from a backup,"
            " or write the document anew"
        ) from error


def _check_expect(write: Write) -> None:
    if isinstance(write, Create) or write.expect is None:
        return
    if write.expect.utcoffset() is None:
        raise InvalidDocumentData(
            f"write of {write.collection}/{write.id} expects {write.expect}, without a time zone:"
            " give the update_time as it was read"
        )


def _check_write(write: Write) -> tuple[Step, int]:
    match write:
        case Create() | Put():
            size = check_document(write.collection, write.id, write.data)
            return Step(write, encode_fields(write.data)), size
        case Update():
            if not write.fields:
                raise InvalidDocumentData(
                    f"update of {write.collection}/{write.id} without fields: name one or more"
                )
            return Step(write), check_fields(write.collection, write.id, write.fields)
        case Delete():
            return Step(write), 0
        case _:
            assert_never(write)


def _apply_step(step: Step, row: Row | None, commit_time: int) -> Row | None:
    write = step.write
    name = f"{write.collection}/{write.id}"
    if isinstance(write, Create):
        if row is not None:
            raise DocumentExists(
                f"{name} is there already, since {from_microseconds(row.create_time)}:"
                " read it, or choose another id"
            )
        return Row(step.text, commit_time, commit_time)
    if write.expect is not None:
        _check_expected(name, row, write.expect)
    if isinstance(write, Delete):
        return None
    if isinstance(write, Put):
        return _replace(row, step.text, commit_time)
    if row is None:
        raise DocumentMissing(f"{name} is not there to be updated: create it first")
    fields = decode_document(write.collection, write.id, row.text) | dict(write.fields)
    check_document(write.collection, write.id, fields)
    return _replace(row, encode_fields(fields), commit_time)


def _check_expected(name: str, row: Row | None, expect: datetime) -> None:
    if row is None:
        raise DocumentMissing(f"{name} is not there, and {expect} was expected: read it again")
    if row.update_time != to_microseconds(expect):
        raise DocumentChanged(
            f"{name} changed at {from_microseconds(row.update_time)}, and {expect} was expected:"
            " read it again and decide anew"
        )


def _replace(row: Row | None, text: str, commit_time: int) -> Row:
    if row is None:
        return Row(text, commit_time, commit_time)
    # Firestore: a write that changes nothing leaves the update time
    # (https://firebase.google.com/docs/firestore/reference/rest/v1/WriteResult).
    return row if row.text == text else Row(text, row.create_time, commit_time)
