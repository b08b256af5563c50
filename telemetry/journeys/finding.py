"""Which traces an id occurs in: the SQL that asks, and what its rows say."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from telemetry import semconv
from telemetry.errors import InvalidId
from telemetry.journeys.spans import COLUMNS, read_time
from telemetry.sql.operands import quote
from telemetry.sql.schema import LEVELS, RECORDS_ALL

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

MOST_MATCHES: Final = 50
"""Traces that are listed: an entity that many sources speak of is in hundreds."""

MOST_SPANS: Final = 3_000
"""Spans of a trace that are shown."""

LOOK_BACK: Final = timedelta(days=30)
"""How far back is looked unless it is said: Logfire keeps spans for about as long."""

_MOST_CHARACTERS: Final = 200
_QUOTES: Final = "\"'`"

_SPAN_EVENT: Final = "span_event"
"""The ``kind`` of a row that repeats an event of a span, which the span has, too.

https://logfire.pydantic.dev/docs/reference/sql/#kind
"""

_TRACE_ID: Final = re.compile(r"[0-9a-f]{32}")
_STEERING: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Match:
    """Say where an id occurs.

    Attributes:
        trace_id: The trace.
        started: When the first span there began that has the id.
        stages: The stages whose runs have it.
        errors: How many of those failed.
    """

    trace_id: str
    started: datetime
    stages: tuple[str, ...]
    errors: int


def check_id(text: str) -> str:
    """Return an id as it was meant, without the blanks and quotes around it.

    Raises:
        InvalidId: It cannot be one.
    """
    wanted = text.strip()
    if len(wanted) > 1 and wanted[0] == wanted[-1] and wanted[0] in _QUOTES:
        wanted = wanted[1:-1].strip()
    if not wanted:
        raise InvalidId("give the id of a source, scrape, document, entity, task or trace")
    if len(wanted) > _MOST_CHARACTERS or _STEERING.search(wanted):
        raise InvalidId(f"ids have at most {_MOST_CHARACTERS} characters, all of them printable")
    return wanted


def is_trace_id(text: str) -> bool:
    """Tell whether a text is written as the id of a trace."""
    return _TRACE_ID.fullmatch(text) is not None


def find_sql(wanted: str) -> str:
    """Return the query for the traces that an id occurs in, the newest first.

    It has rows for one trace more than ``MOST_MATCHES``, where there are more.

    Args:
        wanted: What ``check_id`` returned: of whatever kind, and in the case of an entity with or
            without its kind, as ``venues/0123…``.
    """
    keys = (*semconv.ITEM_IDS, semconv.MESSAGING_MESSAGE_ID)
    ids = [f"attributes->>{quote(key)} = {quote(wanted)}" for key in keys]
    # Within the text of a JSON array of kind/id; the quotes around an item are where it ends.
    inner = json.dumps(wanted, ensure_ascii=False)[1:-1]
    item = f'"{inner}"' if "/" in wanted else f'/{inner}"'
    ids.append(f"strpos(attributes->>{quote(semconv.ENTITY_IDS)}, {quote(item)}) > 0")
    stage = f"attributes->>{quote(semconv.STAGE)}"
    either = " OR ".join(ids)
    condition = f"otel_scope_name = {quote(semconv.SCOPE)} AND ({either})"
    if is_trace_id(wanted.lower()):
        condition = f"trace_id = {quote(wanted.lower())} OR ({condition})"
    return (
        f"SELECT trace_id, min(start_timestamp) AS started,"  # noqa: S608 - literals are quoted
        f" array_agg(DISTINCT {stage}) AS stages,"
        f" sum(CASE WHEN level >= {LEVELS['error']} THEN 1 ELSE 0 END) AS errors"
        f" FROM {RECORDS_ALL.name} WHERE {condition}"
        f" GROUP BY trace_id ORDER BY started DESC, trace_id LIMIT {MOST_MATCHES + 1}"
    )


def read_matches(rows: Iterable[Mapping[str, Any]]) -> list[Match]:
    """Return what the rows of ``find_sql`` say."""
    return [
        Match(
            row["trace_id"],
            read_time(row["started"]),
            tuple(sorted(each for each in row["stages"] or () if each)),
            int(row["errors"] or 0),
        )
        for row in rows
    ]


def spans_sql(trace_id: str) -> str:
    """Return the query for the spans of a trace, the earliest first; at most ``MOST_SPANS``."""
    return (
        f"SELECT {', '.join(COLUMNS)} FROM {RECORDS_ALL.name}"  # noqa: S608 - literals are quoted
        f" WHERE {_is_in(trace_id)} ORDER BY start_timestamp, span_id LIMIT {MOST_SPANS}"
    )


def count_sql(trace_id: str) -> str:
    """Return the query for how many spans a trace has, as ``spans``."""
    return (
        f"SELECT count(*) AS spans FROM {RECORDS_ALL.name}"  # noqa: S608 - literals are quoted
        f" WHERE {_is_in(trace_id)}"
    )


def _is_in(trace_id: str) -> str:
    return f"trace_id = {quote(trace_id)} AND kind <> {quote(_SPAN_EVENT)}"
