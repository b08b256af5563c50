from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from telemetry.definitions import Definitions, load_definitions
from telemetry.definitions.declarations import Declaration, combine

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Write = Callable[..., Path]
    Load = Callable[..., Definitions]

PARAMETERS = {"stages": [{"name": "sourcing", "n": 1}, {"name": "writers", "n": 2}]}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "dashboards"
    made.mkdir()
    return made


@pytest.fixture
def write(folder: Path) -> Write:
    """Write a file into the folder of definitions."""

    def write_it(name: str, text: str) -> Path:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    return write_it


@pytest.fixture
def load(folder: Path) -> Load:
    """Load what is in the folder, with some parameters."""

    def load_it(**parameters: Any) -> Definitions:
        names = combine(Declaration(parameters={**PARAMETERS, **parameters}))
        return load_definitions([folder], names)

    return load_it
