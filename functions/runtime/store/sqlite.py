"""The document store on SQLite: the embedded default.

Safe between threads and between processes of one machine, and across ``kill -9`` and a loss of
power. Not across ``fork``, nor on a network file system.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from functions.runtime.store.changes import check_writes, decode_document
from functions.runtime.store.encoding import from_microseconds
from functions.runtime.store.indexes import INDEXES, check_indexed
from functions.runtime.store.limits import check_name
from functions.runtime.store.protocol import Document
from functions.runtime.store.queries import check_query
from functions.runtime.store.sqlite_commits import SELECT, CommitQueue
from functions.runtime.store.sqlite_file import SqliteFile
from functions.runtime.store.sqlite_select import count_documents, select_documents

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from pathlib import Path

    from functions.runtime.store.indexes import Index
    from functions.runtime.store.protocol import Key, Write
    from functions.runtime.store.queries import Filter, Order

_BUSY_TIMEOUT: Final = timedelta(seconds=10)


class SqliteStore:
    """Keep documents in one SQLite file; a ``DocumentStore``.

    Args:
        path: The file, made where there is none. Its folder must be there.
        indexes: The indexes to have.
        busy_timeout: How long to wait while other processes write.

    Raises:
        StoreUnavailable: The file cannot be opened.
        StoreUnusable: It is no store, or one of another version, or damaged.
    """

    def __init__(
        self,
        path: Path,
        *,
        indexes: Sequence[Index] = INDEXES,
        busy_timeout: timedelta = _BUSY_TIMEOUT,
    ) -> None:
        self._indexes = tuple(indexes)
        self._file = SqliteFile(path, self._indexes, busy_timeout)
        self._commits = CommitQueue(self._file)

    def get(self, collection: str, document_id: str, /) -> Document | None:
        """Read one document; None where there is none."""
        check_name(collection, document_id)
        with self._file.reader() as connection:
            row = connection.execute(SELECT, (collection, document_id)).fetchone()
        return None if row is None else _document(collection, document_id, *row)

    def get_all(self, keys: Sequence[Key], /) -> list[Document | None]:
        """Read several documents as of one moment, in the order of ``keys``."""
        for key in keys:
            check_name(*key)
        with self._file.reader() as connection:
            connection.execute("BEGIN")
            rows = [connection.execute(SELECT, key).fetchone() for key in keys]
        return [
            None if row is None else _document(*key, *row)
            for key, row in zip(keys, rows, strict=True)
        ]

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
        """Read the documents that match, in order, as of one moment."""
        query = check_query(
            collection, where=where, order_by=order_by, limit=limit, start_after=start_after
        )
        check_indexed(query, self._indexes)
        statement = select_documents(query, self._indexes)
        with self._file.reader() as connection:
            rows = connection.execute(*statement).fetchall()
        return [_document(*row) for row in rows]

    def count(
        self, collection: str, /, *, where: Sequence[Filter] = (), order_by: Sequence[Order] = ()
    ) -> int:
        """Count the documents that match."""
        query = check_query(collection, where=where, order_by=order_by)
        check_indexed(query, self._indexes)
        statement = count_documents(query, self._indexes)
        with self._file.reader() as connection:
            (count,) = connection.execute(*statement).fetchone()
        return int(count)

    def commit(self, writes: Sequence[Write], /) -> datetime:
        """Carry out all writes at once, or none of them."""
        return self._commits.commit(check_writes(writes))

    def close(self) -> None:
        """Let go of the file."""
        self._commits.close()


def _document(
    collection: str, document_id: str, text: str, create_time: int, update_time: int
) -> Document:
    return Document(
        collection,
        document_id,
        decode_document(collection, document_id, text),
        from_microseconds(create_time),
        from_microseconds(update_time),
    )
