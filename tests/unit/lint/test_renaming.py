"""A name that is changed in the code is found wherever this repository's definitions use it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from telemetry.cli.check import unknown_names
from telemetry.definitions import Names, Query, all_queries, load_definitions, load_names
from telemetry.lint.linter import Report, default_paths, lint

ROOT = Path(__file__).parents[3]


def lint_ours(names: Names) -> Report:
    return lint(default_paths(ROOT), names)


def our_queries() -> list[Query]:
    return list(all_queries(load_definitions(default_paths(ROOT), load_names())))


def test_our_own_definitions_have_nothing_wrong_with_them() -> None:
    assert () == lint_ours(load_names()).findings


@pytest.mark.parametrize("metric", ["task_failed", "task_succeeded"])
def test_every_panel_and_alert_of_a_renamed_metric_is_named(metric: str) -> None:
    names = load_names()
    metrics = {
        f"renamed_{name}" if name == metric else name: each for name, each in names.metrics.items()
    }

    report = lint_ours(replace(names, metrics=metrics))

    users = {each.title for each in our_queries() if f"'{metric}'" in each.sql}
    (line,) = unknown_names(report)
    assert line.startswith(f"metric {metric}: not declared. Used by ")
    assert [] == [title for title in users if title not in line]


def test_every_panel_and_alert_of_a_renamed_attribute_is_named() -> None:
    names = load_names()

    report = lint_ours(
        replace(
            names,
            attributes=names.attributes - {"outcome"},
            values={key: values for key, values in names.values.items() if key != "outcome"},
        )
    )

    users = {each.title for each in our_queries() if "attributes->>'outcome'" in each.sql}
    (line,) = unknown_names(report)
    assert line.startswith("attribute outcome: not declared. Used by ")
    assert [] == [title for title in users if title not in line]
