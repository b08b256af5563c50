"""Folders for runs of the ``mystage`` command."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Give a folder for a run's data."""
    return tmp_path / "data"


@pytest.fixture
def pages(tmp_path: Path) -> Path:
    """Give an empty folder for pages."""
    folder = tmp_path / "pages"
    folder.mkdir()
    return folder
