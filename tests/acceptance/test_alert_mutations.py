"""The alerts' unit tests test: whoever changes a threshold, a name or a window is told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest
from alert_mutations import Mutation, mutate
from pipeline_queries import DEFINITIONS, ROOT

from telemetry.alerting.case_files import load_cases
from telemetry.alerting.runner import run_cases
from telemetry.alerting.subjects import Subject
from telemetry.definitions import load_names

if TYPE_CHECKING:
    from telemetry.alerting.case_files import LocatedCase

ALERTS: Final = {each.model.name: each.model for each in DEFINITIONS.alerts}
CASES: Final = load_cases([ROOT / "alerts"], load_names()).cases

_ENOUGH = "ten attempts are wanted anyway, so what is divided by is never 0"
_NEGATIVE = "less than nothing is as little above a threshold as nothing is"
_NEVER_ZERO = "a share is only looked at where 20 and 100 were counted"

EQUIVALENT: Final[dict[str, dict[str, str]]] = {
    "Success rate dropped": {
        "line 17: , 0) becomes , -150)": _ENOUGH,
        "line 17: , 0) becomes , 150)": f"{_ENOUGH}; of exactly 150 attempts no test is needed",
        "line 29: , 100) becomes , 250)": "what is below 80 is ten points below 100 already",
    },
    "AI cost spike": {
        "line 14: , 0) becomes , -150)": _NEGATIVE,
        "line 16: , 0) becomes , -150)": "a call costs nothing at least, so it is first either way",
        "line 17: , 0) becomes , -150)": "a call costs nothing at least, so it is first either way",
    },
    "Pipeline stall": {
        "line 3: 'extractions_created' becomes 'xtractions_created'": (
            "a row says how many extractions there are, and there is only one where there are none"
        ),
        "line 10: >= becomes >": "half an hour before the hours begin, the line above says no",
    },
    "Duplicates suspected": {
        "line 7: , 0) becomes , -150)": _NEGATIVE,
        "line 10: , 0) becomes , -150)": "where nothing is counted nothing is created",
        "line 10: , 0) becomes , 150)": "where nothing is counted nothing is created",
        "line 16: , 0) becomes , -150)": _NEGATIVE,
        "line 27: , 0) becomes , -150)": _NEVER_ZERO,
        "line 27: , 0) becomes , 150)": f"{_NEVER_ZERO}; of exactly 150 no test is needed",
        "line 28: , 0) becomes , -150)": _NEVER_ZERO,
        "line 28: , 0) becomes , 150)": f"{_NEVER_ZERO}; of exactly 150 no test is needed",
    },
}
"""Mutations that change nothing that an alert says, and why."""


# The longest first, so that no process is left alone with it.
@pytest.mark.parametrize("name", sorted(ALERTS, key=lambda name: -len(ALERTS[name].sql)))
def test_every_mutation_of_an_alert_fails_one_of_its_tests(name: str) -> None:
    cases = [each for each in CASES if each.subject == Subject("", name)]
    surviving = [
        mutation.what for mutation in mutate(ALERTS[name]) if not is_found(mutation, cases)
    ]

    assert sorted(EQUIVALENT.get(name, {})) == sorted(surviving)


def is_found(mutation: Mutation, cases: list[LocatedCase]) -> bool:
    """Say whether a test fails; the one that did is asked first for the next mutation."""
    subjects = {Subject("", mutation.alert.name): mutation.alert}
    for result in run_cases(cases, subjects, processes=1):
        if not result.passed:
            cases.remove(result.test)
            cases.insert(0, result.test)
            return True
    return False
