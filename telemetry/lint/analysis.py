"""What all rules say of one query."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from telemetry.lint.findings import Edit, Remark
from telemetry.lint.parsed import ParsedQuery
from telemetry.lint.registry import query_rules

if TYPE_CHECKING:
    from collections.abc import Iterator

    from telemetry.definitions.declarations import Names
    from telemetry.lint.planning import Planner
    from telemetry.lint.subjects import Subject


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """Hold a rule's remark, in places of the SQL that was written.

    Attributes:
        code: Of the rule.
        remark: What it says.
    """

    code: str
    remark: Remark


@cache
def make_planner() -> Planner | None:
    """Return this process's engine to plan on; None where it is not installed."""
    try:
        from telemetry.lint.planning import Planner  # noqa: PLC0415 - loads the engine
    except ImportError:
        return None
    return Planner()


def analyze(subject: Subject, names: Names, planner: Planner | None) -> list[Note]:
    """Return what all rules say of a query."""
    query = ParsedQuery(subject, names, planner)
    notes = list(_notes(query))
    before, length = len(subject.prefix), len(subject.sql)

    def placed(offset: int) -> int:
        return min(max(offset - before, 0), length)

    return [
        Note(
            code=note.code,
            remark=Remark(
                start=placed(note.remark.start),
                end=placed(max(note.remark.end, note.remark.start)),
                message=note.remark.message,
                hint=note.remark.hint,
                name=note.remark.name,
                edits=tuple(
                    Edit(placed(edit.start), placed(edit.end), edit.text)
                    for edit in note.remark.edits
                ),
            ),
        )
        for note in notes
    ]


def _notes(query: ParsedQuery) -> Iterator[Note]:
    is_explained = False
    for rule in query_rules():
        for remark in rule.check(query):
            is_explained = is_explained or rule.explains_refusal
            yield Note(code=rule.code, remark=remark)
    refusal = query.plan.refusal
    if refusal is None or is_explained:
        return
    for rule in query_rules():
        if refusal.kind in rule.refusals:
            remark = Remark(start=query.refused_at, message=refusal.message, hint=refusal.hint)
            yield Note(code=rule.code, remark=remark)
