from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from telemetry.alerting.case_files import Cases, LocatedCase, load_cases
from telemetry.alerting.cases import NOON
from telemetry.alerting.evaluation import Answer, Conditions, Evaluator
from telemetry.alerting.rows import make_rows
from telemetry.definitions.alerts import Alert
from telemetry.definitions.declarations import Declaration, combine
from telemetry.metrics import CATALOGUE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from telemetry.alerting.timeline import Entry
    from telemetry.metrics import Metric

    Load = Callable[..., Cases]
    Read = Callable[..., tuple[LocatedCase, ...]]
    Ask = Callable[..., list[dict[str, Any]]]
    Asking = Callable[..., Answer]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "alerts"
    made.mkdir()
    return made


@pytest.fixture
def load(folder: Path) -> Load:
    """Load a file of tests, whatever is wrong with it."""

    def load_it(text: str, **parameters: Any) -> Cases:
        (folder / "a.test.yaml").write_text(text, encoding="utf-8")
        return load_cases([folder], combine(Declaration(parameters=parameters)))

    return load_it


@pytest.fixture
def read(load: Load) -> Read:
    """Load a file of tests that is right."""

    def read_it(text: str, **parameters: Any) -> tuple[LocatedCase, ...]:
        read = load(text, **parameters)
        assert () == read.problems
        return read.cases

    return read_it


@pytest.fixture(scope="session")
def evaluator() -> Iterator[Evaluator]:
    with Evaluator() as made:
        yield made


@pytest.fixture
def ask(evaluator: Evaluator) -> Ask:
    """Run SQL over entries, with a window of a day around the test's time."""

    def run(
        sql: str, *entries: Entry, catalogue: Mapping[str, Metric] = CATALOGUE, **fields: Any
    ) -> list[dict[str, Any]]:
        evaluator.take(make_rows(entries, NOON, catalogue))
        given: dict[str, Any] = {"window": timedelta(days=1)}
        at = fields.pop("at", timedelta(0))
        return evaluator.run(Conditions(sql=sql, **{**given, **fields}), NOON + at)

    return run


@pytest.fixture
def asking(evaluator: Evaluator) -> Asking:
    """Ask a panel's query over entries, as of the test's time."""

    def ask_it(sql: str, *entries: Entry, **fields: Any) -> Answer:
        evaluator.take(make_rows(entries, NOON, CATALOGUE))
        given = {"now": NOON, "after": NOON - timedelta(hours=1), "until": NOON}
        return evaluator.ask(sql, **{**given, **fields})

    return ask_it


BUSY = "SELECT count(*) AS n FROM records HAVING count(*) > 1"
"""Fires from two records on."""


@pytest.fixture
def make_alert() -> Callable[..., Alert]:
    """Make an alert."""

    def make(sql: str = BUSY, **more: Any) -> Alert:
        given = {"kind": "Alert", "name": "Busy", "sql": sql, "window": "5m", "every": "1m"}
        return Alert.model_validate({**given, **more})

    return make
