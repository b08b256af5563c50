"""``mystage emulate``: cloud services on this machine, Logfire among them."""

from __future__ import annotations

import contextlib
import os
from datetime import timedelta
from pathlib import Path

import click

from telemetry.cli import CommandError, exits
from telemetry.cli.durations import DURATION
from telemetry.cli.verbs import EMULATORS, EntryPointGroup
from telemetry.emulator.address import EMULATOR_TOKEN
from telemetry.errors import EmulatorError

_MEBI = 2**20


@click.group(cls=EntryPointGroup, entry_point_group=EMULATORS)
def emulate() -> None:
    """Run an emulator of a cloud service on this machine."""


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
    default=Path(".mystage"),
    envvar="MYSTAGE_DATA",
    show_default=True,
    help="Folder that keeps the telemetry; `mystage run` and `mystage query` with the same folder"
    " find the emulator by it.",
)
@click.option(
    "--temporary",
    is_flag=True,
    help="Keep the telemetry in a temporary folder that goes with the process, not in --data.",
)
@click.option(
    "--token",
    envvar=EMULATOR_TOKEN,
    help="The only token that is let in; without it any is. Better said in the environment"
    " (MYSTAGE_LOGFIRE_TOKEN), where other users of this machine do not see it.",
)
@click.option(
    "--keep",
    type=DURATION,
    help="Drop telemetry that is older than this, as 7d or 12h [default: keep all].",
)
@click.option(
    "--keep-mib",
    type=click.IntRange(1),
    help="Drop the oldest telemetry once a table takes more MiB than this [default: keep all].",
)
@click.option(
    "--hot-key",
    "hot_keys",
    metavar="KEY",
    multiple=True,
    help="Keep this attribute in a column of its own from the start, so that queries on it are"
    " fast; frequent ones are anyway. May be given several times.",
)
@click.option(
    "--query-timeout",
    type=click.FloatRange(0, 3600, min_open=True),
    default=30.0,
    show_default=True,
    help="Seconds a query may take.",
)
@click.option(
    "--query-memory-mib",
    type=click.IntRange(16),
    default=1024,
    show_default=True,
    help="MiB of memory a query may take.",
)
@click.option(
    "--evaluate-every",
    type=DURATION,
    help="Run every alert this often, as 2s, whatever its own frequency says, and wait no longer"
    " than this for what is late: for trying alerts out [default: as each alert says].",
)
@click.option(
    "--alerts/--no-alerts",
    default=True,
    show_default=True,
    help="Whether alerts are run by themselves.",
)
@click.option(
    "--alert-url",
    metavar="URL",
    help="Where an alert's page is, with {alert_id} in it: messages link to it.",
)
@click.option(
    "--until-stdin-closes",
    is_flag=True,
    help="Stop when standard input ends, so that the emulator never outlives its parent.",
)
def logfire(  # noqa: PLR0913 - one parameter for each option
    *,
    port: int,
    data: Path,
    temporary: bool,
    token: str | None,
    keep: float | None,
    keep_mib: int | None,
    hot_keys: tuple[str, ...],
    query_timeout: float,
    query_memory_mib: int,
    evaluate_every: float | None,
    alerts: bool,
    alert_url: str | None,
    until_stdin_closes: bool,
) -> None:
    """Run the Logfire emulator until Ctrl-C.

    It takes what Logfire's SDK, or any OTLP exporter over HTTP, sends, and answers SQL over
    Logfire's query API. It runs the alerts that it keeps, and posts what they find to their
    webhooks. It prints one line, "ready http://127.0.0.1:PORT", once it takes requests.

    \b
    Examples:
      mystage emulate logfire
      mystage emulate logfire --port 8643 --data .mystage --keep 7d
      mystage emulate logfire --evaluate-every 2s
      LOGFIRE_BASE_URL=http://127.0.0.1:8643 LOGFIRE_TOKEN=any python my_app.py
      mystage query "SELECT span_name, count(*) FROM records GROUP BY 1"
    """  # noqa: D301 - \b is click's mark of text to leave as it is
    # Where Logfire's SDK is installed, pydantic would load it to trace the emulator's own models.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    # A second of imports that --help does without.
    from telemetry.emulator.engine import Limits  # noqa: PLC0415
    from telemetry.emulator.server import Options, run  # noqa: PLC0415
    from telemetry.emulator.store.options import PIPELINE_KEYS, StoreOptions  # noqa: PLC0415

    options = Options(
        port=port,
        data=None if temporary else data,
        token=token,
        store=StoreOptions(
            hot_keys=(*PIPELINE_KEYS, *hot_keys),
            retention_age=None if keep is None else timedelta(seconds=keep),
            retention_bytes=None if keep_mib is None else keep_mib * _MEBI,
        ),
        limits=Limits(seconds=query_timeout, memory=query_memory_mib * _MEBI),
        until_stdin_closes=until_stdin_closes,
        alerts=alerts,
        evaluate_every=evaluate_every,
        alert_url=alert_url,
    )
    try:
        run(
            options,
            ready=lambda url: click.echo(f"ready {url}"),
            say=_say,
        )
    except EmulatorError as error:
        raise CommandError(str(error), exit_code=exits.UNAVAILABLE) from error


def _say(message: str) -> None:
    with contextlib.suppress(OSError):  # whoever read it has gone; the emulator goes on
        click.echo(message, err=True)


if __name__ == "__main__":
    logfire(prog_name="python -m telemetry.cli.emulate")
