"""``mystage up``: everything on this machine, until Ctrl-C."""

from __future__ import annotations

from pathlib import Path

import click

from functions.cli.options import allow_private_option, fetch_timeout_option, processes_option
from telemetry.cli import CommandError, exits
from telemetry.cli.durations import DURATION


@click.command(
    epilog="""\b
Examples:
  mystage up
  mystage up pages/ https://club.example/ --data .mystage
  mystage up --port 0 --evaluate-every 5s    # alerts at once, to try them out
"""
)
@click.argument("sources", metavar="[SOURCE]...", nargs=-1)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8642,
    show_default=True,
    help="Where the pages are; 0 picks a free port.",
)
@click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(".mystage"),
    envvar="MYSTAGE_DATA",
    show_default=True,
    help="The folder of everything that survives; the one of earlier runs shows them.",
)
@click.option(
    "--definitions",
    type=click.Path(exists=True, path_type=Path),
    multiple=True,
    help="Folder or file of dashboards and alerts [default: dashboards/ and alerts/].",
)
@click.option(
    "--evaluate-every",
    type=DURATION,
    help="Run all alerts this often, as 5s [default: each at its own frequency].",
)
@processes_option
@fetch_timeout_option
@allow_private_option
@click.option("--until-stdin-closes", is_flag=True, hidden=True)
def up(  # noqa: PLR0913 - one parameter for each option
    *,
    sources: tuple[str, ...],
    port: int,
    data: Path,
    definitions: tuple[Path, ...],
    evaluate_every: float | None,
    processes: int,
    fetch_timeout: float,
    allow_private: bool,
    until_stdin_closes: bool,
) -> int:
    """Run the emulators, the functions and the alerts, and show them in a browser.

    One address has the dashboards, the alerts, what they sent to Slack, each item's way through the
    pipeline, and the queues. SOURCEs are fetched at once; more can be named on the page. Nothing
    leaves this machine but the fetching of sources: alerts tell the page, whatever the environment
    says about Slack.

    Prints `ready http://…` when everything works, and goes on until Ctrl-C.
    """
    from functions.cli.run import embedded_settings, expand_arguments  # noqa: PLC0415 - not for --help
    from functions.embedded.up import Options, bring_up  # noqa: PLC0415
    from functions.errors import PipelineError, SourceError  # noqa: PLC0415
    from telemetry.definitions import FOLDERS  # noqa: PLC0415
    from telemetry.errors import TelemetryError  # noqa: PLC0415

    folders = definitions or tuple(each for each in map(Path, FOLDERS) if each.is_dir())
    try:
        options = Options(
            settings=embedded_settings(
                data, fetch_timeout=fetch_timeout, allow_private=allow_private
            ),
            port=port,
            processes=processes,
            evaluate_every=evaluate_every,
            definitions=folders,
            sources=expand_arguments(sources),
            until_stdin_closes=until_stdin_closes,
        )
        bring_up(options, ready=_announce, say=lambda line: click.echo(line, err=True))
    except SourceError as error:
        raise click.UsageError(str(error)) from error
    except (PipelineError, TelemetryError) as error:
        raise CommandError(str(error), exit_code=exits.UNAVAILABLE) from error
    return exits.OK


def _announce(url: str) -> None:
    click.echo(f"ready {url}")
    click.echo("Ctrl-C ends everything; nothing is lost.", err=True)
