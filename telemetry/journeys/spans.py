"""The spans of a trace, from the rows of a query; whatever is in them, a stranger may have sent."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from telemetry import semconv
from telemetry.sql.schema import LEVELS, PENDING_SPAN

if TYPE_CHECKING:
    from collections.abc import Iterable

COLUMNS: Final = (
    "start_timestamp", "end_timestamp", "duration", "span_id", "parent_span_id", "kind", "level",
    "span_name", "message", "service_name", "exception_type", "exception_message",
    "exception_stacktrace", "otel_status_message", "attributes", "otel_events",
)  # fmt: skip
"""What is asked for of each."""

_PENDING_PARENT: Final = "logfire.pending_parent_id"
"""A pending span is the child of the span it stands for, and tells that one's parent here.

https://logfire.pydantic.dev/docs/reference/sql/#kind
"""

_NO_PARENT: Final = "0" * 16

_LOG: Final = "log"


@dataclass(frozen=True, slots=True)
class ExceptionFacts:
    """Hold what is known of an exception; each "" where it is not."""

    type: str
    message: str
    stacktrace: str = ""

    @property
    def line(self) -> str:
        """Its class, without the module, and its message."""
        name = self.type.rpartition(".")[2]
        return ": ".join(filter(None, (name, self.message)))


@dataclass(frozen=True, slots=True)
class Event:
    """Hold an event of a span."""

    name: str
    time: str
    attributes: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Hold a span, or a log.

    Attributes:
        id: Its id in the trace; others may have the same, where somebody wants to confuse.
        parent_id: That of the span it is part of; "" for none.
        started: When it began.
        ended: When it ended; None where nobody has told yet.
        level: Its number, as ``telemetry.sql.schema.LEVELS`` has them.
        exception: Why it failed, where it did.
    """

    id: str
    parent_id: str
    kind: str
    name: str
    message: str
    service: str
    started: datetime
    ended: datetime | None
    level: int
    attributes: Mapping[str, Any] = field(default_factory=dict)
    events: tuple[Event, ...] = ()
    exception: ExceptionFacts | None = None

    @property
    def seconds(self) -> float | None:
        """How long it took; None while it goes on, and for a log."""
        if self.ended is None or self.kind == _LOG:
            return None
        return max(0.0, (self.ended - self.started).total_seconds())

    @property
    def is_error(self) -> bool:
        """Whether it is an error or worse."""
        return self.level >= LEVELS["error"]

    @property
    def outcome(self) -> str:
        """How a run of a stage ended, of ``semconv.OUTCOMES``; "" for other spans."""
        outcome = self.text(semconv.OUTCOME)
        return outcome if outcome in semconv.OUTCOMES else ""

    @property
    def stage(self) -> str:
        """The stage that it is a run of; "" for other spans."""
        if self.text(semconv.MESSAGING_OPERATION_NAME) != semconv.PROCESS:
            return ""
        return self.text(semconv.STAGE)

    def text(self, key: str) -> str:
        """Return an attribute that is a text; "" where there is none."""
        value = self.attributes.get(key)
        return value if isinstance(value, str) else ""

    def number(self, key: str, default: int) -> int:
        """Return an attribute that is a whole number."""
        value = self.attributes.get(key)
        return value if isinstance(value, int) and not isinstance(value, bool) else default

    def item_ids(self) -> list[tuple[str, str]]:
        """Return the ids of what it is about, each with the attribute that tells it."""
        ids = [(key, self.text(key)) for key in (*semconv.ITEM_IDS, semconv.MESSAGING_MESSAGE_ID)]
        entities = self.attributes.get(semconv.ENTITY_IDS)
        if isinstance(entities, list):
            ids += [(semconv.ENTITY_IDS, each) for each in entities if isinstance(each, str)]
        return [(key, value) for key, value in ids if value]


def read_spans(rows: Iterable[Mapping[str, Any]]) -> list[Span]:
    """Return the spans of the rows of ``finding.spans_sql``, the earliest first.

    A pending span stands for a span that has begun; it is left out where that has ended.
    """
    spans: list[Span] = []
    pending: dict[str, Span] = {}
    for row in rows:
        span = _read(row)
        if span.kind == PENDING_SPAN:
            pending.setdefault(span.id, span)
        else:
            spans.append(span)
    ended = {span.id for span in spans}
    spans += [span for span in pending.values() if span.id not in ended]
    return sorted(spans, key=lambda span: (span.started, span.id))


def _read(row: Mapping[str, Any]) -> Span:
    attributes = _parse(row["attributes"], dict)
    is_pending = row["kind"] == PENDING_SPAN
    span_id, parent_id = row["span_id"], row["parent_span_id"] or ""
    if is_pending:
        above = attributes.get(_PENDING_PARENT)
        span_id, parent_id = parent_id, above if isinstance(above, str) else ""
    started = read_time(row["start_timestamp"])
    return Span(
        id=span_id,
        parent_id="" if parent_id == _NO_PARENT else parent_id,
        kind=row["kind"],
        name=row["span_name"],
        message=row["message"] or "",
        service=row["service_name"] or "",
        started=started,
        ended=None if is_pending else max(started, read_time(row["end_timestamp"])),
        level=row["level"] or 0,
        attributes=attributes,
        events=tuple(_read_events(row["otel_events"])),
        exception=_read_exception(row),
    )


def read_time(value: datetime | str) -> datetime:
    """Return a time of a row, in UTC."""
    moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _read_exception(row: Mapping[str, Any]) -> ExceptionFacts | None:
    if row["exception_type"] or row["exception_message"]:
        return ExceptionFacts(
            row["exception_type"] or "",
            row["exception_message"] or "",
            row["exception_stacktrace"] or "",
        )
    status = row["otel_status_message"]
    return ExceptionFacts("", status) if status else None


def _read_events(value: Any) -> Iterable[Event]:
    for each in _parse(value, list):
        if isinstance(each, Mapping):
            yield Event(
                str(each.get("event_name", "")),
                str(each.get("event_timestamp", "")),
                _parse(each.get("attributes"), dict),
            )


def _parse(value: Any, kind: type[Any]) -> Any:
    """Return JSON, which some answers hold as text, as what it should be; empty if it is not."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return kind()
    return value if isinstance(value, kind) else kind()
