"""The example of ``docs/testing-alerts.md`` is a test, and leaves no key out."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from telemetry.alerting.cases import Case, CaseFile, Expectation
from telemetry.alerting.rows import make_rows
from telemetry.alerting.timeline import LogEntry, MetricEntry, SpanEntry
from telemetry.definitions.alerts import NotifyWhen
from telemetry.metrics import CATALOGUE

if TYPE_CHECKING:
    from conftest import Read

GUIDE = (Path(__file__).parents[3] / "docs" / "testing-alerts.md").read_text(encoding="utf-8")
(EXAMPLE,) = re.findall(r"```yaml\n(.*?)```", GUIDE, re.DOTALL)


def test_the_example_can_be_loaded_and_stored(read: Read) -> None:
    (test,) = read(EXAMPLE)
    rows = make_rows(test.case.given, test.now, CATALOGUE)

    assert {"records_all": 11 + 121 + 2, "metrics": 7} == {
        name: sum(len(batch) for batch in batches) for name, batches in rows.items()
    }


def test_the_example_has_every_key() -> None:
    keys = _keys(yaml.safe_load(EXAMPLE))
    models = (CaseFile, Case, Expectation, SpanEntry, LogEntry, MetricEntry)
    fields = {name for model in models for name in model.model_fields}

    assert set() == fields - keys


def test_the_guide_names_every_mode() -> None:
    listed = re.findall(
        r"^\| `(\w*_matches\w*|matches_\w+)`", GUIDE.partition("## Notifications")[2], re.MULTILINE
    )

    assert sorted(NotifyWhen.__args__) == sorted(listed)  # type: ignore[attr-defined]


def _keys(value: Any) -> set[str]:
    if isinstance(value, dict):
        return {*value, *(key for each in value.values() for key in _keys(each))}
    return {key for each in value for key in _keys(each)} if isinstance(value, list) else set()
