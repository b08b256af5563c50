"""The linter: everything that is wrong with definitions, in order."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from telemetry.definitions.loader import FOLDERS, Definitions, load_definitions
from telemetry.definitions.queries import all_queries
from telemetry.lint.cache import Cache
from telemetry.lint.findings import Edit, Finding
from telemetry.lint.project import Project
from telemetry.lint.registry import fingerprint, project_rules
from telemetry.lint.secrets import masked
from telemetry.lint.silencers import apply_silencers
from telemetry.lint.subjects import is_exported, name_of, subject_of
from telemetry.lint.workers import Workers
from telemetry.sql.pieces import place_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from telemetry.definitions.declarations import Names
    from telemetry.definitions.places import Place
    from telemetry.definitions.queries import Query
    from telemetry.lint.analysis import Note


_MANY_FILES: Final = 40
"""Files from which on judging them all takes processes of their own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedEdit:
    """Hold an edit and the query it is of.

    Attributes:
        query: Which says where its text stands.
        edit: In places of that text.
    """

    query: Query
    edit: Edit


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Hold what the linter found.

    Attributes:
        findings: By file, line and column.
        definitions: What was judged.
        queries: How many queries there are.
        analyzed: How many of them were judged anew, and not remembered.
        silenced: How many findings were silenced.
        texts: Of the files.
        users: What uses each unknown name, also where templates repeat it.
        edits: What would mend some of it.
    """

    findings: tuple[Finding, ...]
    definitions: Definitions
    queries: int = 0
    analyzed: int = 0
    silenced: int = 0
    texts: Mapping[Path, str] = field(default_factory=dict)
    users: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    edits: tuple[PlacedEdit, ...] = ()


def default_paths(folder: Path = Path()) -> list[Path]:
    """Return the folders of definitions there are."""
    return [folder / name for name in FOLDERS if (folder / name).is_dir()]


def lint(
    paths: Sequence[Path],
    names: Names,
    *,
    cache: Path | None = None,
    today: date | None = None,
) -> Report:
    """Find everything that is wrong with definitions.

    Args:
        paths: Folders and files.
        names: What is declared.
        cache: Where to remember what was found of each query; None for nowhere.
        today: The day that decides which silencers have run out.
    """
    with Workers(names) as workers:
        if (cache is None or not cache.exists()) and _count_files(paths) >= _MANY_FILES:
            workers.start()
        return _lint(paths, names, workers, cache, today or datetime.now(UTC).date())


def _count_files(paths: Sequence[Path]) -> int:
    return sum(1 for path in paths for _ in (path.rglob("*.y*ml") if path.is_dir() else (path,)))


def _lint(
    paths: Sequence[Path], names: Names, workers: Workers, cache: Path | None, today: date
) -> Report:
    definitions = load_definitions(paths, names)
    queries = list(all_queries(definitions))
    others = [folder for folder in default_paths() if folder not in paths]
    project = Project(definitions, queries, names, lambda: load_definitions(others, names))
    findings: list[Finding] = []
    for rule in project_rules():
        findings += rule.check(project)
    edits: list[PlacedEdit] = []
    notes_of, analyzed = _analyze(
        queries, Cache(cache, names, fingerprint() if cache else ""), workers
    )
    for query, notes in zip(queries, notes_of, strict=True):
        findings += _findings(query, notes, project.texts)
        edits += [
            PlacedEdit(query=query, edit=edit) for note in notes for edit in note.remark.edits
        ]
    kept, silenced = apply_silencers(findings, project.texts, today)
    kept = [_masked(each) for each in kept]
    return Report(
        findings=tuple(sorted(_without_repeats(kept))),
        users=_users(kept),
        definitions=definitions,
        queries=len(queries),
        analyzed=analyzed,
        silenced=silenced,
        texts=project.texts,
        edits=tuple(edits),
    )


def _analyze(
    queries: Sequence[Query], cache: Cache, workers: Workers
) -> tuple[list[list[Note]], int]:
    """Return the notes of each query, and how many queries were judged for that."""
    subjects = [subject_of(query) for query in queries]
    keys = [cache.key(subject) for subject in subjects]
    known = {key: cache.get(key) for key in keys}
    missing = {
        key: subject for key, subject in zip(keys, subjects, strict=True) if known[key] is None
    }
    for key, notes in zip(missing, workers.analyze(list(missing.values())), strict=True):
        known[key] = notes
        cache.put(key, notes)
    cache.save()
    return [known[key] or [] for key in keys], len(missing)


def _findings(query: Query, notes: Iterable[Note], texts: Mapping[Path, str]) -> Iterator[Finding]:
    for note in notes:
        remark = note.remark
        yield Finding(
            place=_place(query, remark.start, texts),
            code=note.code,
            message=remark.message,
            hint=remark.hint,
            subject=name_of(query),
            name=remark.name,
            width=0 if is_exported(query) else _width(query.sql, remark.start, remark.end),
        )


def _place(query: Query, offset: int, texts: Mapping[Path, str]) -> Place:
    if not is_exported(query):
        return query.place.within(*place_of(query.sql, offset))
    # JSON has a query on one line, its ends of lines escaped.
    text = texts.get(query.place.file, "")
    for is_ascii in (True, False):
        start = text.find(json.dumps(query.sql, ensure_ascii=is_ascii))
        if start >= 0:
            return type(query.place)(query.place.file, *place_of(text, start))
    return query.place


def _width(sql: str, start: int, end: int) -> int:
    """Return how much of it is on the first line."""
    newline = sql.find("\n", start)
    return max(min(end, newline if newline >= 0 else len(sql)) - start, 0)


def _without_repeats(findings: Iterable[Finding]) -> list[Finding]:
    """Tell once what templates repeat: the same words at the same place."""
    alike: dict[tuple[Place, str, str], dict[str, Finding]] = {}
    for each in findings:
        same = alike.setdefault((each.place, each.code, each.message), {})
        same.setdefault(each.subject, each)
    told = []
    for same in alike.values():
        first, more = next(iter(same.values())), len(same) - 1
        told.append(replace(first, subject=f"{first.subject}, and {more} more") if more else first)
    return told


def _users(findings: Iterable[Finding]) -> dict[str, tuple[str, ...]]:
    users: dict[str, dict[str, None]] = {}
    for each in findings:
        if each.name:
            users.setdefault(each.name, {})[each.subject] = None
    return {name: tuple(users[name]) for name in sorted(users)}


def _masked(finding: Finding) -> Finding:
    return Finding(
        place=finding.place,
        code=finding.code,
        message=masked(finding.message),
        hint=masked(finding.hint),
        subject=masked(finding.subject),
        name=masked(finding.name),
        width=finding.width,
    )
