"""Documents: one protocol, held by SQLite locally and by Firestore in the cloud.

`docs/document-store.md` is the reference. `sqlite.SqliteStore` is imported from its own module, so
that a service on Firestore does not load it.
"""

from __future__ import annotations

from functions.runtime.store.indexes import INDEXES, Index
from functions.runtime.store.protocol import (
    Create,
    Delete,
    Document,
    DocumentStore,
    Key,
    Put,
    Update,
    Value,
    Write,
)
from functions.runtime.store.queries import Filter, Order

__all__ = [
    "INDEXES",
    "Create",
    "Delete",
    "Document",
    "DocumentStore",
    "Filter",
    "Index",
    "Key",
    "Order",
    "Put",
    "Update",
    "Value",
    "Write",
]
