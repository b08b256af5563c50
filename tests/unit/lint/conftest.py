from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from telemetry.definitions.declarations import Declaration, combine
from telemetry.lint.linter import Report, lint

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Lint = Callable[..., Report]

NAMES = combine(
    Declaration(
        parameters={"stages": [{"name": "sourcing"}, {"name": "writers"}]},
        values={"stage": frozenset({"sourcing", "writers"})},
        span_names=frozenset({"process sourcing", "process writers", "send sourcing-queue"}),
    )
)
TODAY = date(2026, 10, 1)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "dashboards"
    made.mkdir()
    return made


@pytest.fixture
def lint_files(folder: Path) -> Lint:
    """Write files into a folder of definitions, and lint it."""

    def lint_them(files: dict[str, str] | None = None, **options: Any) -> Report:
        for name, text in (files or {}).items():
            (folder / name).write_text(text, encoding="utf-8")
        return lint([folder], NAMES, today=TODAY, **options)

    return lint_them
