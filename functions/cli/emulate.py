"""``mystage emulate tasks``: Cloud Tasks on this machine."""

from __future__ import annotations

from pathlib import Path

import click

from functions.errors import EmulatorError
from telemetry.cli import CommandError, exits


@click.command()
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=0,
    show_default="a free one",
    help="Port of 127.0.0.1 to listen on.",
)
@click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder that keeps queues and tasks between runs; without it they go with the process.",
)
@click.option(
    "--until-stdin-closes",
    is_flag=True,
    help="Stop when standard input ends, so that the emulator never outlives its parent.",
)
def tasks(port: int, data: Path | None, *, until_stdin_closes: bool) -> None:
    """Run the Cloud Tasks emulator until Ctrl-C.

    It speaks the Cloud Tasks v2 gRPC API without TLS, delivers HTTP tasks, and prints one line,
    "ready 127.0.0.1:PORT", once it takes calls.

    \b
    Examples:
      mystage emulate tasks
      mystage emulate tasks --port 8123 --data .mystage/tasks
      CLOUD_TASKS_EMULATOR_HOST=127.0.0.1:8123 python my_app.py
    """  # noqa: D301 - \b is click's mark of text to leave as it is
    # Half a second of imports that other verbs and --help do without.
    from functions.emulator.server import Options, run  # noqa: PLC0415

    options = Options(port=port, data=data, until_stdin_closes=until_stdin_closes)
    try:
        run(
            options,
            ready=lambda address: click.echo(f"ready {address}"),
            say=lambda message: click.echo(message, err=True),
        )
    except EmulatorError as error:
        raise CommandError(str(error), exit_code=exits.UNAVAILABLE) from error
