"""The examples of the guides on tests are tests, and leave no key out."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from telemetry.alerting.cases import (
    AlertCase,
    AlertFile,
    Captured,
    Expectation,
    PanelCase,
    PanelExpectation,
    PanelFile,
)
from telemetry.alerting.rows import make_rows
from telemetry.alerting.timeline import LogEntry, MetricEntry, SpanEntry
from telemetry.definitions.alerts import NotifyWhen
from telemetry.metrics import CATALOGUE

if TYPE_CHECKING:
    from conftest import Read
    from pydantic import BaseModel

DOCS = Path(__file__).parents[3] / "docs"
GUIDE = (DOCS / "testing-alerts.md").read_text(encoding="utf-8")
PANEL_GUIDE = (DOCS / "testing-dashboards.md").read_text(encoding="utf-8")
YAML = re.compile(r"```yaml\n(.*?)```", re.DOTALL)
(EXAMPLE, CAPTURED) = YAML.findall(GUIDE)
(PANEL_EXAMPLE,) = YAML.findall(PANEL_GUIDE)


def test_the_example_can_be_loaded_and_stored(read: Read) -> None:
    (test,) = read(EXAMPLE)
    rows = make_rows(test.entries, test.now, CATALOGUE)

    assert {"records_all": 11 + 121 + 3, "metrics": 7} == {
        name: sum(len(batch) for batch in batches) for name, batches in rows.items()
    }


def test_the_example_of_panels_can_be_loaded_and_stored(read: Read) -> None:
    tests = read(PANEL_EXAMPLE)

    assert [2, 0] == [
        sum(
            len(batch)
            for batches in make_rows(test.entries, test.now, CATALOGUE).values()
            for batch in batches
        )
        for test in tests
    ]


def test_the_examples_have_every_key() -> None:
    keys = _keys([yaml.safe_load(each) for each in (EXAMPLE, CAPTURED)])
    models = (AlertFile, AlertCase, Expectation, SpanEntry, LogEntry, MetricEntry, Captured)

    assert set() == _fields(*models) - keys


def test_the_example_of_panels_has_every_key() -> None:
    keys = _keys(yaml.safe_load(PANEL_EXAMPLE))

    # An own time of a test is in the other guide.
    assert set() == _fields(PanelFile, PanelCase, PanelExpectation) - keys - {"now"}


def test_the_guide_names_every_mode() -> None:
    listed = re.findall(
        r"^\| `(\w*_matches\w*|matches_\w+)`", GUIDE.partition("## Notifications")[2], re.MULTILINE
    )

    assert sorted(NotifyWhen.__args__) == sorted(listed)  # type: ignore[attr-defined]


def _fields(*models: type[BaseModel]) -> set[str]:
    return {field.alias or name for model in models for name, field in model.model_fields.items()}


def _keys(value: Any) -> set[str]:
    if isinstance(value, dict):
        return {*value, *(key for each in value.values() for key in _keys(each))}
    return {key for each in value for key in _keys(each)} if isinstance(value, list) else set()
