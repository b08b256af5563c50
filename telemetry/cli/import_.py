"""``mystage import``: write files that define what is in Logfire already."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from telemetry.cli import CommandError, exits
from telemetry.cli.instances import (
    Choice,
    instance_options,
    open_project,
    shown_progress,
    told_errors,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from telemetry.sync.remote import Observed

_KINDS = ("dashboard", "alert", "channel", "schedule", "slo")


@click.command(
    name="import",
    epilog="""\b
Examples:
  mystage import dashboard checkout
  mystage import alert "Failure rate" --out alerts/failures
  mystage import --all
""",
)
@click.argument("kind", required=False, type=click.Choice(_KINDS, case_sensitive=False))
@click.argument("name", required=False)
@click.option("--all", "everything", is_flag=True, help="Import all, or all of KIND.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    help="The folder to write to [default: dashboards for dashboards, else alerts].",
)
@instance_options
def import_(  # noqa: PLR0913 - one parameter for each option
    *,
    kind: str | None,
    name: str | None,
    everything: bool,
    out: Path | None,
    url: str | None,
    project: str | None,
    data: Path,
) -> int:
    """Write files that define the KIND called NAME as it is in Logfire.

    NAME is a dashboard's slug, an alert's or SLO's name, a channel's or schedule's label. A
    dashboard that a definition cannot say in full is kept as Perses JSON. No file is overwritten.
    """
    if everything == (name is not None) or (kind is None and not everything):
        raise click.UsageError("give KIND and NAME, or --all")
    with told_errors():
        return _save(_read(kind, name, Choice(url, project, data)), out)


def _read(kind: str | None, name: str | None, choice: Choice) -> list[Observed]:
    from telemetry.sync.importing import choose  # noqa: PLC0415 - not for --help
    from telemetry.sync.remote import Reader  # noqa: PLC0415
    from telemetry.sync.resources import Kind  # noqa: PLC0415

    its_kind = None if kind is None else Kind(kind)
    wanted = None if its_kind is None or name is None else [(its_kind, name)]
    with open_project(choice) as (api, its_project), shown_progress() as progress:
        remote = Reader(api, its_project, wanted, progress).read()
    found = list(choose(remote.objects, its_kind, name))
    if not found:
        what = f"no {kind or 'object'}" + (f" {name!r}" if name else "")
        raise CommandError(f"{its_project.name} has {what}")
    return found


def _save(found: Sequence[Observed], out: Path | None) -> int:
    from telemetry.definitions import load_names  # noqa: PLC0415 - not for --help
    from telemetry.errors import SyncError  # noqa: PLC0415
    from telemetry.sync.importing import FOLDERS, save_files, write_definition  # noqa: PLC0415

    names, failed = load_names(), False
    for observed in found:
        try:
            written = write_definition(observed, names)
            folder = out or Path(FOLDERS.get(observed.kind, "alerts"))
            paths = save_files(written, folder)
        except SyncError as error:
            click.echo(f"Error: {error}", err=True)
            failed = True
            continue
        except OSError as error:
            click.echo(f"Error: {error.filename}: {error.strerror}", err=True)
            failed = True
            continue
        for path in paths:
            click.echo(path)
        if written.raw:
            click.echo(f"{paths[0]}: kept as Perses JSON, YAML cannot say all of it", err=True)
        for variable in written.variables:
            click.echo(f"{paths[0]}: put its secret into {variable}", err=True)
    return exits.FINDINGS if failed else exits.OK
