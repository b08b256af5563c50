"""The examples of ``docs/dashboards.md`` are definitions, and leave no key out."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from telemetry.definitions import (
    Alert,
    Channel,
    Dashboard,
    Group,
    Panel,
    Schedule,
    Slo,
    load_definitions,
    load_names,
)
from telemetry.definitions.panels import ListVariable, TextVariable

ROOT = Path(__file__).parents[3]
GUIDE = (ROOT / "docs" / "dashboards.md").read_text()
EXAMPLES = re.findall(r"```yaml\n(.*?)```", GUIDE, re.DOTALL)


def test_the_examples_can_be_loaded(tmp_path: Path) -> None:
    dashboards, alerts = tmp_path / "dashboards", tmp_path / "alerts"
    for folder, sql, example in (
        (dashboards, "example/runs.sql", EXAMPLES[0]),
        (alerts, "pipeline/example.sql", EXAMPLES[1]),
    ):
        (folder / sql).parent.mkdir(parents=True)
        (folder / sql).write_text("SELECT 1 AS runs")
        (folder / "example.yaml").write_text(example)
    loaded = load_definitions([dashboards, alerts], load_names()).check()

    assert (1, 1, 1, 1, 1) == (
        len(loaded.dashboards),
        len(loaded.channels),
        len(loaded.schedules),
        len(loaded.alerts),
        len(loaded.slos),
    )


@pytest.mark.parametrize(
    "model", [Dashboard, Group, Panel, TextVariable, ListVariable, Alert, Channel, Schedule, Slo]
)
def test_the_examples_have_every_key(model: type[Dashboard]) -> None:
    text = "".join(EXAMPLES)

    assert [] == [key for key in model.model_fields if not re.search(rf"\b{key}\b", text)]


def test_every_dashboard_and_alert_of_ours_is_in_the_guide() -> None:
    loaded = load_definitions([ROOT / "dashboards", ROOT / "alerts"], load_names())
    names = [
        *(f"`{each.model.slug}`" for each in loaded.dashboards),
        *(each.model.name for each in loaded.alerts),
    ]

    assert [] == [each for each in names if f"\n| {each} |" not in GUIDE]
