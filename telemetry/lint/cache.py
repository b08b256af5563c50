"""What was found of a query, kept from run to run."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from telemetry.lint.analysis import Note
from telemetry.lint.findings import Edit, Remark

if TYPE_CHECKING:
    from collections.abc import Sequence

    from telemetry.definitions.declarations import Names
    from telemetry.lint.subjects import Subject

CACHE: Final = Path(".mystage") / "lint-cache"
"""Where it is, in the folder that is linted from."""

_MOST: Final = 20_000
"""Queries that are remembered: those that were asked for last."""


class Cache:
    """Keep notes by query; a file that cannot be read is as good as none.

    Args:
        path: Of the file; None to keep nothing.
        names: What is declared.
        fingerprint: Of the code that decides what is found.
    """

    def __init__(self, path: Path | None, names: Names, fingerprint: str) -> None:
        self._path = path
        self._context = f"{fingerprint}\n{_text_of(names)}"
        self._kept = _read(path) if path is not None else {}
        self._used: dict[str, list[Any]] = {}

    def key(self, subject: Subject) -> str:
        """Return what a query's notes are kept under."""
        text = f"{self._context}\n{subject!r}"
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]

    def get(self, key: str) -> list[Note] | None:
        """Return the notes of a query; None where there are none yet."""
        kept = self._kept.get(key)
        if kept is None:
            return None
        try:
            notes = [_load(each) for each in kept]
        except (TypeError, ValueError, KeyError):
            return None
        self._used[key] = kept
        return notes

    def put(self, key: str, notes: Sequence[Note]) -> None:
        """Keep the notes of a query."""
        self._used[key] = [_dump(note) for note in notes]

    def save(self) -> None:
        """Write the file, at once or not at all; where that fails, the next run takes longer."""
        if self._path is None or all(key in self._kept for key in self._used):
            return
        older = {key: value for key, value in self._kept.items() if key not in self._used}
        keep = dict([*older.items(), *self._used.items()][-_MOST:])
        with contextlib.suppress(OSError):
            _write(self._path, json.dumps(keep, ensure_ascii=True))


def _text_of(names: Names) -> str:
    return repr(
        (
            sorted((key, sorted(values)) for key, values in names.values.items()),
            sorted(names.span_names),
            sorted(names.attributes),
            sorted((metric.name, metric.kind.value) for metric in names.metrics.values()),
        )
    )


def _read(path: Path) -> dict[str, list[Any]]:
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    if not isinstance(kept, dict):
        return {}
    return {key: value for key, value in kept.items() if isinstance(value, list)}


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=path.name, dir=path.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        Path(name).replace(path)
    except OSError:
        Path(name).unlink(missing_ok=True)
        raise


def _dump(note: Note) -> list[Any]:
    remark = note.remark
    edits = [[edit.start, edit.end, edit.text] for edit in remark.edits]
    return [
        note.code,
        remark.start,
        remark.end,
        remark.message,
        remark.hint,
        remark.name,
        edits,
    ]


def _load(kept: Any) -> Note:
    code, start, end, message, hint, name, edits = kept
    remark = Remark(
        start=int(start),
        end=int(end),
        message=str(message),
        hint=str(hint),
        name=str(name),
        edits=tuple(Edit(int(first), int(last), str(text)) for first, last, text in edits),
    )
    return Note(code=str(code), remark=remark)
