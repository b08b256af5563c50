"""The pages of one item: where it came to, what stopped it, and the spans of its trace."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from starlette.exceptions import HTTPException
from starlette.routing import Route

from telemetry.console.app import Section, render
from telemetry.console.waterfall import draw_waterfall
from telemetry.definitions.durations import parse_duration
from telemetry.errors import InvalidId, QueryError
from telemetry.journeys import (
    LOOK_BACK,
    MOST_MATCHES,
    MOST_SPANS,
    Journey,
    State,
    build_tree,
    check_id,
    count_sql,
    declared_stages,
    find_sql,
    follow,
    is_trace_id,
    read_matches,
    read_spans,
    spans_sql,
    summarise,
)
from telemetry.journeys.marks import OF_STATE, mark_span

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from starlette.requests import Request
    from starlette.responses import Response

    from telemetry.console.source import Source
    from telemetry.console.waterfall import Waterfall
    from telemetry.journeys import Match, Task

_PATH: Final = "/items"
_RANGES: Final = {
    "1h": "hour",
    "24h": "24 hours",
    "7d": "7 days",
    "30d": "30 days",
    "90d": "90 days",
}
_USUAL: Final = f"{LOOK_BACK.days}d"

_TASKS: Final = 20
"""Tasks of a stage that are shown: a long page is extracted in hundreds."""


def traces_section(source: Source, stages: Mapping[str, str] | None = None) -> Section:
    """Return the section that follows items.

    Args:
        source: Where the telemetry is.
        stages: The queue of each of the pipeline's, in order; None for what is declared.
    """
    pages = _Pages(source, declared_stages() if stages is None else stages)
    return Section(
        title="Items",
        path=_PATH,
        routes=[Route(_PATH, pages.show_item), Route("/traces/{trace_id}", pages.show_trace)],
    )


@dataclass(frozen=True, slots=True)
class Leg:
    """Show a stage of a journey.

    Attributes:
        stage: The stage.
        tasks: Those that are shown: what did not get through first.
        left_out: How many are not.
    """

    stage: str
    tasks: Sequence[Task]
    left_out: int


class _Pages:
    def __init__(self, source: Source, stages: Mapping[str, str]) -> None:
        self._source = source
        self._stages = stages

    async def show_item(self, request: Request) -> Response:
        """Answer ``/items?id=&last=&trace=``."""
        query = request.query_params
        last = query.get("last", _USUAL)
        values: dict[str, Any] = {
            "title": "Items",
            "id": query.get("id", ""),
            "last": last if last in _RANGES else _USUAL,
            "ranges": _RANGES,
            "matches": None,
            "problem": "",
            "trace_id": "",
        }
        if not values["id"].strip():
            return render(request, "items.html", values)
        values["title"] = "Item"
        try:
            await self._fill(values, query.get("trace", ""))
        except InvalidId as error:
            return render(request, "items.html", values | {"problem": str(error)}, status=400)
        except QueryError as error:
            return render(request, "items.html", values | {"problem": str(error)}, status=502)
        return render(request, "items.html", values)

    async def _fill(self, values: dict[str, Any], trace_id: str) -> None:
        """Look for the item, and follow the trace that is chosen, or the only one."""
        since = datetime.now(UTC) - timedelta(seconds=parse_duration(values["last"]))
        matches = await self._find(check_id(values["id"]), since)
        values["matches"] = matches[:MOST_MATCHES]
        values["more"] = len(matches) > MOST_MATCHES
        chosen = [match.trace_id for match in matches if match.trace_id == trace_id]
        if not chosen and len(matches) == 1:
            chosen = [matches[0].trace_id]
        if chosen:
            values |= await self._follow(chosen[0], since)

    async def show_trace(self, request: Request) -> Response:
        """Answer ``/traces/{trace_id}``."""
        trace_id = request.path_params["trace_id"].lower()
        if not is_trace_id(trace_id):
            raise HTTPException(404, "The id of a trace is 32 hexadecimal digits.")
        since = datetime.now(UTC) - timedelta(seconds=parse_duration(list(_RANGES)[-1]))
        try:
            values = await self._follow(trace_id, since)
        except QueryError as error:
            raise HTTPException(502, str(error)) from error
        return render(request, "trace.html", {"title": f"Trace {trace_id}", **values})

    async def _find(self, wanted: str, since: datetime) -> list[Match]:
        return read_matches(await self._ask(find_sql(wanted), since, MOST_MATCHES + 1))

    async def _follow(self, trace_id: str, since: datetime) -> dict[str, Any]:
        """Return what the templates of a journey and a waterfall speak of.

        Raises:
            HTTPException: There is no such trace.
        """
        # The item was found within the time; its first spans may be older than that.
        spans_since = since - LOOK_BACK
        spans = read_spans(await self._ask(spans_sql(trace_id), spans_since, MOST_SPANS))
        if not spans:
            raise HTTPException(404, f"No spans of the trace {trace_id} are kept.")
        (count,) = await self._ask(count_sql(trace_id), spans_since, 1)
        journey = follow(spans, self._stages)
        waterfall: Waterfall = draw_waterfall(
            build_tree(spans), missing=max(0, int(count["spans"]) - MOST_SPANS)
        )
        return {
            "trace_id": trace_id,
            "summary": summarise(journey),
            "tone": _tone_of(journey),
            "legs": _shorten(journey),
            "waterfall": waterfall,
            "mark_state": OF_STATE,
            "mark_span": mark_span,
        }

    async def _ask(self, sql: str, since: datetime, limit: int) -> Sequence[Mapping[str, Any]]:
        until = datetime.now(UTC) + timedelta(minutes=5)  # clocks of other machines may be ahead
        answer = await self._source.ask(sql, since=since, until=until, limit=limit)
        return answer.rows


def _tone_of(journey: Journey) -> str:
    unfinished = journey.unfinished
    if unfinished:
        return OF_STATE[unfinished[0].state].tone
    return "good" if journey.visits else "quiet"


def _shorten(journey: Journey) -> list[Leg]:
    legs = []
    for visit in journey.visits:
        tasks = sorted(visit.tasks, key=lambda task: task.state is State.SUCCEEDED)
        legs.append(Leg(visit.stage, tasks[:_TASKS], max(0, len(tasks) - _TASKS)))
    return legs
