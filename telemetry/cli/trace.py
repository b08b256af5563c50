"""``mystage trace``: one item's way through the pipeline, by any id it had."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import click

from telemetry.cli import exits
from telemetry.cli.durations import DURATION
from telemetry.cli.instances import json_option
from telemetry.cli.sources import ask_source, open_client, source_options
from telemetry.errors import InvalidId

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from telemetry.journeys import Branch, Journey, Match

    Ask = Callable[[str, datetime], list[dict[str, Any]]]

_MOST_ROWS: Final = 10_000
"""https://logfire.pydantic.dev/docs/how-to-guides/query-api/#additional-configuration"""

_BAR: Final = 30
"""Characters of a bar of the waterfall."""

_STYLES: Final = {"good": "green", "warn": "yellow", "bad": "red", "quiet": "dim"}


@click.command(
    epilog="""\b
Examples:
  mystage trace 7b1c0f9e2d3a4b5c6d7e8f9012345678
  mystage trace venues/7b1c0f9e2d3a4b5c6d7e8f9012345678 --last 7d
  mystage trace 7cb903b2e2df09ce11323b2489a5a32b012fbb79 --json
  mystage trace 01a22466fe6b1249d1c4f459badde4d1 --source logfire
"""
)
@click.argument("wanted", metavar="ID")
@click.option(
    "--last",
    type=DURATION,
    default="30d",
    show_default=True,
    help="How far back to look, as 30m, 24h or 7d.",
)
@json_option
@source_options
def trace(  # noqa: PLR0913 - one parameter for each option
    *, wanted: str, last: float, as_json: bool, source: str, data: Path, url: str | None
) -> int:
    """Follow the item that ID belongs to through the pipeline.

    ID is that of a source, a scrape, a document, an extraction, a resolution, an entity (with or
    without its kind, as venues/…), a task, or a trace. Prints how far the item came and what
    stopped it, the attempts of each stage, and the spans of its trace. Where several traces have
    the id, they are listed, and the newest is followed.

    Exit codes: 0 found, 1 not found, 64 wrong usage, 69 nobody to ask.
    """
    from telemetry.journeys import (  # noqa: PLC0415 - not for --help
        LOOK_BACK,
        build_tree,
        check_id,
        declared_stages,
        find_sql,
        follow,
        read_matches,
        read_spans,
        spans_sql,
    )

    try:
        wanted = check_id(wanted)
    except InvalidId as error:
        raise click.UsageError(str(error)) from error
    since = datetime.now(UTC) - timedelta(seconds=last)
    with open_client(source, data, url) as client:

        def ask(sql: str, since: datetime) -> list[dict[str, Any]]:
            arguments = {"sql": sql, "min_timestamp": since, "limit": _MOST_ROWS}
            answer = ask_source(client.query_json_rows, client.base_url, arguments)
            rows: list[dict[str, Any]] = answer["rows"]
            return rows

        matches = read_matches(ask(find_sql(wanted), since))
        # The item was found within the time; its first spans may be older than that.
        earlier = since - LOOK_BACK
        spans = read_spans(ask(spans_sql(matches[0].trace_id), earlier)) if matches else []
        if not spans:
            click.echo(f"{wanted} is in no trace of that time: look back further, --last", err=True)
            return exits.FINDINGS
        missing = _count_missing(ask, matches[0].trace_id, earlier)
    journey, branches = follow(spans, declared_stages()), build_tree(spans)
    if as_json:
        _print_json(wanted, matches, journey, branches)
    else:
        _print(matches, journey, branches)
    if missing:
        click.echo(f"{missing:,} later spans of the trace are left out", err=True)
    return exits.OK


def _count_missing(ask: Ask, trace_id: str, since: datetime) -> int:
    """Return how many spans of a trace are beyond those that are read."""
    from telemetry.journeys import MOST_SPANS, count_sql  # noqa: PLC0415 - not for --help

    (row,) = ask(count_sql(trace_id), since)
    return max(0, int(row["spans"]) - MOST_SPANS)


def _print_json(
    wanted: str, matches: Sequence[Match], journey: Journey, branches: Sequence[Branch]
) -> None:
    from telemetry.journeys import MOST_MATCHES, summarise  # noqa: PLC0415 - not for --help
    from telemetry.journeys.reports import (  # noqa: PLC0415
        describe_journey,
        describe_match,
        describe_tree,
    )

    document = {
        "id": wanted,
        "traces": [describe_match(match) for match in matches[:MOST_MATCHES]],
        "more_traces": len(matches) > MOST_MATCHES,
        "trace_id": matches[0].trace_id,
        "summary": summarise(journey),
        "journey": describe_journey(journey),
        "spans": describe_tree(branches),
    }
    click.echo(json.dumps(document, ensure_ascii=False))


def _print(matches: Sequence[Match], journey: Journey, branches: Sequence[Branch]) -> None:
    from telemetry.journeys import MOST_MATCHES, summarise  # noqa: PLC0415 - not for --help
    from telemetry.journeys.reports import lines_of_journey, lines_of_tree  # noqa: PLC0415
    from telemetry.terminal import on_one_line  # noqa: PLC0415

    if len(matches) > 1:
        several = f"{'more than ' * (len(matches) > MOST_MATCHES)}{len(matches[:MOST_MATCHES])}"
        click.echo(f"{several} traces have it; the newest is followed, name another to see it:")
        for match in matches[:MOST_MATCHES]:
            stages = on_one_line(", ".join(match.stages))
            click.echo(f"  {match.trace_id}  {match.started:%Y-%m-%d %H:%M:%S} UTC  {stages}")
        click.echo()
    click.echo(f"trace {matches[0].trace_id}")
    click.echo(summarise(journey))
    click.echo()
    for line in lines_of_journey(journey):
        click.echo(line)
    click.echo()
    if sys.stdout.isatty():
        _print_waterfall(branches)
    else:
        for line in lines_of_tree(branches):
            click.echo(line)


def _print_waterfall(branches: Sequence[Branch]) -> None:
    from rich.console import Console  # noqa: PLC0415 - not for --help
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    from telemetry.elapsed import show_seconds  # noqa: PLC0415
    from telemetry.journeys.marks import mark_span  # noqa: PLC0415
    from telemetry.journeys.reports import show_offset  # noqa: PLC0415
    from telemetry.journeys.timescale import TimeScale  # noqa: PLC0415
    from telemetry.terminal import on_one_line  # noqa: PLC0415

    scale = TimeScale.of([branch.span for branch in branches])
    table = Table(box=None, header_style="bold")
    table.add_column("Span", overflow="ellipsis", no_wrap=True)
    table.add_column("Start", justify="right", no_wrap=True)
    table.add_column("Took", justify="right", no_wrap=True)
    table.add_column("Timeline", width=_BAR, no_wrap=True)
    for branch in branches:
        span, mark = branch.span, mark_span(branch.span)
        style = _STYLES[mark.tone]
        left, width = scale.place(span)
        first = min(int(left * _BAR), _BAR - 1)
        bar = " " * first + "█" * max(1, min(round(width * _BAR), _BAR - first))
        table.add_row(
            Text(on_one_line(f"{'  ' * branch.depth}{mark.sign} {span.name}"), style=style),
            show_offset(scale.offset(span)),
            show_seconds(span.seconds),
            Text(bar, style=style),
        )
    Console().print(table)
