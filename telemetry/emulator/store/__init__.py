"""The durable store of the Logfire emulator: a log, sorted Parquet segments, and snapshots.

What becomes of a batch, in a folder of its table::

    append ─▶ log (000000000257.log, synced) ─▶ acknowledged ─▶ tail, in memory, seen by snapshots
                     │ full, or half a minute old: frozen
                     ▼
    roll ───▶ segment 000000000257-000000000400.parquet, sorted by time ─▶ the log is removed
                     │ eight neighbours of about the same size
                     ▼
    merge ──▶ segment 000000000001-000000000400.parquet ─▶ the eight are removed
                     │ too old, or too much, where the options say so
                     ▼
    expire ─▶ removed, oldest first

The numbers are those of the batches, so the names alone say what is where. Snapshots are folders of
hard links, in ``snapshots/``. What cannot be read is kept as ``*.damaged``.
"""

from __future__ import annotations

from telemetry.emulator.store.options import StoreOptions
from telemetry.emulator.store.preparation import PreparedBatch, prepare_batch
from telemetry.emulator.store.snapshots import Snapshot, TableSnapshot
from telemetry.emulator.store.store import Store

__all__ = [
    "PreparedBatch",
    "Snapshot",
    "Store",
    "StoreOptions",
    "TableSnapshot",
    "prepare_batch",
]
