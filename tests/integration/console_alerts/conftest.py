from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from alert_console import browsing
from alert_desk import AlertDesk, started

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import httpx


@pytest.fixture(scope="session")
def emulator() -> Iterator[str]:
    """Run a Logfire emulator whose alerts run by hand, and give its URL."""
    with started("--no-alerts") as address:
        yield address


@pytest.fixture
def desk(emulator: str) -> Iterator[AlertDesk]:
    made = AlertDesk(emulator)
    yield made
    made.close()


@pytest.fixture
def console(emulator: str, tmp_path: Path) -> Iterator[httpx.Client]:
    with browsing(emulator, tmp_path) as client:
        yield client
