"""Charts in words."""

from __future__ import annotations

from typing import Any

import pytest

from telemetry.console.captions import describe_chart
from telemetry.definitions import Panel
from telemetry.definitions.dashboards import Place
from telemetry.preview.views import View


def view_of(kind: str, *rows: dict[str, Any], **more: Any) -> View:
    panel = Panel.model_validate({"name": "Pages", "kind": kind, "sql": "SELECT 1", **more})
    columns = tuple(dict.fromkeys(name for row in rows for name in row))
    return View(panel, Place(x=0, y=0, width=1, height=1), columns, rows)


def test_a_time_series_says_when_and_the_last_value_of_each_series() -> None:
    view = view_of(
        "time-series",
        {"x": "2026-01-05T11:05:00Z", "stage": "a", "n": 3},
        {"x": "2026-01-05T11:00:00Z", "stage": "a", "n": 1},
        {"x": "2026-01-05T11:00:00Z", "stage": "b", "n": 2000},
        group_by="stage",
    )
    assert (
        "Chart over time: Pages. From 2026-01-05T11:00:00Z to 2026-01-05T11:05:00Z."
        " Last values: a 3, b 2,000."
    ) == describe_chart(view)


@pytest.mark.parametrize(("kind", "word"), [("bar", "Bar chart"), ("pie", "Pie chart")])
def test_bars_and_pies_say_their_rows(kind: str, word: str) -> None:
    view = view_of(kind, {"stage": "a", "n": 1}, {"stage": None, "n": 2})
    assert f"{word}: Pages. a 1, - 2." == describe_chart(view)


def test_a_gauge_says_its_value() -> None:
    assert "Gauge: Pages. rate 99.5." == describe_chart(view_of("gauge", {"rate": 99.5}))


@pytest.mark.parametrize("kind", ["bar", "time-series", "pie"])
def test_the_words_are_few_however_many_rows_there_are(kind: str) -> None:
    rows = [{"x": "2026-01-05", "stage": f"{n}{'y' * 9999}", "n": n} for n in range(1, 1000)]
    said = describe_chart(view_of(kind, *rows, group_by="stage"))
    assert len(said) < 1000
    assert "more" in said
