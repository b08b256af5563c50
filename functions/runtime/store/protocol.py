"""What every document store does: the nouns, the writes and the protocol itself.

The semantics are Firestore's, so that a pipeline that works on a laptop works in the cloud.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, Union

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from functions.runtime.store.queries import Filter, Order

Key: TypeAlias = tuple[str, str]
"""A document's name: its collection and its id."""

Value: TypeAlias = Union[
    bool, int, float, str, bytes, datetime, "list[Value]", "dict[str, Value]", None
]
"""What a field can hold.

Integers have 64 bits, a datetime is aware, no list is directly inside a list. Subclasses, such as
members of a ``StrEnum``, are stored as their plain type, and a datetime comes back in UTC.
"""


@dataclass(frozen=True, slots=True)
class Document:
    """Hold one document as it was when it was read.

    Attributes:
        collection: Where it is.
        id: Its name there.
        data: Its fields, each a ``Value``. A dict of its own, free to be changed.
        create_time: When it was created; aware, UTC, microseconds.
        update_time: When it last changed. It rises strictly with every change, so it serves as
            ``expect`` of a later write.
    """

    collection: str
    id: str
    data: dict[str, Any]
    create_time: datetime
    update_time: datetime


@dataclass(frozen=True, slots=True)
class Create:
    """Write a document that must not be there yet, or fail with ``DocumentExists``."""

    collection: str
    id: str
    data: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Put:
    """Write a whole document, whatever is there.

    With ``expect`` it must be there (or ``DocumentMissing``) and have this ``update_time`` (or
    ``DocumentChanged``).
    """

    collection: str
    id: str
    data: Mapping[str, object]
    expect: datetime | None = None


@dataclass(frozen=True, slots=True)
class Update:
    """Replace some top-level fields of a document that must be there, or ``DocumentMissing``.

    Maps are replaced, not merged. ``expect`` as in ``Put``.
    """

    collection: str
    id: str
    fields: Mapping[str, object]
    expect: datetime | None = None


@dataclass(frozen=True, slots=True)
class Delete:
    """Remove a document; without ``expect``, one that is not there is fine."""

    collection: str
    id: str
    expect: datetime | None = None


Write: TypeAlias = Create | Put | Update | Delete


class DocumentStore(Protocol):
    """Keep documents, consistently and durably. Safe to share between threads.

    Every method raises ``StoreUnavailable`` when the store is out of reach, busy for too long or
    closed, ``StoreUnusable`` when what it holds is damaged, and ``InvalidDocumentId`` for a name
    that Firestore would refuse.
    """

    def get(self, collection: str, document_id: str, /) -> Document | None:
        """Read one document; None where there is none."""

    def get_all(self, keys: Sequence[Key], /) -> list[Document | None]:
        """Read several documents as of one moment, in the order of ``keys``."""

    def query(
        self,
        collection: str,
        /,
        *,
        where: Sequence[Filter] = (),
        order_by: Sequence[Order] = (),
        limit: int | None = None,
        start_after: Document | None = None,
    ) -> list[Document]:
        """Read the documents that match, in order, as of one moment.

        Args:
            collection: Where to look.
            where: All of these must hold.
            order_by: By which fields; documents without one of them are left out. Ties, and
                queries without an order, go by id, in the direction of the last field.
            limit: At most this many, from 1 up.
            start_after: Begin behind this document, which is usually the last of the page before.
                Exact: what others write elsewhere makes pages neither skip nor repeat.

        Raises:
            InvalidQuery: Firestore would refuse it.
            IndexMissing: It needs a composite index that is not declared.
        """

    def count(
        self, collection: str, /, *, where: Sequence[Filter] = (), order_by: Sequence[Order] = ()
    ) -> int:
        """Count the documents that match; raises as ``query`` does.

        An order tells which index serves a range, and leaves out documents without its fields.
        """

    def commit(self, writes: Sequence[Write], /) -> datetime:
        """Carry out all writes at once, or none of them.

        They take effect in order: a later one sees what an earlier one did to the same document. A
        write that leaves a document as it is does not change its ``update_time``.

        Returns:
            The commit time: the ``update_time`` of every document that was changed. When this
            returns, the batch survives a loss of power.

        Raises:
            InvalidWrite: Firestore would refuse it; nothing was written.
            PreconditionFailed: Another write was there first; nothing was written.
            StoreUnavailable: Nothing was written, unless the message says that this is unknown.
        """

    def close(self) -> None:
        """Let go of files and connections; twice is fine, any other call afterwards is not."""
