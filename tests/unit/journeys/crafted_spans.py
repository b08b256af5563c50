"""Spans as the pipeline writes them, at seconds after one moment."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from telemetry.journeys import ExceptionFacts, Span

BEGINNING = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)

STAGES = {name: f"{name}-queue" for name in ("sourcing", "reading", "writing")}

_numbers = count(1)


def span(at: float = 0.0, took: float | None = 0.1, **fields: Any) -> Span:
    """Return a span; one that took None is under way."""
    started = BEGINNING + timedelta(seconds=at)
    known: dict[str, Any] = {
        "id": f"{next(_numbers):016x}",
        "parent_id": "",
        "kind": "span",
        "name": "work",
        "message": "work",
        "service": "tests",
        "level": 9,
    }
    return Span(
        started=started,
        ended=None if took is None else started + timedelta(seconds=took),
        **known | fields,
    )


def created(queue: str, task: str, at: float = 0.0, **fields: Any) -> Span:
    """Return the span of a task's making."""
    attributes = {
        "messaging.operation.name": "create",
        "messaging.destination.name": queue,
        "messaging.message.id": task,
    }
    return span(at, 0.0, name=f"create {queue}", attributes=attributes, **fields)


def run(  # noqa: PLR0913 - facts of an attempt
    stage: str,
    task: str,
    at: float,
    took: float | None = 0.5,
    outcome: str = "succeeded",
    *,
    attempt: int = 1,
    error: str = "",
    **fields: Any,
) -> Span:
    """Return the span of an attempt."""
    attributes: dict[str, Any] = {
        "messaging.operation.name": "process",
        "messaging.message.id": task,
        "stage": stage,
        "attempt": attempt,
    }
    if took is not None:
        attributes["outcome"] = outcome
    return span(
        at,
        took,
        name=f"process {stage}",
        attributes=attributes,
        level=17 if error else 9,
        exception=ExceptionFacts("app.errors.BrokenError", error) if error else None,
        **fields,
    )
