"""Where in the time of a trace its spans are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from telemetry.journeys.spans import Span


@dataclass(frozen=True, slots=True)
class TimeScale:
    """Hold the time a trace takes.

    Attributes:
        started: When its first span begins.
        seconds: Until its last one ends.
    """

    started: datetime
    seconds: float

    @classmethod
    def of(cls, spans: Sequence[Span]) -> Self:
        """Return the scale that all of the spans fit on; there is one at least."""
        started = min(span.started for span in spans)
        ended = max(span.ended or span.started for span in spans)
        return cls(started, (ended - started).total_seconds())

    def offset(self, span: Span) -> float:
        """Return how many seconds after the first span one begins."""
        return (span.started - self.started).total_seconds()

    def place(self, span: Span) -> tuple[float, float]:
        """Return where a span begins and how wide it is, as parts of the whole.

        One that goes on reaches to the end.
        """
        if not self.seconds:
            return 0.0, 1.0
        left = self.offset(span) / self.seconds
        width = 1.0 - left if span.ended is None else (span.seconds or 0.0) / self.seconds
        return left, min(width, 1.0 - left)
