"""What the engine needs of a store: snapshots, and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    import pyarrow as pa


class TableSnapshot(Protocol):
    """Show the rows of one table that a query sees."""

    @property
    def schema(self) -> pa.Schema:
        """The table's columns, those of attributes that every part has shredded included."""

    @property
    def generation(self) -> int:
        """A number that changes whenever the files or the schema do."""

    @property
    def folder(self) -> Path | None:
        """Where its Parquet files are, which stay as they are; None where there are none."""

    @property
    def batches(self) -> Sequence[pa.RecordBatch]:
        """The rows that are in no file yet."""

    @property
    def hot_keys(self) -> frozenset[str]:
        """The keys of attributes that every part has a column of."""


class Snapshot(Protocol):
    """Show what was stored at one moment."""

    @property
    def tables(self) -> Mapping[str, TableSnapshot]:
        """Its tables, by the names of ``arrow.STORED_TABLES``."""


class SnapshotSource(Protocol):
    """Give snapshots: a store, or what stands for one in a test."""

    def snapshot(self) -> AbstractContextManager[Snapshot]:
        """Return what is stored now; it stays as it is until the context ends."""
