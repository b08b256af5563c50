"""Previews: the numbers are in the chart, the picture and the page; nothing in them runs."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from telemetry.definitions import Dashboard
from telemetry.errors import QueryFailed
from telemetry.preview.asking import Answer, Choice, choose_resolution, fill_dashboard
from telemetry.preview.charts import make_chart
from telemetry.preview.pages import write_page
from telemetry.preview.pictures import draw_dashboard, to_png
from telemetry.preview.themes import DARK, LIGHT

if TYPE_CHECKING:
    from telemetry.preview.views import DashboardView, View

UNTIL = datetime(2026, 1, 5, 12, tzinfo=UTC)
LINKS = "[x](javascript:alert(1)) ![y](http://z)"
HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(1)>\"'&]]>\x1b[31m\u202e"


def dashboard(*panels: dict[str, Any], **more: Any) -> Dashboard:
    filled = [{"name": "P", "sql": "SELECT 1", "width": 12, "height": 8, **each} for each in panels]
    return Dashboard.model_validate(
        {
            "kind": "Dashboard",
            "slug": "d",
            "name": "D",
            "groups": [{"title": "G", "panels": filled}],
            **more,
        }
    )


def fill(made: Dashboard, *rows: dict[str, Any], **more: Any) -> DashboardView:
    columns = tuple(dict.fromkeys(name for row in rows for name in row))
    choice = Choice(since=UNTIL - timedelta(hours=1), until=UNTIL, **more)
    return fill_dashboard(made, lambda _: Answer(columns, rows), choice)


def view_of(panel: dict[str, Any], *rows: dict[str, Any]) -> View:
    (view,) = fill(dashboard(panel), *rows).views
    return view


def chart_of(panel: dict[str, Any], *rows: dict[str, Any]) -> dict[str, Any]:
    chart = make_chart(view_of(panel, *rows), LIGHT, 400, 200)
    assert chart is not None
    return chart


SERIES = {"kind": "time-series", "metrics": ["n"], "group_by": "stage"}


def test_a_time_series_has_a_point_for_each_row_and_metric() -> None:
    chart = chart_of(
        {"kind": "time-series", "metrics": ["a", "b"]},
        {"x": "2026-01-05T11:00:00Z", "a": 1, "b": 2},
        {"x": "2026-01-05T11:05:00Z", "a": 3, "b": None},
    )
    assert [
        {"x": "2026-01-05T11:00:00Z", "series": "a", "value": 1},
        {"x": "2026-01-05T11:00:00Z", "series": "b", "value": 2},
        {"x": "2026-01-05T11:05:00Z", "series": "a", "value": 3},
    ] == chart["layer"][0]["data"]["values"]


def test_a_grouped_time_series_is_named_after_its_groups() -> None:
    rows = [{"x": "2026-01-05T11:00:00Z", "stage": each, "n": 1} for each in ("a", "b")]
    points = chart_of(SERIES, *rows)["layer"][0]["data"]["values"]
    assert ["a", "b"] == [point["series"] for point in points]


def test_units_stacks_and_thresholds_of_the_options_are_drawn() -> None:
    options = {
        "yAxis": {"format": {"unit": "ms"}},
        "visual": {"stack": "all"},
        "thresholds": {"steps": [{"value": 5}, {"value": "no"}]},
    }
    layers = chart_of({**SERIES, "options": options}, {"x": "2026-01-05", "stage": "a", "n": 1})
    area, rule = layers["layer"]
    assert ("area", "ms", "zero") == (
        area["mark"]["type"],
        area["encoding"]["y"]["title"],
        area["encoding"]["y"]["stack"],
    )
    assert [{"limit": 5.0}] == rule["data"]["values"]


@pytest.mark.parametrize(
    ("until", "written"),
    [
        ("2026-01-05T11:00:30Z", "%H:%M:%S"),
        ("2026-01-05T11:40:00Z", "%H:%M"),
        ("2026-01-06T11:00:00Z", "%d %b %H:%M"),
    ],
)
def test_times_are_written_so_that_they_stay_apart(until: str, written: str) -> None:
    rows = [{"x": each, "stage": "a", "n": 1} for each in ("2026-01-05T11:00:00Z", until)]
    assert written == chart_of(SERIES, *rows)["layer"][0]["encoding"]["x"]["axis"]["format"]


def test_the_first_row_of_a_bar_chart_is_at_the_bottom() -> None:
    chart = chart_of({"kind": "bar"}, {"stage": "low", "n": 1}, {"stage": "high", "n": 2})
    assert [{"label": "low", "value": 1}, {"label": "high", "value": 2}] == chart["data"]["values"]
    assert ["high", "low"] == chart["encoding"]["y"]["sort"]


def test_a_pie_says_its_numbers_and_leaves_out_nothing_but_zeros() -> None:
    chart = chart_of({"kind": "pie"}, {"s": "a", "n": 3}, {"s": None, "n": 1}, {"s": "c", "n": 0})
    assert ["a (3)", "(none) (1)"] == [each["label"] for each in chart["data"]["values"]]


@pytest.mark.parametrize(
    ("kind", "row"),
    [("pie", {"s": "a", "n": 0}), ("time-series", {"n": 1}), ("time-series", {"x": None, "n": 1})],
)
def test_rows_of_which_nothing_can_be_drawn_are_a_table(kind: str, row: dict[str, Any]) -> None:
    assert make_chart(view_of({"kind": kind}, row), LIGHT, 400, 200) is None


def test_a_gauge_shows_its_value_and_turns_red_above_a_threshold() -> None:
    options = {"max": 50, "thresholds": {"steps": [{"value": 40}]}}
    quiet = chart_of({"kind": "gauge", "options": options}, {"rate": 10.0})
    loud = chart_of({"kind": "gauge", "options": options}, {"rate": 45.0})
    assert [{"value": 10.0}] == quiet["data"]["values"]
    assert (False, True) == tuple(
        each["layer"][1]["mark"]["color"] == LIGHT.bad for each in (quiet, loud)
    )


@pytest.mark.parametrize("odd", ["abc", [1], None, 0, float("nan"), float("inf"), 10**400])
def test_a_gauge_whose_options_are_no_numbers_is_drawn_all_the_same(odd: Any) -> None:
    usual = chart_of({"kind": "gauge"}, {"rate": 50.0})
    options = {"max": odd, "thresholds": {"steps": [{"value": odd}]}} if odd != 0 else {"max": odd}
    assert usual == chart_of({"kind": "gauge", "options": options}, {"rate": 50.0})


KINDS = ["time-series", "bar", "pie", "table", "values", "gauge"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=lambda theme: theme.name)
def test_every_kind_is_drawn_with_its_numbers(kind: str, theme: Any) -> None:
    made = fill(
        dashboard({"kind": kind}),
        {"x": "2026-01-05T11:00:00Z", "label": "first", "n": 4711},
        {"x": "2026-01-05T11:30:00Z", "label": "second", "n": 1147},
    )
    picture = draw_dashboard(made, theme)
    ET.fromstring(picture)  # noqa: S314 - our own
    assert theme.card in picture
    page = write_page(made)
    assert "4,711" in page
    if kind in {"table", "values", "gauge"}:
        assert "4,711" in picture or "4711" in picture


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_and_an_error_are_drawn_too(kind: str) -> None:
    def fail(_: str) -> Answer:
        raise QueryFailed(f"no such thing {HOSTILE}")

    made = dashboard({"kind": kind})
    empty = fill(made)
    broken = fill_dashboard(made, fail, Choice(since=UNTIL, until=UNTIL))
    assert "No data" in draw_dashboard(empty, LIGHT)
    assert "No data" in write_page(empty)
    assert "no such thing" in draw_dashboard(broken, LIGHT)
    assert 'role="alert"' in write_page(broken)


class _Tags(HTMLParser):
    """Gather what could run, or load, in a page."""

    def __init__(self) -> None:
        super().__init__()
        self.dangerous: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Look at a tag."""
        if tag in {"script", "img", "iframe", "object", "embed", "link", "image", "foreignobject"}:
            self.dangerous.append(tag)
        self.dangerous += [
            name
            for name, value in attrs
            if name.startswith("on")
            or (name in {"href", "xlink:href", "src"} and not str(value).startswith(("http", "#")))
        ]


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_that_strangers_wrote_runs(kind: str) -> None:
    rows = [{"x": HOSTILE, HOSTILE: HOSTILE, "n": 1}, {"x": "2026-01-05", HOSTILE: "b", "n": 2}]
    panel = {"name": HOSTILE, "kind": kind, "sql": HOSTILE, "description": HOSTILE}
    made = fill(
        dashboard(
            panel,
            {
                "kind": "markdown",
                "sql": "",
                "text": f"{HOSTILE} [x](javascript:alert(1)) ![y](http://z)",
            },
            name=HOSTILE,
        ),
        *rows,
    )
    page, picture = write_page(made), draw_dashboard(made, DARK)
    for text in (page, picture):
        tags = _Tags()
        tags.feed(text)
        assert [] == tags.dangerous
    assert "default-src 'none'" in page
    ET.fromstring(picture)  # noqa: S314 - our own


@settings(max_examples=30, deadline=None)
@given(st.text(max_size=30), st.text(max_size=30))
def test_a_picture_of_any_text_is_xml(title: str, value: str) -> None:
    name = title.strip() or "x"
    panels = ({"name": name, "kind": kind} for kind in ("table", "bar"))
    made = fill(dashboard(*panels), {"a": value, "n": 1})
    ET.fromstring(draw_dashboard(made, LIGHT))  # noqa: S314 - our own


@pytest.mark.parametrize("panel", [{"kind": "bar"}, {"kind": "pie"}, SERIES])
@pytest.mark.parametrize("before", range(24, 30))
def test_a_label_is_never_cut_within_a_character(panel: dict[str, Any], before: int) -> None:
    label = "m" * before + "🎷🎸" * 9
    rows = [{"stage": each, "x": "2026-01-01T00:00:00Z", "n": 1} for each in (label, "other")]
    drawn = draw_dashboard(fill(dashboard(panel), *rows), LIGHT)
    assert 1 == drawn.count("…")


def test_a_picture_becomes_a_png() -> None:
    png = to_png(draw_dashboard(fill(dashboard({"kind": "values"}), {"n": 1}), LIGHT), scale=1)
    assert b"\x89PNG" == png[:4]


@pytest.mark.parametrize(
    ("seconds", "resolution"),
    [(60, "1 second"), (3600, "1 minute"), (86_400, "30 minutes"), (30 * 86_400, "12 hours")],
)
def test_the_resolution_fits_the_time(seconds: float, resolution: str) -> None:
    assert resolution == choose_resolution(seconds)


def test_variables_have_their_defaults_unless_they_are_given() -> None:
    made = dashboard(
        {"kind": "table", "sql": "SELECT $one, $many, $text, $resolution"},
        variables=[
            {"type": "list", "name": "one", "values": ["a", "b"], "default": "b"},
            {"type": "list", "name": "many", "values": ["c", "d"], "multiple": True},
            {"type": "text", "name": "text", "default": "t"},
        ],
    )
    asked: list[str] = []

    def ask(sql: str) -> Answer:
        asked.append(sql)
        return Answer((), ())

    for given_values in ({}, {"many": ["d"], "text": ["u"]}):
        choice = Choice(since=UNTIL, until=UNTIL, variables=given_values, resolution="1 day")
        fill_dashboard(made, ask, choice)
    assert [
        "SELECT 'b', ARRAY['c', 'd'], 't', '1 day'",
        "SELECT 'b', ARRAY['d'], 'u', '1 day'",
    ] == asked
