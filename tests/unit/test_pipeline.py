"""The declaration: one home for stages, queues, policies and edges."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from functions.errors import DeclarationError
from functions.pipeline import PROFILES, STAGES, Pipeline, RateLimits, RetryPolicy, Stage
from functions.runtime.handlers import load_handler, load_payload

ROOT = Path(__file__).parents[2]
FIRST = STAGES[0]


@pytest.mark.parametrize("stage", STAGES, ids=lambda stage: stage.name)
def test_every_declared_handler_can_be_imported_and_is_that_stages(stage: Stage) -> None:
    handler = load_handler(stage)

    assert (stage.name, stage.task_type, stage.service) == (
        handler.stage.stage,
        handler.stage.task_type,
        handler.stage.service,
    )


@pytest.mark.parametrize("stage", STAGES, ids=lambda stage: stage.name)
def test_every_declared_payload_is_a_model(stage: Stage) -> None:
    model = load_payload(stage)

    assert stage.payload == f"{model.__module__}:{model.__name__}"


def test_every_service_has_an_extra_of_its_name_and_the_embedded_default_has_them_all() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"][
        "optional-dependencies"
    ]
    services = {stage.service for stage in STAGES}

    tools = {"runtime", "local", "definitions", "preview", "logfire-emulator"}
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


def test_an_unknown_stage_is_answered_with_those_there_are() -> None:
    with pytest.raises(DeclarationError, match=r"no stage 'sorcing'.*sourcing"):
        Pipeline().stage("sorcing")


def test_an_unknown_profile_is_answered_with_those_there_are() -> None:
    with pytest.raises(DeclarationError, match=r"no profile 'prod'.*production"):
        Pipeline(profile="prod")
