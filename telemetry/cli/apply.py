"""``mystage apply``: carry out a plan."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from telemetry.cli import CommandError, exits
from telemetry.cli.instances import (
    Choice,
    ask,
    check_secrets,
    instance_options,
    open_project,
    print_plan,
    read_definitions,
    shown_progress,
    told_errors,
    yes_option,
)
from telemetry.cli.plan import plan_definitions
from telemetry.errors import ServiceUnreachable
from telemetry.terminal import clean

if TYPE_CHECKING:
    from telemetry.sync.api import Api
    from telemetry.sync.apply import Outcome
    from telemetry.sync.plan import Plan
    from telemetry.sync.remote import Project, Remote


@click.command(
    epilog="""\b
Examples:
  mystage apply
  mystage apply plan.json --yes
"""
)
@click.argument("plan_file", metavar="[PLAN]", required=False, type=click.Path(path_type=Path))
@yes_option
@instance_options
def apply(
    *,
    plan_file: Path | None,
    yes: bool,
    url: str | None,
    project: str | None,
    data: Path,
) -> int:
    """Carry out PLAN, which `mystage plan --out` wrote, or a new plan of dashboards/ and alerts/.

    The plan is shown first. It is carried out only if nothing it changes has changed since; what
    fails is told, does not stop the rest, and is done by the next apply.
    """
    with told_errors():
        definitions = read_definitions(()) if plan_file is None else None
        if definitions is not None:
            check_secrets(definitions)
        saved = _load(plan_file) if plan_file is not None else None
        with open_project(Choice(url, project, data)) as (api, its_project):
            if saved is None:
                assert definitions is not None  # noqa: S101 - one of the two is given
                plan, remote, secrets = plan_definitions(api, its_project, definitions)
            else:
                plan = saved
                remote, secrets = _prepare(api, its_project, plan, plan_file)
            print_plan(plan)
            if not plan.actions:
                return exits.OK
            if not yes:
                if not ask("Do this?", yes=yes):
                    click.echo("nothing was done", err=True)
                    return exits.FINDINGS
                # Whoever was asked took a while.
                remote = _read_again(api, its_project, plan)
            outcome = _carry_out(api, remote, secrets, plan)
    return _tell(outcome)


def _load(file: Path) -> Plan:
    from telemetry.sync.plan_file import load_plan  # noqa: PLC0415 - not for --help

    return load_plan(file)


def _prepare(
    api: Api, project: Project, plan: Plan, file: Path | None
) -> tuple[Remote, dict[str, str]]:
    from telemetry.errors import InvalidPlan  # noqa: PLC0415
    from telemetry.sync.targets import Target, read_secrets  # noqa: PLC0415

    if (api.url, project.id) != (plan.url, plan.project.id):
        raise InvalidPlan(
            f"{file} is a plan for the project {plan.project.name} at {plan.url}, not for"
            f" {project.name} at {api.url}"
        )
    secrets = read_secrets(
        [
            Target(kind=each.kind, identity=each.identity, body=each.body, place=each.place)
            for each in plan.actions
        ]
    )
    api.conceal(secrets.values())
    return _read_again(api, project, plan), secrets


def _read_again(api: Api, project: Project, plan: Plan) -> Remote:
    from telemetry.sync.apply import check_fresh, needed_keys  # noqa: PLC0415
    from telemetry.sync.remote import Reader  # noqa: PLC0415

    with shown_progress() as progress:
        remote = Reader(api, project, needed_keys(plan), progress).read()
    check_fresh(plan, remote)
    return remote


def _carry_out(api: Api, remote: Remote, secrets: dict[str, str], plan: Plan) -> Outcome:
    from telemetry.sync.apply import Applier  # noqa: PLC0415 - not for --help

    with shown_progress() as progress:
        return Applier(api, remote, secrets, progress).apply(plan)


def _tell(outcome: Outcome) -> int:
    from telemetry.sync.plan import Change  # noqa: PLC0415 - not for --help

    added = sum(action.change is Change.ADD for action in outcome.done)
    click.echo(f"done: {added} added, {len(outcome.done) - added} changed")
    for failure in outcome.failures:
        action = failure.action
        click.echo(
            f"failed: {action.kind.title} {clean(action.identity)}: {clean(str(failure.error))}",
            err=True,
        )
    if outcome.skipped:
        click.echo(f"not tried after that: {len(outcome.skipped)}", err=True)
    if outcome.trouble is not None:
        click.echo(f"what mystage keeps for itself: {outcome.trouble}", err=True)
    errors = [failure.error for failure in outcome.failures]
    errors += [outcome.trouble] if outcome.trouble is not None else []
    if not errors:
        return exits.OK
    unreachable = any(isinstance(error, ServiceUnreachable) for error in errors)
    raise CommandError(
        "not everything is done: apply again, it goes on where this stopped",
        exit_code=exits.UNAVAILABLE if unreachable else exits.FINDINGS,
    )
