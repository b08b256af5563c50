from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from stored_rows import BY_HAND

from telemetry.emulator.store import Store, StoreOptions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    OpenStore = Callable[..., Store]


@pytest.fixture
def said() -> list[str]:
    """Give what the stores of the test had to say."""
    return []


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "telemetry"


@pytest.fixture
def open_store(folder: Path, said: list[str]) -> Iterator[OpenStore]:
    """Open stores on the folder of the test, one after the other; they are closed at the end."""
    opened: list[Store] = []

    def open_it(options: StoreOptions = BY_HAND, **more: object) -> Store:
        while opened:
            opened.pop().close()
        opened.append(Store(folder, options, say=said.append, **more))  # type: ignore[arg-type]
        return opened[-1]

    yield open_it
    while opened:
        opened.pop().close()
