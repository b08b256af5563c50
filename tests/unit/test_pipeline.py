"""The declaration: one home for stages, queues, policies and edges."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from functions.declarations import describe_pipeline
from functions.errors import DeclarationError
from functions.pipeline import (
    ENDPOINTS,
    OPERATIONS,
    PROFILES,
    STAGES,
    Endpoint,
    Pipeline,
    RateLimits,
    RetryPolicy,
    Stage,
)
from functions.runtime.endpoints import load_endpoint
from functions.runtime.handlers import load_handler, load_payload

ROOT = Path(__file__).parents[2]
FIRST = STAGES[0]
QUEUED = (*STAGES, *OPERATIONS)


@pytest.mark.parametrize("stage", QUEUED, ids=lambda stage: stage.name)
def test_every_declared_handler_can_be_imported_and_is_that_stages(stage: Stage) -> None:
    handler = load_handler(stage)

    assert (stage.name, stage.task_type, stage.service) == (
        handler.stage.stage,
        handler.stage.task_type,
        handler.stage.service,
    )


@pytest.mark.parametrize("stage", QUEUED, ids=lambda stage: stage.name)
def test_every_declared_payload_is_a_model(stage: Stage) -> None:
    model = load_payload(stage)

    assert stage.payload == f"{model.__module__}:{model.__name__}"


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda endpoint: endpoint.name)
def test_every_endpoint_has_a_handler_and_is_found_by_its_function(endpoint: Endpoint) -> None:
    assert endpoint is Pipeline().endpoints[endpoint.function]
    assert callable(load_endpoint(endpoint))


def test_an_endpoint_whose_handler_is_missing_says_which_extra_may_be() -> None:
    with pytest.raises(DeclarationError, match=r"on_alert: nothing at .*extra 'alerting'"):
        load_endpoint(replace(ENDPOINTS[0], handler="functions.alerts.nowhere:receive"))


def test_operations_have_queues_and_are_no_part_of_an_items_way() -> None:
    pipeline = Pipeline()

    assert QUEUED == pipeline.queued
    assert STAGES == pipeline.stages
    assert OPERATIONS[0] == pipeline.serving("dpl_post_incident")
    told = describe_pipeline()
    assert "alerting" not in told.parameters["services"]
    assert {stage["name"] for stage in told.parameters["stages"]}.isdisjoint(
        operation.name for operation in OPERATIONS
    )


def test_an_exclusive_operation_goes_one_task_at_a_time_wherever_it_runs() -> None:
    limits = [
        Pipeline(profile=profile).stage("post_incident").rate.max_concurrent_dispatches
        for profile in PROFILES
    ]

    assert [1] * len(PROFILES) == limits


def test_every_service_has_an_extra_of_its_name_and_the_embedded_default_has_them_all() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"][
        "optional-dependencies"
    ]
    services = {each.service for each in (*QUEUED, *ENDPOINTS)}

    tools = {"runtime", "local", "definitions", "preview", "logfire-emulator", "console"}
    assert services == set(extras) - tools
    assert services <= set(extras["local"][0].removeprefix("mystage[").rstrip("]").split(","))


def test_every_stage_can_be_reached_from_scheduling() -> None:
    pipeline = Pipeline()
    reached, ahead = set(), ["scheduling"]
    while ahead:
        name = ahead.pop()
        if name not in reached:
            reached.add(name)
            ahead.extend(pipeline.stage(name).next)

    assert {stage.name for stage in STAGES} == reached


@pytest.mark.parametrize("profile", PROFILES)
def test_no_profile_changes_a_name_or_an_edge(profile: str) -> None:
    assert [(s.name, s.function, s.queue, s.next) for s in STAGES] == [
        (s.name, s.function, s.queue, s.next) for s in Pipeline(profile=profile).stages
    ]


def test_a_queue_has_attempts_left_when_the_runtime_gives_up() -> None:
    assert [5 + 5] == [RetryPolicy(max_attempts=5, head_room=5).queue_attempts]
    assert all(s.retry.queue_attempts > s.retry.max_attempts for s in STAGES)


@pytest.mark.parametrize(
    ("fault", "finding"),
    [
        ({"next": ("nowhere",)}, "scheduling: next stage 'nowhere' is not declared"),
        ({"function": "schedule"}, "scheduling: function 'schedule' does not match"),
        ({"name": "Scheduling!"}, "queue 'Scheduling!-queue' does not match"),
        (
            {"rate": RateLimits(max_dispatches_per_second=501)},
            "scheduling: a queue dispatches at most 500 tasks a second",
        ),
        ({"retry": RetryPolicy(head_room=0)}, "scheduling: at least one attempt, and one of"),
        ({"deadline": timedelta(seconds=5)}, "scheduling: a deadline is 15 seconds to 30 minutes"),
        ({"function": STAGES[1].function}, "two stages have the function 'dpl_source_listings'"),
    ],
)
def test_a_contradiction_is_refused_with_its_place(fault: dict[str, object], finding: str) -> None:
    with pytest.raises(DeclarationError) as refusal:
        Pipeline([replace(FIRST, **fault), *STAGES[1:]])  # type: ignore[arg-type]

    assert finding in str(refusal.value)


@pytest.mark.parametrize(
    ("fault", "finding"),
    [
        ({"next": ("nowhere",)}, "on_alert: next stage 'nowhere' is not declared"),
        ({"name": "sourcing"}, "two stages have the name 'sourcing'"),
        ({"function": "dpl_post_incident"}, "two stages have the function 'dpl_post_incident'"),
        ({"function": "on-alert"}, "on_alert: function 'on-alert' does not match"),
    ],
)
def test_an_endpoint_is_held_to_the_rules_of_stages(fault: dict[str, object], finding: str) -> None:
    with pytest.raises(DeclarationError) as refusal:
        Pipeline(endpoints=[replace(ENDPOINTS[0], **fault)])  # type: ignore[arg-type]

    assert finding in str(refusal.value)


def test_an_unknown_stage_is_answered_with_those_there_are() -> None:
    with pytest.raises(DeclarationError, match=r"no stage 'sorcing'.*sourcing"):
        Pipeline().stage("sorcing")


def test_an_unknown_profile_is_answered_with_those_there_are() -> None:
    with pytest.raises(DeclarationError, match=r"no profile 'prod'.*production"):
        Pipeline(profile="prod")
