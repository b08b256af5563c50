"""``mystage run``: take sources through the whole pipeline on this machine."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

import click

from functions.cli.options import allow_private_option, fetch_timeout_option, processes_option
from telemetry.cli import CommandError, exits

if TYPE_CHECKING:
    from collections.abc import Sequence

    from functions.embedded.run import Summary
    from functions.embedded.session import Session
    from functions.runtime.settings import Settings
    from functions.stages.fetching import SourceLocation


_MAX_PAUSE: Final = 10.0
"""Seconds: a person waits, so a server that asks for an hour's pause is given up for this run."""


@click.command(
    epilog="""\b
Examples:
  mystage run https://venue.example/calendar
  mystage run pages/ --json
  mystage run pages/ https://club.example/ --data .mystage
  mystage run --data .mystage        # take up a run that was cut off
"""
)
@click.argument("sources", metavar="[SOURCE]...", nargs=-1)
@click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(".mystage"),
    envvar="MYSTAGE_DATA",
    show_default=True,
    help="The folder of documents, tasks and tables; running into it again finds what is known.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the summary as one JSON document.")
@processes_option
@fetch_timeout_option
@allow_private_option
@click.option(
    "--sql",
    "sql_url",
    metavar="URL",
    envvar="MYSTAGE_SQL_URL",
    help="The SQL database to fill [default: a file in --data].",
)
def run(  # noqa: PLR0913 - one parameter for each option
    *,
    sources: tuple[str, ...],
    data: Path,
    as_json: bool,
    processes: int,
    fetch_timeout: float,
    allow_private: bool,
    sql_url: str | None,
) -> int:
    """Take SOURCEs through the whole pipeline until it is drained.

    A SOURCE is a URL, a file, or a folder of pages. Prints the funnel, the entities found and
    created, and the tasks that failed for good; ends with 1 if there were any.

    The same sources again, into the same folder, create nothing and find everything. A run that
    was cut off, even by kill -9, is taken up by the next one with the same folder.
    """
    from functions.embedded.session import embedded_session  # noqa: PLC0415 - not for --help
    from functions.errors import PipelineError, SourceError  # noqa: PLC0415

    settings = embedded_settings(
        data, fetch_timeout=fetch_timeout, allow_private=allow_private, sql_url=sql_url or ""
    )
    try:
        if sql_url:
            _check_database(sql_url)
        locations = expand_arguments(sources)
        with embedded_session(settings, processes=processes) as session:
            summary = _drive(session, locations, show_progress=sys.stderr.isatty())
    except SourceError as error:
        raise click.UsageError(str(error)) from error
    except PipelineError as error:
        raise CommandError(str(error), exit_code=exits.UNAVAILABLE) from error
    except KeyboardInterrupt:
        raise CommandError(
            f"stopped. Nothing is lost: mystage run --data {data} takes up where this run stood."
        ) from None
    if as_json:
        click.echo(json.dumps(summary.to_json()))
    else:
        from functions.cli.summary import print_summary  # noqa: PLC0415

        print_summary(summary)
    return exits.FINDINGS if summary.failed else exits.OK


def embedded_settings(
    data: Path, *, fetch_timeout: float, allow_private: bool, sql_url: str = ""
) -> Settings:
    """Return the settings of a pipeline on this machine."""
    from functions.runtime.settings import Settings  # noqa: PLC0415 - not for --help

    reach: Literal["named", "any"] = "any" if allow_private else "named"
    return Settings(
        profile="embedded",
        data=data,
        sql_url=sql_url,
        fetch_timeout=fetch_timeout,
        fetch_max_pause=_MAX_PAUSE,
        fetch_private=reach,
        fetch_files=True,
    )


def _check_database(url: str) -> None:
    from functions.errors import PermanentError  # noqa: PLC0415
    from functions.stages.sync_data_stores import open_database  # noqa: PLC0415

    try:
        open_database(url)
    except PermanentError as error:
        raise click.UsageError(str(error)) from error


def expand_arguments(arguments: Sequence[str]) -> list[SourceLocation]:
    """Return the sources that arguments name; what is left out of them is told.

    Raises:
        SourceError: One names none.
    """
    from functions.stages.fetching import expand_sources  # noqa: PLC0415

    return expand_sources(
        arguments,
        report=lambda left_out: click.echo(
            f"left out {left_out.path}: {left_out.reason}", err=True
        ),
    )


def _drive(
    session: Session, locations: Sequence[SourceLocation], *, show_progress: bool
) -> Summary:
    from functions.cli.summary import progress_display  # noqa: PLC0415
    from functions.embedded.run import Run, find_open_run  # noqa: PLC0415

    if not locations and find_open_run(session.runtime) is None:
        raise click.UsageError(
            "nothing to do: name a SOURCE (a URL, a file, a folder); no earlier run was cut off"
        )
    current = Run.begin(session)
    if not locations and not current.has_sources:
        raise click.UsageError(
            "the run was cut off before all of its sources were written down: name them again"
        )
    if current.resumed:
        click.echo(
            f"taking up the run of {current.document.data['started_at']:%Y-%m-%d %H:%M:%S} UTC",
            err=True,
        )
    current.add(locations)
    with progress_display(enabled=show_progress) as show:
        progress = current.drain(show)
    return current.finish(progress)
