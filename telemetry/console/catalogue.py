"""The definitions the pages show, as they are in their files now."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from telemetry.definitions import find_repeats, load_definitions, load_names
from telemetry.definitions.loader import root_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from telemetry.definitions import Dashboard, Definitions, PersesDashboard, Problem

    Marks = frozenset[tuple[str, int, int]]


@dataclass(frozen=True, slots=True)
class Shelf:
    """Hold the dashboards of one reading.

    Attributes:
        dashboards: By slug, in the order of their names.
        problems: Why others are not there, with file and line.
    """

    dashboards: Mapping[str, Dashboard | PersesDashboard]
    problems: tuple[Problem, ...]


class Catalogue:
    """Read definitions, and again when a file of theirs has changed.

    Args:
        paths: Folders and files.
    """

    def __init__(self, paths: Sequence[Path]) -> None:
        self._paths = tuple(paths)
        self._lock = threading.Lock()
        self._marks: Marks | None = None
        self._shelf = Shelf({}, ())

    async def read(self) -> Shelf:
        """Return what the files say now."""
        return await asyncio.to_thread(self._read)

    def _read(self) -> Shelf:
        with self._lock:
            # Before they are read: what changes meanwhile is read again next time.
            marks = self._mark_files()
            if marks != self._marks:
                self._shelf = _shelve(load_definitions(self._paths, load_names()))
                self._marks = marks
            return self._shelf

    def _mark_files(self) -> Marks:
        """Return name, time and size of every file that could be read or included."""
        marks = set()
        for path in self._paths:
            for file in (path if path.is_dir() else root_of(path)).rglob("*"):
                try:
                    about = file.stat()
                except OSError:  # removed since it was listed, or a link to nowhere
                    continue
                marks.add((str(file), about.st_mtime_ns, about.st_size))
        return frozenset(marks)


def _shelve(definitions: Definitions) -> Shelf:
    dashboards: dict[str, Dashboard | PersesDashboard] = {}
    for each in sorted(definitions.dashboards, key=lambda each: each.model.name.casefold()):
        dashboards.setdefault(each.model.slug, each.model)
    problems = sorted({*definitions.problems, *find_repeats(definitions)})
    return Shelf(dashboards, tuple(problems))
