"""The guide says what the code does: its snippets run, its tables are complete."""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from telemetry import CATALOGUE, Metric, configuration, semconv

if TYPE_CHECKING:
    from telemetry.testing import CapturedTelemetry

GUIDE: Final = (Path(__file__).parents[3] / "docs" / "telemetry.md").read_text(encoding="utf-8")

SNIPPETS: Final = re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL)


@pytest.mark.parametrize("snippet", SNIPPETS, ids=lambda snippet: snippet.splitlines()[0])
def test_a_snippet_runs(
    snippet: str,
    captured_telemetry: CapturedTelemetry,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("LOGFIRE_TOKEN", raising=False)
    names: dict[str, Any] = {"__name__": "snippet"}

    exec(compile(snippet, "docs/telemetry.md", "exec"), names)  # noqa: S102 - our own guide

    for name, value in names.items():
        if name.startswith("test_") and inspect.isfunction(value):
            value(captured_telemetry)
    configuration.forget()


def test_there_are_snippets_with_and_without_tests() -> None:
    assert len(SNIPPETS) >= 8
    assert any("def test_" in snippet for snippet in SNIPPETS)


def test_the_table_of_metrics_is_the_catalogue() -> None:
    table = GUIDE.partition("<!-- metrics -->\n")[2].partition("<!-- /metrics -->")[0]
    own = [metric for metric in CATALOGUE.values() if metric.name in _emitted_by_the_toolkit()]

    assert [_row(metric) for metric in own] == table.splitlines()[2:]


def test_the_guide_names_every_attribute() -> None:
    attributes = {
        value
        for name, value in vars(semconv).items()
        if name.isupper() and isinstance(value, str) and ("." in value or name in _SHORT)
    } - {semconv.SCOPE, semconv.MESSAGING_PROCESS_DURATION}

    assert [] == sorted(value for value in attributes if f"`{value}`" not in GUIDE)


_SHORT: Final = ("STAGE", "TASK_TYPE", "SERVICE", "OUTCOME", "ATTEMPT", "MAX_ATTEMPTS")


def test_the_guide_names_every_outcome() -> None:
    assert [] == [outcome for outcome in semconv.OUTCOMES if f"| `{outcome}` |" not in GUIDE]


def _emitted_by_the_toolkit() -> set[str]:
    entities = ("venues", "artists", "performances")
    named = {
        value
        for name, value in vars(semconv).items()
        if name.isupper()  # by semconv itself
        and isinstance(value, str)
    }
    return (
        named
        | {semconv.found_metric(entity) for entity in entities}
        | {semconv.created_metric(entity) for entity in entities}
    )


def _row(metric: Metric) -> str:
    attributes = ", ".join(f"`{key}`" for key in sorted(metric.attributes))
    return (
        f"| `{metric.name}` | {metric.kind} | `{metric.unit}` | {attributes} |"
        f" {metric.description} |"
    )
