"""How a span or a task fared, as a sign, a word and the name of a colour."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from telemetry import semconv
from telemetry.journeys.journey import State

if TYPE_CHECKING:
    from telemetry.journeys.spans import Span


class Mark(NamedTuple):
    """Show how something fared to those who see colours, and to those who do not.

    Attributes:
        sign: One character.
        word: What it means.
        tone: ``good``, ``warn``, ``bad`` or ``quiet``.
    """

    sign: str
    word: str
    tone: str


OF_STATE: Final = {
    State.SUCCEEDED: Mark("✓", State.SUCCEEDED.words, "good"),
    State.DEAD_LETTERED: Mark("✗", State.DEAD_LETTERED.words, "bad"),
    State.FAILED: Mark("✗", State.FAILED.words, "bad"),
    State.RETRIED: Mark("↻", State.RETRIED.words, "warn"),
    State.UNDER_WAY: Mark("…", State.UNDER_WAY.words, "warn"),
    State.WAITING: Mark("?", State.WAITING.words, "warn"),
}

_OF_OUTCOME: Final = {
    semconv.SUCCEEDED: OF_STATE[State.SUCCEEDED],
    semconv.DEAD_LETTERED: OF_STATE[State.DEAD_LETTERED],
    semconv.FAILED: OF_STATE[State.FAILED],
    semconv.RETRIED: Mark("↻", "failed, retried", "warn"),
    semconv.DUPLICATE: Mark("=", "duplicate", "quiet"),
}

_ERROR: Final = Mark("✗", "error", "bad")
_FINE: Final = Mark("·", "ok", "quiet")


def mark_span(span: Span) -> Mark:
    """Return how a span fared."""
    if span.outcome:
        return _OF_OUTCOME[span.outcome]
    if span.ended is None:
        return OF_STATE[State.UNDER_WAY]
    return _ERROR if span.is_error else _FINE
