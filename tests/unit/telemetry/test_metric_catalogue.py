"""The metric catalogue, and values recorded for it outside of runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import telemetry
from telemetry import (
    CATALOGUE,
    InvalidDeclaration,
    Kind,
    Metric,
    declare_counter,
    declare_entity,
    declare_gauge,
    declare_histogram,
    lifecycle,
    semconv,
)
from telemetry.metrics import STAGE_LABELS, Catalogue

if TYPE_CHECKING:
    from telemetry.testing import CapturedTelemetry

declare_gauge("queue_depth_in_tests", unit="{task}", description="For tests.", attributes={"queue"})
declare_histogram("page_size_in_tests", unit="By", description="For tests.", attributes=())


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("venues_found", Kind.COUNTER),
        ("venues_created", Kind.COUNTER),
        ("artists_found", Kind.COUNTER),
        ("artists_created", Kind.COUNTER),
        ("performances_found", Kind.COUNTER),
        ("performances_created", Kind.COUNTER),
        ("scrapes_created", Kind.COUNTER),
        ("extractions_created", Kind.COUNTER),
        ("entities_resolved", Kind.COUNTER),
        ("task_succeeded", Kind.COUNTER),
        ("task_failed", Kind.COUNTER),
        ("processing_duration_ms", Kind.HISTOGRAM),
    ],
)
def test_the_planning_documents_metrics_have_its_names(name: str, kind: Kind) -> None:
    assert kind == CATALOGUE[name].kind
    assert CATALOGUE[name].attributes >= STAGE_LABELS


def test_the_messaging_conventions_duration_is_in_seconds() -> None:
    metric = CATALOGUE["messaging.process.duration"]

    assert (Kind.HISTOGRAM, "s") == (metric.kind, metric.unit)


def test_the_catalogue_is_a_mapping_by_name() -> None:
    assert "venues_found" in CATALOGUE
    assert "venuez" not in CATALOGUE
    assert list(CATALOGUE) == [metric.name for metric in CATALOGUE.values()]
    assert ("venues", "artists", "performances") == CATALOGUE.entities[:3]


def test_every_metric_says_what_it_measures() -> None:
    assert [] == [
        name for name, metric in CATALOGUE.items() if not metric.description.endswith(".")
    ]


def test_what_a_run_emits_is_declared() -> None:
    plan = lifecycle.Plan(telemetry.StageSpec("extraction", "bit"), "agents")
    labels = set(plan.outcome_labels["failed"])
    error = {semconv.ERROR_TYPE}

    assert labels <= CATALOGUE["processing_duration_ms"].attributes
    assert set(plan.labels) <= CATALOGUE["task_succeeded"].attributes
    assert labels | error <= CATALOGUE["task_failed"].attributes
    assert set(plan.labels) | error <= CATALOGUE["tasks_dead_lettered"].attributes
    queue = set(plan.labels_of_queue("q"))
    assert queue | error <= CATALOGUE["messaging.process.duration"].attributes


def test_the_same_declaration_twice_is_one() -> None:
    first = declare_counter("declared_twice_in_tests", description="For tests.")
    second = declare_counter("declared_twice_in_tests", description="For tests.")

    assert first is second


@pytest.mark.parametrize(
    "change",
    [
        {"kind": Kind.HISTOGRAM},
        {"unit": "s"},
        {"description": "Something else."},
        {"attributes": frozenset({"b"})},
    ],
)
def test_a_different_declaration_of_a_name_is_refused(change: dict[str, Any]) -> None:
    declaration: dict[str, Any] = {
        "name": "a",
        "kind": Kind.COUNTER,
        "unit": "1",
        "description": "First.",
        "attributes": frozenset({"a"}),
    }
    catalogue = Catalogue()
    catalogue.declare(Metric(**declaration))

    with pytest.raises(InvalidDeclaration, match="'a' is declared already"):
        catalogue.declare(Metric(**{**declaration, **change}))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"name": ""}, "a name is a letter"),
        ({"name": "1st"}, "a name is a letter"),
        ({"name": "two words"}, "a name is a letter"),
        ({"name": "x" * 256}, "a name is a letter"),
        ({"unit": "x" * 64}, "unit"),
        ({"unit": "°C"}, "unit"),
        ({"description": ""}, "what it measures"),
    ],
)
def test_what_opentelemetry_would_not_take_is_refused(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidDeclaration, match=message):
        declare_counter(**{"name": "fine", "description": "Fine.", **wrong})


def test_an_entity_is_two_counters() -> None:
    found, created = declare_entity("festivals")

    assert ("festivals_found", "festivals_created") == (found.name, created.name)
    assert ("festivals", "{festivals}") == (CATALOGUE.entities[-1], found.unit)
    assert (found, created) == declare_entity("festivals")


def test_values_can_be_recorded_outside_of_a_run(captured_telemetry: CapturedTelemetry) -> None:
    telemetry.count("tasks_dispatched", 3, {"messaging.destination.name": "extraction-queue"})
    telemetry.count("tasks_dispatched")
    telemetry.record("page_size_in_tests", 1_000)
    telemetry.record("page_size_in_tests", 2_000.0)
    telemetry.record("queue_depth_in_tests", 7, {"queue": "extraction-queue"})
    telemetry.record("queue_depth_in_tests", -2, {"queue": "extraction-queue"})

    assert captured_telemetry.counter("tasks_dispatched") == 4
    of_queue = {"messaging.destination.name": "extraction-queue"}
    assert captured_telemetry.counter("tasks_dispatched", **of_queue) == 3
    sizes = captured_telemetry.histogram("page_size_in_tests")
    assert (sizes.count, sizes.sum, sizes.min, sizes.max) == (2, 3_000.0, 1_000.0, 2_000.0)
    assert captured_telemetry.counter("queue_depth_in_tests", queue="extraction-queue") == -2


@pytest.mark.parametrize(
    "mistake",
    [
        lambda: telemetry.count("venuez"),
        lambda: telemetry.count("processing_duration_ms"),
        lambda: telemetry.count("venues_found", -1),
        lambda: telemetry.count("venues_found", 1, {"colour": "red"}),
        lambda: telemetry.record("venues_found", 1),
        lambda: telemetry.record("page_size_in_tests", -1),
        lambda: telemetry.record("page_size_in_tests", float("nan")),
        lambda: telemetry.record("queue_depth_in_tests", float("inf")),
    ],
)
def test_a_mistake_outside_of_a_run_fails_a_test_too(
    mistake: Any, captured_telemetry: CapturedTelemetry
) -> None:
    with pytest.raises(telemetry.Misuse):
        mistake()


def test_a_label_of_any_value_can_be_recorded(captured_telemetry: CapturedTelemetry) -> None:
    telemetry.count("tasks_dispatched", 1, {"stage": ["a", "list"]})
    telemetry.count("tasks_dispatched", 1, {"stage": "\ud800"})
    telemetry.count("tasks_dispatched", 1, {"stage": 2**70})

    assert captured_telemetry.counter("tasks_dispatched", stage="['a', 'list']") == 1
    assert captured_telemetry.counter("tasks_dispatched", stage="?") == 1
    assert captured_telemetry.counter("tasks_dispatched", stage=str(2**70)) == 1
