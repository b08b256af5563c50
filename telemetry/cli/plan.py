"""``mystage plan``: show what has to change for Logfire to hold what the definitions say."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from telemetry.cli import CommandError, exits
from telemetry.cli.durations import DURATION
from telemetry.cli.instances import (
    Choice,
    check_secrets,
    instance_options,
    json_option,
    open_project,
    paths_argument,
    print_plan,
    read_definitions,
    shown_progress,
    told_errors,
)

if TYPE_CHECKING:
    from telemetry.definitions import Definitions
    from telemetry.sync.api import Api
    from telemetry.sync.pictures import Pictures
    from telemetry.sync.plan import Plan
    from telemetry.sync.remote import Project, Remote

_CHANGES = 2
"""The exit code that says that there is something to do."""

_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command(
    epilog="""\b
Examples:
  mystage plan
  mystage plan dashboards/pipeline --json
  mystage plan --out plan.json --markdown comment.md --detailed-exitcode
  mystage plan --markdown review/plan.md --pictures review/panels --last 24h
"""
)
@paths_argument
@json_option
@click.option("--out", type=_FILE, help="Write the plan to a file for `mystage apply FILE`.")
@click.option("--markdown", type=_FILE, help="Write it as Markdown, for a pull request's comment.")
@click.option(
    "--pictures",
    type=click.Path(path_type=Path, file_okay=False),
    help="Draw each panel that changes, before and after, into a folder, and show them in the"
    " Markdown.",
)
@click.option(
    "--last",
    type=DURATION,
    help="How far back pictures look [default: as the dashboard].",
)
@click.option("--detailed-exitcode", is_flag=True, help="Exit with 2 where there are changes.")
@instance_options
def plan(  # noqa: PLR0913 - one parameter for each option
    *,
    paths: tuple[Path, ...],
    as_json: bool,
    out: Path | None,
    markdown: Path | None,
    pictures: Path | None,
    last: float | None,
    detailed_exitcode: bool,
    url: str | None,
    project: str | None,
    data: Path,
) -> int:
    """Show what has to change for Logfire to hold what PATHs define.

    PATHs are files and folders, by default dashboards/ and alerts/. Nothing is written, and a plan
    never deletes: see `mystage prune`.

    Pictures show the rows of the emulator that the plan is for; of Logfire with LOGFIRE_READ_TOKEN.
    """
    if pictures is not None and markdown is None:
        raise click.UsageError("--pictures are shown in the Markdown: name its file by --markdown")
    if last is not None and pictures is None:
        raise click.UsageError("--last is how far back --pictures look: name their folder")
    from telemetry.sync.markdown import write_markdown  # noqa: PLC0415 - not for --help
    from telemetry.sync.plan_file import replace_file, save_plan  # noqa: PLC0415
    from telemetry.sync.texts import describe_plan  # noqa: PLC0415

    with told_errors():
        definitions = read_definitions(paths)
        check_secrets(definitions)
        with open_project(Choice(url, project, data)) as (api, its_project):
            made, _, _ = plan_definitions(api, its_project, definitions)
    drawn = {} if pictures is None else _draw(made, pictures, data, last)
    try:
        if out is not None:
            save_plan(made, out)
        if markdown is not None:
            replace_file(markdown, write_markdown(made, drawn, _lead(markdown, pictures)))
    except OSError as error:
        raise CommandError(f"{error.filename} cannot be written: {error.strerror}") from error
    if as_json:
        click.echo(json.dumps(describe_plan(made), ensure_ascii=False))
    else:
        print_plan(made)
    return _CHANGES if detailed_exitcode and made.actions else exits.OK


def _draw(plan: Plan, folder: Path, data: Path, seconds: float | None) -> Pictures:
    """Write the pictures of the panels that a plan changes, and return them.

    Raises:
        CommandError: The disk refuses.
    """
    from telemetry.cli.plan_pictures import draw_pictures  # noqa: PLC0415 - not for every plan
    from telemetry.sync.pictures import save_pictures  # noqa: PLC0415

    drawn = draw_pictures(plan, data, seconds)
    try:
        save_pictures(drawn, folder)
    except OSError as error:
        raise CommandError(f"{error.filename} cannot be written: {error.strerror}") from error
    return drawn


def _lead(markdown: Path, pictures: Path | None) -> str:
    """Return where pictures are, as seen from the Markdown."""
    if pictures is None:
        return ""
    return Path(os.path.relpath(pictures, markdown.parent)).as_posix()


def plan_definitions(
    api: Api, project: Project, definitions: Definitions
) -> tuple[Plan, Remote, dict[str, str]]:
    """Return the plan for definitions, what it was made of, and the secrets it needs.

    Raises:
        SyncError: There can be no plan.
    """
    from telemetry.sync.plan import make_plan  # noqa: PLC0415 - not for --help
    from telemetry.sync.remote import Reader  # noqa: PLC0415
    from telemetry.sync.targets import make_targets, read_secrets  # noqa: PLC0415

    targets = make_targets(definitions)
    secrets = read_secrets(targets)
    api.conceal(secrets.values())
    with shown_progress() as progress:
        remote = Reader(api, project, [target.key for target in targets], progress).read()
    return make_plan(api.url, targets, remote, secrets), remote, secrets
