"""Mutations of alerts: of their SQL, of how far they look back, and of how long they wait."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sql_mutations import NUMBERS, mutate_sql

from telemetry.definitions.durations import WINDOWS, parse_duration

if TYPE_CHECKING:
    from collections.abc import Iterator

    from telemetry.definitions.alerts import Alert


@dataclass(frozen=True)
class Mutation:
    """Hold an alert with one mistake in it.

    Attributes:
        what: The mistake, as ``line 12: > becomes >=``.
        alert: The alert.
    """

    what: str
    alert: Alert


def mutate(alert: Alert) -> Iterator[Mutation]:
    """Give every mutation of an alert."""
    for what, sql in mutate_sql(alert.sql, NUMBERS):
        yield Mutation(what, alert.model_copy(update={"sql": sql}))
    allowed = [parse_duration(each) for each in WINDOWS]
    index = allowed.index(alert.window)
    for other in (index - 1, index + 1):
        if 0 <= other < len(allowed):
            what = f"the window {WINDOWS[index]} becomes {WINDOWS[other]}"
            yield Mutation(what, alert.model_copy(update={"window": allowed[other]}))
    watermark = 0 if alert.watermark else 60
    yield Mutation(
        f"the watermark {alert.watermark} becomes {watermark}",
        alert.model_copy(update={"watermark": watermark}),
    )
