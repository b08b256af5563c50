"""What can be done for a batch before it meets the store, in another process if need be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa

from telemetry.emulator.store.digests import digest_key
from telemetry.emulator.store.hot_keys import STRIDE
from telemetry.emulator.store.log import Message
from telemetry.emulator.store.shredding import shred, table_schema

if TYPE_CHECKING:
    from collections.abc import Sequence

    from telemetry.emulator.arrow import StoredTable
    from telemetry.emulator.store.shredding import Attributes


@dataclass(frozen=True, slots=True)
class PreparedBatch:
    """Hold a batch as the log takes it; it can be pickled.

    Attributes:
        table: The name of the table it belongs to.
        hot_keys: The attributes that have columns in it, in order.
        message: The rows, encoded.
        sample: The attributes of some rows, to find out which are frequent.
    """

    table: str
    hot_keys: tuple[str, ...]
    message: Message
    sample: Attributes

    def read(self, table: StoredTable) -> pa.RecordBatch:
        """Return the rows."""
        schema = table_schema(table, self.hot_keys)
        return pa.ipc.read_record_batch(pa.py_buffer(self.message.payload), schema)


def prepare_batch(
    table: StoredTable,
    rows: pa.RecordBatch,
    attributes: Attributes,
    digest: bytes,
    hot_keys: Sequence[str],
) -> PreparedBatch:
    """Give a batch the columns of hot attributes, and encode it.

    Args:
        table: Where it belongs.
        rows: The batch, with the table's schema.
        attributes: Of each row, decoded.
        digest: The same for a batch that is sent again, and for no other.
        hot_keys: What the store says is hot; what has become so in between, it adds itself.
    """
    keys = tuple(hot_keys)
    shredded = shred(rows, attributes, table_schema(table, keys))
    return PreparedBatch(
        table.name, keys, Message.of(digest_key(digest), shredded), attributes[::STRIDE]
    )
