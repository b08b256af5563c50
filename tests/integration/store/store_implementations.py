"""The document stores that the contract is held against, in this process and in others.

A test of the contract asks for the fixture ``store`` and runs once for each of them. Another
implementation joins with a line in ``IMPLEMENTATIONS``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from functions.runtime.store.sqlite import SqliteStore

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from functions.runtime.store import DocumentStore

IMPLEMENTATIONS: Final[dict[str, Callable[[Path], DocumentStore]]] = {
    "sqlite": lambda folder: SqliteStore(folder / "store.db"),
}


def open_store(implementation: str, folder: Path) -> DocumentStore:
    """Open the store of a test, which has the folder to itself."""
    return IMPLEMENTATIONS[implementation](folder)
