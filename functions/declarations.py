"""What the pipeline declares to dashboards and alerts: derived from ``functions/pipeline.py``."""

from __future__ import annotations

from typing import Any

from functions.pipeline import ENTITIES, STAGES, Stage
from telemetry import semconv
from telemetry.definitions.declarations import Declaration


def describe_pipeline() -> Declaration:
    """Return the stages as parameters for templates, and the names that SQL may ask for."""
    return Declaration(
        parameters={
            "stages": [_describe(stage) for stage in STAGES],
            "services": list(dict.fromkeys(stage.service for stage in STAGES)),
            "entities": list(ENTITIES),
        },
        values={
            semconv.STAGE: frozenset(stage.name for stage in STAGES),
            semconv.SERVICE: frozenset(stage.service for stage in STAGES),
            semconv.TASK_TYPE: frozenset(stage.task_type for stage in STAGES),
            semconv.MESSAGING_DESTINATION_NAME: frozenset(stage.queue for stage in STAGES),
            semconv.FAAS_NAME: frozenset(stage.function for stage in STAGES),
        },
        span_names=frozenset(
            name
            for stage in STAGES
            for name in (
                f"{semconv.PROCESS} {stage.name}",
                f"{semconv.SEND} {stage.queue}",
                f"{semconv.CREATE} {stage.queue}",
            )
        ),
    )


def _describe(stage: Stage) -> dict[str, Any]:
    return {
        "name": stage.name,
        "title": stage.name.replace("_", " ").capitalize(),
        "service": stage.service,
        "function": stage.function,
        "queue": stage.queue,
        "task_type": stage.task_type,
        "max_attempts": stage.retry.max_attempts,
        "next": list(stage.next),
    }
