"""One item's way through the pipeline, read from its telemetry.

An item has a trace: the spans of its tasks, from the source to the data stores. It is found by any
id it had on the way (``find_sql``), its spans are read (``spans_sql``, ``read_spans``), and they
are told as a journey (``follow``) and as a tree (``build_tree``).

Nothing in here asks anybody or draws anything: it writes queries, and reads their rows.
"""

from telemetry.journeys.declared import declared_stages
from telemetry.journeys.finding import (
    LOOK_BACK,
    MOST_MATCHES,
    MOST_SPANS,
    Match,
    check_id,
    count_sql,
    find_sql,
    is_trace_id,
    read_matches,
    spans_sql,
)
from telemetry.journeys.journey import Attempt, Journey, State, Task, Visit, follow
from telemetry.journeys.spans import Event, ExceptionFacts, Span, read_spans
from telemetry.journeys.summary import summarise
from telemetry.journeys.tree import Branch, build_tree

__all__ = [
    "LOOK_BACK",
    "MOST_MATCHES",
    "MOST_SPANS",
    "Attempt",
    "Branch",
    "Event",
    "ExceptionFacts",
    "Journey",
    "Match",
    "Span",
    "State",
    "Task",
    "Visit",
    "build_tree",
    "check_id",
    "count_sql",
    "declared_stages",
    "find_sql",
    "follow",
    "is_trace_id",
    "read_matches",
    "read_spans",
    "spans_sql",
    "summarise",
]
