"""``mystage backtest``: when an alert would have fired over the telemetry there is."""

from __future__ import annotations

import difflib
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from telemetry.cli import CommandError, exits
from telemetry.cli.durations import DURATION
from telemetry.cli.instances import json_option, read_definitions, shown_progress, told_errors
from telemetry.cli.sources import ask_source, open_client, source_options
from telemetry.errors import QueryFailed, TelemetryError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from logfire.query_client import LogfireQueryClient

    from telemetry.alerting.backtest_reports import Backtest
    from telemetry.definitions import Alert
    from telemetry.sync.pacing import Pacer

_MOST_ROWS: Final = 10_000
_A_MINUTE: Final = 50
_AN_HOUR: Final = 1_000
_CUT: Final = 3
"""So many runs are named of which rows may be missing."""


@click.command(
    epilog="""\b
Examples:
  mystage backtest "High error rate"
  mystage backtest dead --last 30d --json
  mystage backtest stall --against changed.yaml
  mystage backtest retries --source logfire --last 24h
"""
)
@click.argument("alert")
@click.option(
    "--last",
    type=DURATION,
    default="7d",
    show_default=True,
    help="How far back to look, as 30m, 24h or 7d.",
)
@click.option(
    "--against",
    type=click.Path(path_type=Path, exists=True),
    help="Compare with the alert of the same name in another file.",
)
@json_option
@source_options
def backtest(  # noqa: PLR0913 - one parameter for each option
    *,
    alert: str,
    last: float,
    against: Path | None,
    source: str,
    as_json: bool,
    data: Path,
    url: str | None,
) -> int:
    """Say when ALERT would have fired, and how often it would have told somebody.

    ALERT is its name, or how the name begins. It is run over the stored telemetry as often as it
    would have been. Exit codes: 0 fine, 1 its query cannot be run, 64 wrong usage, 69 out of reach.
    """
    from telemetry.alerting.backtest_reports import (  # noqa: PLC0415 - not for --help
        compare,
        describe,
        describe_differences,
        lines_of,
        lines_of_differences,
    )

    current = _find_alert((), alert)
    definitions = [current]
    if against is not None:
        definitions.append(_find_alert((against,), current.name, exact=True))
    until = datetime.now(UTC)
    after = until - timedelta(seconds=last)
    with open_client(source, data, url) as client:
        history = QueryApi(client, is_paced=source == "logfire")
        found = [_walk(each, history, after, until) for each in definitions]
    if not found[0].times:
        raise CommandError(
            f"{current.name} does not run in so short a time: look back further, with --last",
            exit_code=exits.USAGE,
        )
    differences = compare(*found) if against is not None else None
    if as_json:
        document: dict[str, Any] = describe(found[0])
        if differences is not None:
            document["against"] = describe(found[1])
            document["differences"] = describe_differences(differences)
        click.echo(json.dumps(document, ensure_ascii=False))
        return exits.OK
    for number, each in enumerate(found):
        if number:
            click.echo(f"\nAgainst {against}:")
        click.echo("\n".join(lines_of(each)))
        _warn(each)
    if differences is not None:
        click.echo("\n" + "\n".join(lines_of_differences(differences, str(against))))
    return exits.OK


def _find_alert(paths: Sequence[Path], name: str, *, exact: bool = False) -> Alert:
    """Return the alert of a name; in the usual folders where no path is given.

    Raises:
        CommandError: There is none, or there are several.
    """
    with told_errors():
        alerts = {each.model.name: each.model for each in read_definitions(paths).alerts}
    wanted = name.casefold()
    whole = [each for each in alerts if each.casefold() == wanted]
    begun = [each for each in alerts if each.casefold().startswith(wanted) and not exact]
    match whole or begun:
        case [one]:
            return alerts[one]
        case []:
            message = f"there is no alert {name!r}{f' in {paths[0]}' if paths else ''}"
            nearest = _nearest(name, list(alerts))
            more = f". Nearest: {', '.join(nearest)}" if nearest else ""
        case several:
            message, more = f"{name!r} may be {', '.join(several)}", ": write more of its name"
    raise CommandError(message + more, exit_code=exits.USAGE)


def _nearest(name: str, names: Sequence[str]) -> list[str]:
    """Return the names most like one: also like how they begin, or a word of theirs."""
    wanted = name.casefold()

    def likeness(other: str) -> float:
        folded = other.casefold()
        return max(
            difflib.SequenceMatcher(None, wanted, part).ratio()
            for part in (folded, folded[: len(wanted)], *folded.split())
        )

    return sorted(names, key=likeness, reverse=True)[:3]


def _walk(alert: Alert, history: QueryApi, after: datetime, until: datetime) -> Backtest:
    from telemetry.alerting.backtest import (  # noqa: PLC0415 - not for --help
        TooManyRunsError,
        evaluate,
        times_of_runs,
    )
    from telemetry.alerting.backtest_reports import summarise  # noqa: PLC0415
    from telemetry.alerting.runner import conditions_of  # noqa: PLC0415

    every = timedelta(seconds=alert.every)
    # With the run before: it decides whether the first one tells somebody.
    times = times_of_runs(every, after - every, until)
    try:
        with shown_progress() as progress:
            answers = evaluate(
                conditions_of(alert),
                every,
                times,
                history,
                lambda done, total: progress("Runs", done, total),
            )
    except TooManyRunsError as error:
        raise CommandError(f"{alert.name}: {error}", exit_code=exits.USAGE) from error
    except TelemetryError as error:
        raise CommandError(f"{alert.name} cannot be run: {error}") from error
    return summarise(alert, times, answers)


def _warn(found: Backtest) -> None:
    answers = found.answers
    if answers.cut:
        named = ", ".join(f"{at:%Y-%m-%d %H:%M}" for at in answers.cut[:_CUT])
        more = f" and {len(answers.cut) - _CUT} more" if len(answers.cut) > _CUT else ""
        click.echo(
            f"{_MOST_ROWS:,} rows, which is the limit, at {named}{more}: there may have been more",
            err=True,
        )
    if answers.reason:
        click.echo(f"run with a query each: {answers.reason}", err=True)


class QueryApi:
    """Ask the query API.

    Args:
        client: Who is asked.
        is_paced: Whether Logfire's limits are to be kept.
    """

    def __init__(self, client: LogfireQueryClient, *, is_paced: bool) -> None:
        self._client = client
        self._pacer: Pacer | None = None
        if is_paced:
            from telemetry.sync.pacing import Pacer  # noqa: PLC0415 - not for --help

            self._pacer = Pacer()

    def ask(
        self, sql: str, after: datetime, until: datetime, environments: Sequence[str]
    ) -> list[dict[str, Any]]:
        """Return the rows of a query."""
        if self._pacer is not None:
            self._pacer.wait()
        arguments: dict[str, Any] = {
            "sql": sql,
            "min_timestamp": after,
            "max_timestamp": until,
            "limit": _MOST_ROWS,
            "environment": list(environments) or None,
        }
        try:
            answer = ask_source(self._client.query_json_rows, self._client.base_url, arguments)
        except CommandError as error:
            if error.exit_code != exits.FINDINGS:
                raise
            # The query's own fault: there may be another way to ask.
            raise QueryFailed(error.message) from error
        rows: list[dict[str, Any]] = answer["rows"]
        return rows

    def announce(self, count: int) -> None:
        """Tell how long many queries take where they are paced."""
        if self._pacer is None or count <= _A_MINUTE:
            return
        hours, rest = divmod(count - 1, _AN_HOUR)
        minutes = hours * 60 + rest // _A_MINUTE
        click.echo(
            f"{count:,} queries, {_A_MINUTE} a minute and {_AN_HOUR:,} an hour as Logfire asks:"
            f" about {minutes} minutes",
            err=True,
        )
