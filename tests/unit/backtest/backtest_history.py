"""Hours of telemetry in the real engine, in this process."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from telemetry.alerting.evaluation import Conditions
from telemetry.alerting.timeline import Entry, LogEntry, MetricEntry, SpanEntry

if TYPE_CHECKING:
    from collections.abc import Sequence

    from telemetry.alerting.evaluation import Evaluator

NOW = datetime(2026, 3, 5, 12, tzinfo=UTC)
"""Where the history ends."""


class EngineHistory:
    """Ask the engine, and note what was announced.

    Args:
        evaluator: Which has the rows.
    """

    def __init__(self, evaluator: Evaluator) -> None:
        self.evaluator = evaluator
        self.announced = 0

    def ask(
        self, sql: str, after: datetime, until: datetime, environments: Sequence[str]
    ) -> list[dict[str, Any]]:
        asked = Conditions(sql=sql, window=until - after, environments=tuple(environments))
        return self.evaluator.run(asked, until)

    def announce(self, count: int) -> None:
        self.announced += count


def entries() -> list[Entry]:
    """Return two hours: steady work, bursts of errors, rows on the bounds of windows, and gaps."""
    steady = [
        SpanEntry(
            span=f"process {stage}",
            at=-7200 + shift,
            until=-1500,
            per_minute=rate,
            attributes={"stage": stage, "outcome": "succeeded", "n": shift},
            environment=environment,
        )
        for stage, shift, rate, environment in (
            ("sourcing", 0, 1.7, "production"),
            ("entity_resolution", 11, 0.9, "staging"),
        )
    ]
    bursts = [
        SpanEntry(
            span="process sourcing",
            at=at,
            every=1,
            times=times,
            level="error",
            exception="OSError",
            service_name=service,
            attributes={"stage": "sourcing", "outcome": outcome, "service": service},
        )
        for at, times, service, outcome in (
            (-6000, 25, "sourcing", "retried"),
            (-3607, 40, "writers", "dead_lettered"),
            (-3601, 12, "sourcing", "retried"),
            (-300, 11, "sourcing", "retried"),
        )
    ]
    on_bounds = [
        SpanEntry(span="on the minute", at=-5400, every=60, times=20, level="warn"),
        LogEntry(log="just said", at=-1800, every=300, times=3, level="error"),
    ]
    metrics = [
        MetricEntry(metric="scrapes_created", at=-7000, every=90, times=60, value=3),
        MetricEntry(metric="task_failed", at=-2000, every=30, times=9, value=1),
    ]
    return [*steady, *bursts, *on_bounds, *metrics]
