"""Mend what can be mended without a doubt, in the files themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from telemetry.lint.subjects import is_exported
from telemetry.sql.pieces import offset_of, place_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from telemetry.lint.linter import PlacedEdit, Report

_TEMPLATE_MARKS: Final = ("{{", "{%", "{#")


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
            with file.open("w", encoding="utf-8", newline="") as output:
                output.write(text)
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
