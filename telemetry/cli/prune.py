"""``mystage prune``: delete what mystage wrote and no definition has any more."""

from __future__ import annotations

from pathlib import Path

import click

from telemetry.cli import CommandError, exits
from telemetry.cli.instances import (
    Choice,
    ask,
    instance_options,
    open_project,
    paths_argument,
    print_plan,
    read_definitions,
    shown_progress,
    told_errors,
    yes_option,
)
from telemetry.errors import ServiceUnreachable
from telemetry.terminal import clean


@click.command()
@paths_argument
@click.option(
    "--max",
    "most",
    type=click.IntRange(0),
    default=5,
    show_default=True,
    help="Refuse to delete more than this.",
)
@yes_option
@instance_options
def prune(  # noqa: PLR0913 - one parameter for each option
    *,
    paths: tuple[Path, ...],
    most: int,
    yes: bool,
    url: str | None,
    project: str | None,
    data: Path,
) -> int:
    """Delete what mystage wrote and none of PATHs defines any more; never anything else.

    PATHs have to be all that is applied to the project: by default dashboards/ and alerts/, which
    have to be there. With PATHs, only kinds that they define are deleted.
    """
    from telemetry.definitions import FOLDERS  # noqa: PLC0415 - not for --help
    from telemetry.sync.pruning import Pruner  # noqa: PLC0415
    from telemetry.sync.targets import make_targets  # noqa: PLC0415

    if not paths and (missing := [each for each in FOLDERS if not Path(each).is_dir()]):
        raise CommandError(
            f"there is no folder {missing[0]} here, and what it defined would be deleted: name"
            " PATHs if that is meant",
            exit_code=exits.USAGE,
        )
    with told_errors():
        targets = make_targets(read_definitions(paths))
        if not targets:
            raise CommandError("nothing is defined there: is this the right folder?")
        with open_project(Choice(url, project, data)) as (api, its_project):
            pruner = Pruner(api, its_project)
            with shown_progress() as progress:
                kinds = {target.kind for target in targets} if paths else None
                plan, kept = pruner.plan(targets, progress, kinds)
            for line in kept:
                click.echo(clean(line), err=True)
            print_plan(plan)
            if len(plan.actions) > most:
                raise CommandError(
                    f"{len(plan.actions)} would be deleted, and at most {most} may be: is all"
                    " defined that should be? If so, say --max"
                )
            if not plan.actions:
                return exits.OK
            if not ask("Delete these?", yes=yes):
                click.echo("nothing was deleted", err=True)
                return exits.FINDINGS
            outcome = pruner.delete(plan)
    click.echo(f"done: {len(outcome.done)} deleted")
    for failure in outcome.failures:
        action = failure.action
        click.echo(
            f"failed: {action.kind.title} {clean(action.identity)}: {clean(str(failure.error))}",
            err=True,
        )
    errors = [failure.error for failure in outcome.failures]
    errors += [outcome.trouble] if outcome.trouble is not None else []
    if not errors:
        return exits.OK
    unreachable = any(isinstance(error, ServiceUnreachable) for error in errors)
    raise CommandError(
        "not everything is deleted" + (f": {outcome.trouble}" if outcome.trouble else ""),
        exit_code=exits.UNAVAILABLE if unreachable else exits.FINDINGS,
    )
