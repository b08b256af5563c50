"""Queries judged in several processes, where there are many."""

from __future__ import annotations

import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, Final, Self

from telemetry.lint.analysis import analyze, make_planner

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType

    from telemetry.definitions.declarations import Names
    from telemetry.lint.analysis import Note
    from telemetry.lint.subjects import Subject

MANY: Final = 200
"""Queries from which on processes of their own are worth their start: about a second's work."""
_AT_A_TIME: Final = 32
_MOST_PROCESSES: Final = 8


class Workers:
    """Judge queries, here or in processes of their own; a context manager.

    Args:
        names: What is declared.
    """

    def __init__(self, names: Names) -> None:
        # Parameters may be anything, and no rule looks at them.
        self._names = replace(names, parameters={})
        self._processes = min(os.cpu_count() or 1, _MOST_PROCESSES)
        self._pool: ProcessPoolExecutor | None = None

    def __enter__(self) -> Self:
        """Return them."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """End the processes."""
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)

    def start(self) -> None:
        """Start the processes, so that they are there when queries are; once is enough."""
        if self._pool is None and self._processes > 1:
            # Not forked: a fork has the locks of the threads it has not.
            context = multiprocessing.get_context("spawn")
            self._pool = ProcessPoolExecutor(
                self._processes, context, initializer=_begin, initargs=(self._names,)
            )
            for _ in range(self._processes):
                self._pool.submit(_analyze_part, ())

    def analyze(self, subjects: Sequence[Subject]) -> list[list[Note]]:
        """Return what all rules say of each query, in order."""
        if len(subjects) >= MANY:
            self.start()
        if self._pool is None:
            planner = make_planner() if subjects else None
            return [analyze(subject, self._names, planner) for subject in subjects]
        parts = [subjects[at : at + _AT_A_TIME] for at in range(0, len(subjects), _AT_A_TIME)]
        return [notes for part in self._pool.map(_analyze_part, parts) for notes in part]


class _Declared:
    """Hold what a process judges by, from its start on."""

    names: Names


def _begin(names: Names) -> None:
    _Declared.names = names
    make_planner()


def _analyze_part(subjects: Sequence[Subject]) -> list[list[Note]]:
    return [analyze(subject, _Declared.names, make_planner()) for subject in subjects]
