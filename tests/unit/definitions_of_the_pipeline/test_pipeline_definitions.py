"""What is in ``dashboards/`` and ``alerts/``, apart from what its queries answer."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from functions.pipeline import ENTITIES, STAGES
from telemetry.definitions import (
    Dashboard,
    PanelKind,
    Purpose,
    QueryKind,
    all_queries,
    compile_dashboard,
    load_definitions,
    load_names,
)
from telemetry.definitions.panels import COLUMNS

if TYPE_CHECKING:
    from telemetry.definitions import Delivery, Query

ROOT = Path(__file__).parents[3]
FOLDERS = [ROOT / "dashboards", ROOT / "alerts"]
DEFINITIONS = load_definitions(FOLDERS, load_names()).check()
DASHBOARDS = [each.model for each in DEFINITIONS.dashboards if isinstance(each.model, Dashboard)]
QUERIES = [each for each in all_queries(DEFINITIONS) if each.purpose is not Purpose.SLO]
SQL_FILES = sorted(file for folder in FOLDERS for file in folder.rglob("*.sql"))
FILES = sorted(file for folder in FOLDERS for file in folder.rglob("*") if file.is_file())


def title(query: Query) -> str:
    return f"{query.place.file.stem}: {query.title}"


def slug(dashboard: Dashboard) -> str:
    return dashboard.slug


def name(file: Path) -> str:
    return str(file.relative_to(ROOT))


def test_there_is_a_dashboard_for_every_question() -> None:
    assert [
        "ai-extraction",
        "dead-letters",
        "entity-creation",
        "pipeline-baseline",
        "pipeline-funnel",
        "service-health",
    ] == sorted(map(slug, DASHBOARDS))


def test_every_kind_of_panel_there_is_is_used() -> None:
    assert set(PanelKind) == {panel.kind for each in DASHBOARDS for panel in each.panels}


def test_every_sql_file_is_a_query_of_something() -> None:
    assert SQL_FILES == sorted({query.place.file for query in QUERIES})


@pytest.mark.parametrize("file", FILES, ids=name)
def test_what_functions_pipeline_declares_is_taken_from_there(file: Path) -> None:
    declared = {name for stage in STAGES for name in (stage.name, stage.service, stage.queue)}
    text = file.read_text()

    written = [each for each in {*declared, *ENTITIES} if re.search(rf"['\"]{each}['\"_]", text)]
    assert [] == written


@pytest.mark.parametrize("file", SQL_FILES, ids=name)
def test_a_query_begins_with_the_question_it_answers(file: Path) -> None:
    first, *_ = file.read_text().splitlines()

    assert re.match(r"-- .*\?", first)


@pytest.mark.parametrize("query", QUERIES, ids=title)
def test_a_query_says_which_columns_it_wants(query: Query) -> None:
    assert not re.search(r"SELECT\s+(\w+\.)?\*", query.sql)


@pytest.mark.parametrize(
    "query", [each for each in QUERIES if each.query_kind is QueryKind.TIME_SERIES], ids=title
)
def test_a_time_series_has_buckets_in_order_and_something_to_draw(query: Query) -> None:
    assert query.metrics
    assert "time_bucket($resolution, " in query.sql
    assert query.sql.endswith("ORDER BY x")


@pytest.mark.parametrize(
    "query",
    [
        each
        for each in QUERIES
        if each.panel_kind in {PanelKind.TABLE, PanelKind.BAR, PanelKind.PIE}
    ],
    ids=title,
)
def test_a_table_or_chart_of_rows_has_a_limit_and_an_order(query: Query) -> None:
    assert re.search(r"ORDER BY .+\nLIMIT \d+$", query.sql)


@pytest.mark.parametrize("dashboard", DASHBOARDS, ids=slug)
def test_the_panels_of_a_group_lie_side_by_side_within_the_grid(dashboard: Dashboard) -> None:
    for group in dashboard.groups:
        places = group.places
        assert all(place.x + place.width <= COLUMNS for place in places)
        assert not any(
            one.overlaps(other)
            for number, one in enumerate(places)
            for other in places[number + 1 :]
        )


@pytest.mark.parametrize("dashboard", DASHBOARDS, ids=slug)
def test_a_dashboard_compiles_to_json_with_all_its_panels(dashboard: Dashboard) -> None:
    compiled = compile_dashboard(dashboard)

    assert compiled == json.loads(json.dumps(compiled))
    assert len(dashboard.panels) == len(compiled["spec"]["panels"])


@pytest.mark.parametrize("dashboard", DASHBOARDS, ids=slug)
def test_every_variable_of_a_dashboard_is_used(dashboard: Dashboard) -> None:
    sql = "\n".join(panel.sql for panel in dashboard.panels)

    assert [] == [each.name for each in dashboard.variables if f"${each.name}" not in sql]


def deliveries() -> list[Delivery]:
    """Return whom alerts and objectives tell."""
    of_slos = (
        each
        for slo in DEFINITIONS.slos
        for speed in (slo.model.alerts.fast, slo.model.alerts.medium, slo.model.alerts.slow)
        for each in speed.channels
    )
    return [*(each for alert in DEFINITIONS.alerts for each in alert.model.channels), *of_slos]


def test_whom_alerts_tell_is_defined_and_so_is_when() -> None:
    channels = {each.model.label for each in DEFINITIONS.channels}
    schedules = {"", *(each.model.label for each in DEFINITIONS.schedules)}

    assert {each.channel for each in deliveries()} <= channels
    assert {each.schedule for each in deliveries()} <= schedules


def test_every_alert_tells_somebody_what_it_means() -> None:
    silent = [each.model.name for each in DEFINITIONS.alerts if not each.model.channels]
    unsaid = [each.model.name for each in DEFINITIONS.alerts if len(each.model.description) < 100]

    assert ([], []) == (silent, unsaid)


def test_alerts_look_back_at_least_as_far_as_the_time_between_their_runs() -> None:
    assert [] == [
        each.model.name for each in DEFINITIONS.alerts if each.model.window < each.model.every
    ]


def test_the_dashboards_that_alerts_lead_to_are_there() -> None:
    names = {each.name for each in DASHBOARDS}
    named = {
        quoted
        for each in DEFINITIONS.alerts
        for quoted in re.findall(r'"([A-Z][^"]+)"', each.model.description)
    }

    assert named
    assert named <= names


def test_the_stall_alert_keeps_the_hours_of_the_schedule() -> None:
    (schedule,) = (each.model for each in DEFINITIONS.schedules)
    (window,) = schedule.windows
    (stall,) = (
        each.model.sql for each in DEFINITIONS.alerts if each.model.name == "Pipeline stall"
    )

    for expected in (
        f"AT TIME ZONE '{schedule.timezone}'",
        f">= '{window.start}'",
        f"< '{window.end}'",
    ):
        assert expected in stall


def test_every_stage_has_an_objective_of_its_service() -> None:
    assert [(stage.service, Decimal(99), 30 * 86400) for stage in STAGES] == [
        (each.model.scope_value, each.model.target, each.model.window) for each in DEFINITIONS.slos
    ]


def test_no_secret_is_written_down() -> None:
    for each in DEFINITIONS.channels:
        assert "${ALERT_WEBHOOK_URL}" == getattr(each.model.config, "url", "")
