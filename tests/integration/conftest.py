"""What several folders of integration tests stand on; it also puts this folder on the path."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from toy_world import World


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """Open a runtime of the toy pipeline."""
    from toy_world import open_world  # noqa: PLC0415 - most integration tests do without

    with open_world(tmp_path) as opened:
        yield opened
