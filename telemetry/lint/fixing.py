"""Mend what can be mended without a doubt, in the files themselves."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from telemetry.lint.subjects import is_exported
from telemetry.sql.pieces import offset_of, place_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from telemetry.lint.linter import PlacedEdit, Report

_TEMPLATE_MARKS: Final = ("{{", "{%", "{#")


_MOST_ROUNDS: Final = 5
"""What one edit makes may be mended further; in circles, nothing is."""


def fix_all(report: Report, again: Callable[[], Report]) -> tuple[Report, dict[Path, int]]:
    """Mend until nothing is left that can be, and take back what made a file worse.

    Args:
        report: What was found.
        again: Looks once more.

    Returns:
        What is found then, and how many edits were made, by file.
    """
    codes = _codes(report)
    before: dict[Path, str] = {}
    made: Counter[Path] = Counter()
    for _ in range(_MOST_ROUNDS):
        files = {each.query.place.file for each in report.edits}
        before = {**{file: _read(file) for file in files}, **before}
        counts = fix(report)
        if not counts:
            break
        made.update(counts)
        report = again()
    # As a file that two dashboards use, of which one wants what the other must not have.
    worse = [file for file in made if _codes(report).get(file, set()) - codes.get(file, set())]
    for file in worse:
        _write(file, before[file])
        del made[file]
    return (again() if worse else report), dict(made)


def _codes(report: Report) -> dict[Path, set[tuple[str, str]]]:
    """Return what was found in each file, and of whose query."""
    found: dict[Path, set[tuple[str, str]]] = {}
    for each in report.findings:
        found.setdefault(each.place.file, set()).add((each.code, each.subject))
    return found


def _write(file: Path, text: str) -> None:
    with file.open("w", encoding="utf-8", newline="") as output:
        output.write(text)


def fix(report: Report) -> dict[Path, int]:
    """Apply a report's edits, each file written as a whole.

    Files with templates are left alone: what stands there is not what was judged. So is a place
    whose text is not the query's, as that of an escape in YAML, and one that two queries want to
    mend in different ways.

    Returns:
        How many edits were made, by file.
    """
    wanted: dict[Path, dict[tuple[int, int], set[str]]] = {}
    for each in report.edits:
        found = _locate(each)
        if found is not None:
            file, span = found
            wanted.setdefault(file, {}).setdefault(span, set()).add(each.edit.text)
    made = {}
    for file, edits in wanted.items():
        agreed = [(span, texts.pop()) for span, texts in edits.items() if len(texts) == 1]
        text, count = _apply(_read(file), agreed)
        if count:
            _write(file, text)
            made[file] = count
    return made


def _read(file: Path) -> str:
    """Return a file's text with the ends of lines it has."""
    try:
        with file.open(encoding="utf-8", newline="") as source:
            return source.read()
    except (OSError, UnicodeDecodeError):
        return ""


def _locate(placed: PlacedEdit) -> tuple[Path, tuple[int, int]] | None:
    """Return the span of a file's text that an edit is about; None where that is not certain."""
    query, edit = placed.query, placed.edit
    file = query.place.file
    text = _read(file)
    if is_exported(query) or any(mark in text for mark in _TEMPLATE_MARKS):
        return None
    start, end = (
        offset_of(text, place.line, place.column)
        for place in (
            query.place.within(*place_of(query.sql, offset)) for offset in (edit.start, edit.end)
        )
    )
    return (file, (start, end)) if text[start:end] == query.sql[edit.start : edit.end] else None


def _apply(text: str, edits: Iterable[tuple[tuple[int, int], str]]) -> tuple[str, int]:
    """Apply edits from the end to the beginning; of two that overlap, the one behind."""
    count, before = 0, len(text) + 1
    for (start, end), new in sorted(edits, reverse=True):
        if end <= before and start < before:
            text = text[:start] + new + text[end:]
            before, count = start, count + 1
    return text, count
