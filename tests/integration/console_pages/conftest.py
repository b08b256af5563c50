from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import pytest
from page_browser import Browser

from telemetry.child import ServingProcess
from telemetry.console import make_console
from telemetry.console.source import Source
from telemetry.console.traces import traces_section

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from starlette.applications import Starlette


@pytest.fixture(scope="session")
def emulator() -> Iterator[str]:
    """Run a Logfire emulator, and give its URL; each test has traces of its own there."""
    with ServingProcess(
        "telemetry.cli.emulate", ["--temporary"], name="Logfire emulator"
    ) as process:
        yield process.address


@pytest.fixture
def browser(emulator: str) -> Browser:
    """Give a browser without scripts on a console with the pages of items."""
    stages = {"sourcing": "sourcing-queue", "reading": "reading-queue"}

    @contextlib.asynccontextmanager
    async def open_app() -> AsyncIterator[Starlette]:
        source = Source(emulator, "any")
        yield make_console([traces_section(source, stages)])
        await source.close()

    return Browser(open_app)
