"""Every query of the pipeline's dashboards, alerts and objectives, over the telemetry of a run."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from commands import mystage
from crafted_telemetry import DAY, HOUR, Sender, attempt, chat, making
from pipeline_queries import (
    ALERTS,
    DEFINITIONS,
    PANELS,
    ask,
    ask_query,
    duration_of,
    label,
    panel,
)

import functions.demo
from functions.pipeline import STAGES
from telemetry.child import ServingProcess
from telemetry.definitions import QueryKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from telemetry.definitions import Query, Slo
    from telemetry.definitions.loader import Definition

PAGES = Path(functions.demo.__file__).parent / "pages"

TIME_SERIES = [each for each in PANELS if each.query_kind is QueryKind.TIME_SERIES]

OF_A_RUN = "local"
"""The environment of what `mystage run` sends; what tests make up is each in its own."""

NUMBERS = {"Int64", "UInt64", "Float64", "Int32"}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("dashboards") / "data"


@pytest.fixture(scope="module")
def url(data: Path) -> Iterator[str]:
    with ServingProcess(
        "telemetry.cli.emulate", ["--data", str(data)], name="Logfire emulator"
    ) as process:
        yield process.address


@pytest.fixture(scope="module")
def summary(url: str, data: Path) -> dict[str, Any]:
    """Run over the demo's pages; give what the run said."""
    ended = mystage("run", PAGES, "--data", data, "--json")
    assert 1 == ended.code, ended.stderr
    return ended.json


@pytest.fixture
def sender(url: str, request: pytest.FixtureRequest) -> Sender:
    """Send telemetry that only this test asks for."""
    return Sender(url, request.node.name, datetime.now(UTC))


def rows(url: str, query: Query, **variables: Any) -> list[dict[str, Any]]:
    return ask_query(url, query, variables, environment=OF_A_RUN).rows


@pytest.mark.parametrize("query", PANELS, ids=label)
def test_a_panels_query_is_answered_with_rows_a_reader_can_take_in(
    query: Query, summary: dict[str, Any], url: str
) -> None:
    assert len(ask_query(url, query).rows) <= 100


@pytest.mark.parametrize("query", ALERTS.values(), ids=label)
def test_an_alerts_query_is_answered_with_few_rows(
    query: Query, summary: dict[str, Any], url: str
) -> None:
    assert len(ask_query(url, query).rows) <= 50


@pytest.mark.parametrize("query", TIME_SERIES, ids=label)
def test_a_time_series_has_its_time_its_values_as_numbers_and_its_series_as_text(
    query: Query, summary: dict[str, Any], url: str
) -> None:
    types = ask_query(url, query).types

    assert "Timestamp" == types.pop("x")
    if query.group_by:
        assert "Utf8" == types.pop(query.group_by)
    assert set(query.metrics) == set(types)
    assert set(types.values()) <= NUMBERS


@pytest.mark.parametrize("slo", DEFINITIONS.slos, ids=lambda slo: slo.model.scope_value)
def test_an_objective_counts_the_tasks_of_its_stage_that_came_to_an_end(
    slo: Definition[Slo], summary: dict[str, Any], url: str
) -> None:
    ended = summary["stages"][slo.model.scope_value.replace("-", "_")]
    (counted,) = ask(
        url,
        f"SELECT count(*) FILTER (WHERE {slo.model.total}) AS total,"
        f" count(*) FILTER (WHERE {slo.model.bad}) AS bad FROM records",
        duration_of(panel("pipeline-funnel", "Pages")),
        environment=OF_A_RUN,
    ).rows

    expected = {"total": ended["succeeded"] + ended["failed"], "bad": ended["failed"]}
    assert expected == counted


def test_the_funnel_has_the_pages_that_got_so_far(summary: dict[str, Any], url: str) -> None:
    stages = summary["stages"]
    expected = {
        "scrapes": stages["sourcing"]["succeeded"],
        "extractions": stages["extraction_adapters"]["succeeded"],
        "entities": stages["entity_resolution"]["succeeded"],
    }

    assert [expected] == rows(url, panel("pipeline-funnel", "Pages"))
    over_time = rows(url, panel("pipeline-funnel", "Scrapes, extractions, entities"))
    assert expected == {key: sum(row[key] for row in over_time) for key in expected}


def test_the_completion_rate_is_that_of_scraped_pages_that_became_entities(
    summary: dict[str, Any], url: str
) -> None:
    stages = summary["stages"]
    share = stages["entity_resolution"]["succeeded"] / stages["sourcing"]["succeeded"]

    (row,) = rows(url, panel("pipeline-funnel", "Completion rate"))
    assert pytest.approx(100 * share) == row["completion_rate"]


def test_each_stage_has_a_bar_with_the_pages_that_finished_it_the_first_on_top(
    summary: dict[str, Any], url: str
) -> None:
    expected = [
        summary["stages"][stage.name]["succeeded"]
        for stage in reversed(STAGES)
        if stage.name != "scheduling"  # which has no page at hand
    ]
    bars = rows(url, panel("pipeline-funnel", "Pages that finished each stage"))

    assert [*expected, 0] == [row["pages"] for row in bars]


def test_conversion_tells_where_pages_are_lost(summary: dict[str, Any], url: str) -> None:
    stages = summary["stages"]
    found = {
        row["stage"]: (row["finished"], row["went_on"])
        for row in rows(url, panel("pipeline-funnel", "Conversion between stages"))
    }

    read = stages["doc_processing"]["succeeded"]
    extracted = stages["extraction_adapters"]["succeeded"]
    assert (stages["sourcing"]["succeeded"], read) == found["Sourcing"]
    assert (read, extracted) == found["Doc processing"]
    assert (extracted, extracted) == found["Extraction adapters"]


def test_pages_with_a_dead_letter_have_stopped_and_lead_to_their_traces(
    summary: dict[str, Any], url: str
) -> None:
    stopped = rows(url, panel("pipeline-funnel", "Stopped pages"))

    assert summary["failed_tasks"] == len(stopped)
    assert {row["trace_id"] for row in stopped} <= set(summary["trace_ids"])
    assert {("dead letter", "extraction_agents", None)} == {
        (row["reason"], row["last_stage"], row["waits_in"]) for row in stopped
    }


def test_every_page_has_one_fate(summary: dict[str, Any], url: str) -> None:
    fates = rows(url, panel("pipeline-funnel", "What became of the pages"))

    assert {
        "became entities": summary["stages"]["entity_resolution"]["succeeded"],
        "dead letter": summary["failed_tasks"],
    } == {row["fate"]: row["pages"] for row in fates}


@pytest.mark.parametrize("how", ["created", "found"])
def test_entities_are_those_the_run_tells_of(how: str, summary: dict[str, Any], url: str) -> None:
    expected = {kind: counts[how] for kind, counts in summary["entities"].items()}

    assert [expected] == rows(url, panel("entity-creation", how.capitalize()))
    over_time = rows(url, panel("entity-creation", f"{how.capitalize()} by kind"))
    assert expected == {row["entity"]: row["count"] for row in _summed(over_time, "entity")}
    by_kind = rows(url, panel("entity-creation", "By kind"))
    assert expected == {row["entity"]: row[how] for row in by_kind}


def _summed(found: list[dict[str, Any]], key: str) -> list[dict[str, Any]]:
    """Add up what a run's buckets have, which are one, or two around the full hour."""
    totals: dict[str, float] = {}
    for row in found:
        totals[row[key]] = totals.get(row[key], 0) + row["count"]
    return [{key: name, "count": total} for name, total in totals.items()]


def test_service_health_has_the_attempts_of_the_chosen_services(
    summary: dict[str, Any], url: str
) -> None:
    stages = summary["stages"].values()
    succeeded, failed = (sum(each[key] for each in stages) for key in ("succeeded", "failed"))
    attempts = panel("service-health", "Attempts")

    assert [
        {"succeeded": succeeded, "failed": failed, "retried": 0, "dead_lettered": failed}
    ] == rows(url, attempts)
    only = {"succeeded": summary["stages"]["sourcing"]["succeeded"], "failed": 0}
    (chosen,) = rows(url, attempts, service=["sourcing"])
    assert only == {key: chosen[key] for key in only}
    (rate,) = rows(url, panel("service-health", "Success rate"))
    assert pytest.approx(100 * succeeded / (succeeded + failed)) == rate["success_rate"]


def test_service_health_has_each_services_failures_and_durations(
    summary: dict[str, Any], url: str
) -> None:
    found = {row["service"]: row for row in rows(url, panel("service-health", "Failure rate"))}

    assert {
        stage.service: (
            summary["stages"][stage.name]["failed"],
            summary["stages"][stage.name]["succeeded"],
        )
        for stage in STAGES
    } == {service: (row["failures"], row["successes"]) for service, row in found.items()}
    assert all(0 < row["p50_ms"] <= row["p95_ms"] <= row["p99_ms"] for row in found.values())


def test_every_task_that_another_stage_made_has_its_time_in_the_queue(
    summary: dict[str, Any], url: str
) -> None:
    waited = rows(url, panel("service-health", "Time in the queue"))

    assert {
        stage.name: sum(summary["stages"][stage.name].values())
        for stage in STAGES
        if stage.name != "scheduling"  # whose task is the run's own
    } == {row["stage"]: row["tasks"] for row in waited}
    assert all(0 <= row["p50"] <= row["p95"] <= row["longest"] for row in waited)


def test_dead_letters_are_those_of_the_run_each_with_its_trace(
    summary: dict[str, Any], url: str
) -> None:
    latest = rows(url, panel("dead-letters", "Latest"))

    assert [{"dead_letters": summary["failed_tasks"]}] == rows(
        url, panel("dead-letters", "Dead letters")
    )
    assert summary["failed_tasks"] == len(latest)
    assert {row["trace_id"] for row in latest} <= set(summary["trace_ids"])
    assert [] == rows(url, panel("dead-letters", "Latest"), stage=["sourcing"])


def test_stopped_pages_are_those_in_which_nothing_happens_for_too_long(
    url: str, sender: Sender
) -> None:
    lost, ended, under_way = ((f"{letter}" * 16).encode() for letter in "abc")
    sender.spans(
        [
            attempt("sourcing", ago=HOUR, scrapes_created=1, trace_id=lost, task="1"),
            making("doc-processing-queue", ago=HOUR, trace_id=lost, task="2"),
            attempt("sourcing", ago=HOUR, scrapes_created=1, trace_id=ended, task="3"),
            attempt("sourcing", ago=60, scrapes_created=1, trace_id=under_way, task="4"),
        ]
    )
    stopped = ask_query(
        url, panel("pipeline-funnel", "Stopped pages"), environment=sender.environment
    ).rows

    assert {
        lost.hex(): ("a task was never done", "sourcing", "doc-processing-queue"),
        ended.hex(): ("nothing came after", "sourcing", None),
    } == {row["trace_id"]: (row["reason"], row["last_stage"], row["waits_in"]) for row in stopped}


def test_the_weeks_before_lie_on_the_days_of_this_one(url: str, sender: Sender) -> None:
    counts = {0: 3, 1: 2, 2: 1}
    sender.spans(
        attempt("sourcing", ago=week * 7 * DAY + 2 * HOUR, scrapes_created=1)
        for week, count in counts.items()
        for _ in range(count)
    )
    weeks = ask_query(
        url, panel("pipeline-baseline", "Pages scraped"), environment=sender.environment
    ).rows
    day = ask_query(
        url,
        panel("pipeline-baseline", "The last 24 hours, beside the same hours of the weeks before"),
        environment=sender.environment,
    ).rows

    assert [(3, 2, 1)] == [
        (row["this_week"], row["week_before"], row["two_weeks_before"]) for row in weeks
    ]
    assert ["Sourcing", 3, 2, 1, 200] == [row[key] for row in day if row["today"] for key in row]


def test_calls_of_models_are_added_up_once(url: str, sender: Sender) -> None:
    sender.spans([chat(ago=60, cost=0.25), chat(ago=30, cost=0.5, is_error=True)])
    answer = ask_query(
        url, panel("ai-extraction", "Calls, tokens and cost"), environment=sender.environment
    )

    assert [
        {"calls": 2, "failed": 1, "input_tokens": 2400, "output_tokens": 160, "cost": 0.75}
    ] == answer.rows
    failed = ask_query(
        url, panel("ai-extraction", "Latest failed calls"), environment=sender.environment
    ).rows
    assert ["gpt-5-mini"] == [row["model"] for row in failed]
