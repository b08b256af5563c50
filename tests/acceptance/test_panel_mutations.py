"""The panels' unit tests test: whoever changes a name, a number or an aggregate is told."""

from __future__ import annotations

from dataclasses import replace
from itertools import groupby
from typing import TYPE_CHECKING, Final

import pytest
from pipeline_queries import DEFINITIONS, PANELS, ROOT
from sql_mutations import ALL, mutate_sql

from telemetry.alerting.case_files import load_cases
from telemetry.alerting.evaluation import Evaluator
from telemetry.alerting.runner import run_case
from telemetry.alerting.subjects import PanelQuery, Subject, subjects_of
from telemetry.definitions import load_names

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from telemetry.alerting.case_files import LocatedCase

CASES: Final = load_cases([ROOT / "dashboards"], load_names()).cases
QUERIES: Final = {
    subject: owner
    for subject, owner in subjects_of(DEFINITIONS).items()
    if isinstance(owner, PanelQuery)
}
FILES: Final = {
    Subject(query.owner.model.slug, query.title): query.place.file  # type: ignore[attr-defined]
    for query in PANELS
}

_NO_NUMBER = "the share of nothing is no number either way: NULL, or NaN, which JSON does not have"
_FEW = "there are fewer than that, whatever happens"
_TWENTY = "twenty are left of the query within"
_ONE = "a task is of one stage, and in one queue"
_ANY = "of several that would do, which one is told is of no account"
_ITSELF = "scheduling hands to itself, so what finished it went on already"


def _both(line: int, reason: str, text: str, *others: str) -> dict[str, str]:
    return {f"line {line}: {text} becomes {other}": reason for other in others}


def _share(line: int) -> dict[str, str]:
    return _both(line, _NO_NUMBER, ", 0)", ", -150)", ", 150)")


def _few(line: int) -> dict[str, str]:
    return _both(line, _FEW, "LIMIT 50", "LIMIT 49", "LIMIT 51")


EQUIVALENT: Final[Mapping[str, Mapping[str, str]]] = {
    "ai-extraction: By model": _both(15, _TWENTY, "LIMIT 20", "LIMIT 21"),
    "ai-extraction: Extractions by stage": _few(9),
    "dead-letters: By error": _both(16, _TWENTY, "LIMIT 20", "LIMIT 21"),
    "dead-letters: By stage": _few(10),
    "entity-creation: By kind": {**_share(13), **_few(16)},
    "entity-creation: Artists": _share(13),
    "entity-creation: What was created": _few(9),
    "pipeline-baseline: The last 24 hours, beside the same hours of the weeks before": {
        **_share(33),
        **_few(37),
    },
    "pipeline-funnel: Completion rate": _share(11),
    "pipeline-funnel: Conversion between stages": {
        **_both(5, _ITSELF, "'scheduling'", "'cheduling'"),
        **_both(5, _ITSELF, "'sourcing'", "'ourcing'"),
        **_few(43),
    },
    "pipeline-funnel: Pages that finished each stage": _few(27),
    "pipeline-funnel: Stopped pages": {
        **_both(6, _ONE, "max(", "min("),
        **_both(7, _ONE, "max(", "min("),
        **_both(25, _ANY, "max(", "min("),
        **_both(29, _ANY, "max(", "min("),
        **_both(30, _ANY, "max(", "min("),
    },
    "pipeline-funnel: What became of the pages": _both(25, _FEW, "LIMIT 4", "LIMIT 5"),
    "service-health: Failure rate": {**_share(31), **_few(39)},
    "service-health: Failure rate by service": _share(15),
    "service-health: Processing by queue, in seconds": _few(31),
    "service-health: Slowest stages": _both(16, _TWENTY, "LIMIT 20", "LIMIT 21"),
    "service-health: Success rate": _share(12),
    "service-health: Time in the queue": _few(22),
}
"""Mutations that change nothing that a panel shows, and why."""


def find_mutations() -> Iterator[tuple[Subject, str, str]]:
    """Give every mutation of every panel; of a file that several have, what is its own of each."""
    panels = sorted(QUERIES, key=lambda subject: (FILES[subject], subject))
    for _, sharing in groupby(panels, FILES.__getitem__):
        seen: set[tuple[str, str]] = set()
        for subject in sharing:
            sql = QUERIES[subject].sql
            lines = sql.splitlines()
            for what, mutated in mutate_sql(sql, ALL):
                number = int(what.removeprefix("line ").partition(":")[0])
                key = (lines[number - 1], what)
                if key not in seen:
                    seen.add(key)
                    yield subject, what, mutated


MUTATIONS: Final = {
    subject: [(what, sql) for _, what, sql in found]
    for subject, found in groupby(find_mutations(), lambda each: each[0])
}


@pytest.fixture(scope="module")
def evaluator() -> Iterator[Evaluator]:
    with Evaluator() as made:
        yield made


# The longest first, so that no process is left alone with it.
@pytest.mark.parametrize(
    "subject",
    sorted(MUTATIONS, key=lambda subject: -len(MUTATIONS[subject])),
    ids=lambda subject: subject.title,
)
def test_every_mutation_of_a_panel_fails_one_of_its_tests(
    subject: Subject, evaluator: Evaluator
) -> None:
    cases = [each for each in CASES if each.subject == subject]
    surviving = [
        what
        for what, sql in MUTATIONS[subject]
        if not is_found(replace(QUERIES[subject], sql=sql), cases, evaluator)
    ]

    assert sorted(EQUIVALENT.get(subject.title, {})) == sorted(surviving)


def test_what_cannot_be_seen_is_of_panels_that_there_are() -> None:
    assert set() == set(EQUIVALENT) - {each.title for each in MUTATIONS}


def is_found(panel: PanelQuery, cases: list[LocatedCase], evaluator: Evaluator) -> bool:
    """Say whether a test fails; the one that did is asked first for the next mutation."""
    for case in cases:
        if not run_case(case, panel, evaluator).passed:
            cases.remove(case)
            cases.insert(0, case)
            return True
    return False
