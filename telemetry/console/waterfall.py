"""The spans of a trace as rows of a page: where each is in time, and what it tells when opened."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from telemetry import semconv
from telemetry.elapsed import show_seconds
from telemetry.journeys.marks import mark_span
from telemetry.journeys.timescale import TimeScale
from telemetry.preview.pictures import show

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from telemetry.journeys import Branch, Span
    from telemetry.journeys.marks import Mark

_STEP: Final = 10
_DEEPEST: Final = 24
"""Pixels a level is indented by, and the level from which on it is not indented further."""

_THINNEST: Final = 0.4
"""Percent of the width that the bar of the shortest span has."""

_TICKS: Final = 4
"""Parts that the axis is divided into."""

_EVENTS: Final = 20
"""Events of a span that are shown."""

_LONGEST_NAME: Final = 200
_LONGEST: Final = 2_000
_LONGEST_TRACE: Final = 12_000
"""Characters of a name, a value and a stack trace that a page has; queries have the rest."""


@dataclass(frozen=True, slots=True)
class Tick:
    """Place a label on the axis: percent from the left, and how the text stands to that."""

    left: float
    label: str
    anchor: str


@dataclass(frozen=True, slots=True)
class Told:
    """Show an event: its name, its time, and its attributes as a row has those of its span."""

    name: str
    time: str
    facts: list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Row:
    """Show a span.

    Attributes:
        span: The span.
        name: Its name, cut; as are the next two.
        message: What it says beside its name.
        error: Its exception in a line.
        mark: How it fared.
        level: How deep it is in the tree, from 1.
        indent: Pixels.
        is_orphan: Whether the span it is part of is missing.
        offset: Seconds after the first span.
        left: Where its bar begins, in percent of the width.
        width: How wide it is, in percent.
        links: The ids it tells of: the attribute, and the id.
        facts: Its attributes, the long ones cut.
        events: Its events, with theirs; what an exception's says is told with it.
        stacktrace: Of its exception, cut.
    """

    span: Span
    name: str
    message: str
    error: str
    mark: Mark
    level: int
    indent: int
    is_orphan: bool
    offset: float
    left: float
    width: float
    links: list[tuple[str, str]]
    facts: list[tuple[str, str]]
    events: list[Told]
    stacktrace: str


@dataclass(frozen=True, slots=True)
class Waterfall:
    """Show a trace.

    Attributes:
        rows: Its spans.
        ticks: The labels of the axis.
        missing: How many later spans are not among them.
    """

    rows: list[Row]
    ticks: list[Tick]
    missing: int


def draw_waterfall(branches: Sequence[Branch], *, missing: int = 0) -> Waterfall:
    """Return the rows for the spans of a trace, of which there is one at least."""
    scale = TimeScale.of([branch.span for branch in branches])
    rows = [_draw(branch, scale) for branch in branches]
    return Waterfall(rows, list(_label(scale.seconds)), missing)


def _draw(branch: Branch, scale: TimeScale) -> Row:
    span = branch.span
    left, width = scale.place(span)
    percent = max(_THINNEST, width * 100)
    trace = span.exception.stacktrace if span.exception else ""
    return Row(
        span=span,
        name=_cut(span.name, _LONGEST_NAME),
        message="" if span.message == span.name else _cut(span.message, _LONGEST),
        error=_cut(span.exception.line, _LONGEST) if span.exception else "",
        mark=mark_span(span),
        level=branch.depth + 1,
        indent=min(branch.depth, _DEEPEST) * _STEP,
        is_orphan=branch.is_orphan,
        offset=scale.offset(span),
        left=round(min(left * 100, 100 - percent), 3),
        width=round(percent, 3),
        links=span.item_ids(),
        facts=cut_facts(span.attributes),
        events=[
            Told(_cut(event.name, _LONGEST), event.time, cut_facts(event.attributes))
            for event in span.events[:_EVENTS]
            if not (event.name == semconv.EXCEPTION and trace)
        ],
        stacktrace=_cut(trace, _LONGEST_TRACE),
    )


def cut_facts(attributes: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return attributes by their names, with values as text that is not too long for a page."""
    return [
        (_cut(key, _LONGEST_NAME), _cut(show(value), _LONGEST))
        for key, value in sorted(attributes.items())
    ]


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[:longest]}… ({len(text):,} characters)"


def _label(seconds: float) -> Iterable[Tick]:
    for number in range(_TICKS + 1):
        anchor = {0: "start", _TICKS: "end"}.get(number, "middle")
        at = seconds * number / _TICKS
        yield Tick(100 * number / _TICKS, show_seconds(at) if at else "0", anchor)
