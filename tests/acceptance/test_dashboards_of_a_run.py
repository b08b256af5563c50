"""A run sends its telemetry to the emulator beside it, and `mystage query` counts it right."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from commands import Ended, event, event_page, mystage
from pipeline_queries import defaults, panel

from functions.pipeline import ENTITIES
from telemetry.child import ServingProcess

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PAGES = 6
EVENTS = 3
HOPELESS = 2
"""Pages that no stage can make events of."""


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("run") / "data"


@pytest.fixture(scope="module")
def emulator(data: Path) -> Iterator[ServingProcess]:
    with ServingProcess(
        "telemetry.cli.emulate", ["--data", str(data)], name="Logfire emulator"
    ) as process:
        yield process


@pytest.fixture(scope="module")
def summary(
    emulator: ServingProcess, data: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Any]:
    """Run over pages, and over the same once more; give what the first run said."""
    pages = tmp_path_factory.mktemp("pages")
    for page in range(PAGES):
        events = (
            event(page * EVENTS + number, venue=f"Hall {page % 4}", artist=f"Band {number}")
            for number in range(EVENTS)
        )
        (pages / f"{page}.html").write_text(event_page(*events))
    for page in range(HOPELESS):
        (pages / f"prose-{page}.html").write_text(f"<p>Nothing to see on page {page} yet.</p>")
    first = mystage("run", pages, "--data", data, "--json")
    assert 1 == first.code, first.stderr
    assert HOPELESS == first.json["failed_tasks"]
    return first.json


def ask(data: Path, slug: str, title: str) -> list[dict[str, Any]]:
    """Return the rows of a panel's query; the run is within one bucket, or perhaps two."""
    query = panel(slug, title)
    chosen = [
        f"--var={name}={value}"
        for name, values in defaults(query).items()
        for value in ([values] if isinstance(values, str) else values)
    ]
    options: list[str | Path] = [
        "--data",
        data,
        "--format",
        "json",
        "--resolution",
        "1 hour",
        *chosen,
    ]
    asked: Ended = mystage("query", *options, "--", query.sql)
    assert 0 == asked.code, asked.stderr
    rows: list[dict[str, Any]] = asked.json["rows"]
    return rows


def total(rows: list[dict[str, Any]], column: str) -> float:
    return float(sum(row[column] for row in rows))


def test_the_funnel_counts_what_each_part_finished(summary: dict[str, Any], data: Path) -> None:
    rows = ask(data, "pipeline-funnel", "Scrapes, extractions, entities")
    stages = summary["stages"]

    assert {
        "scrapes": stages["sourcing"]["succeeded"],
        "extractions": stages["extraction_adapters"]["succeeded"],
        "entities": stages["entity_resolution"]["succeeded"],
    } == {column: total(rows, column) for column in ("scrapes", "extractions", "entities")}
    assert PAGES + HOPELESS == total(rows, "scrapes")


def test_entities_are_counted_as_found_and_created(summary: dict[str, Any], data: Path) -> None:
    rows = {entity: ask(data, "entity-creation", entity.capitalize()) for entity in ENTITIES}

    assert summary["entities"] == {
        entity: {how: total(rows[entity], how) for how in ("found", "created")}
        for entity in ENTITIES
    }
    assert PAGES * EVENTS == total(rows["performances"], "created")


def test_the_failure_rate_is_that_of_each_service(summary: dict[str, Any], data: Path) -> None:
    rows = {row["service"]: row for row in ask(data, "service-health", "Failure rate")}
    columns = ("failures", "successes", "failure_rate")

    assert (HOPELESS, 0, 100) == tuple(rows["extraction-agents"][each] for each in columns)
    assert (0, PAGES + HOPELESS, 0) == tuple(rows["sourcing"][each] for each in columns)


def test_one_trace_holds_an_item_from_source_to_table(summary: dict[str, Any], data: Path) -> None:
    asked = mystage(
        "query", "--data", data, "--format", "json",
        "SELECT trace_id, array_agg(DISTINCT attributes->>'stage') AS stages FROM records"
        " WHERE attributes->>'outcome' = 'succeeded' GROUP BY trace_id"
        " HAVING array_has(array_agg(attributes->>'stage'), 'sync_data_stores')",
    )  # fmt: skip

    assert summary["trace_ids"]
    assert {row["trace_id"] for row in asked.json["rows"]} <= set(summary["trace_ids"])
    assert {"sourcing", "doc_processing", "extraction_adapters", "entity_resolution"} <= set(
        asked.json["rows"][0]["stages"]
    )
