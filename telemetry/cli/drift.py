"""``mystage drift``: show what differs from the definitions, and who changed it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from telemetry.cli import exits
from telemetry.cli.instances import (
    Choice,
    check_secrets,
    instance_options,
    json_option,
    open_project,
    paths_argument,
    read_definitions,
    told_errors,
)
from telemetry.cli.plan import plan_definitions
from telemetry.terminal import clean

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from telemetry.sync.drift import Drift


@click.command()
@paths_argument
@json_option
@instance_options
def drift(
    *,
    paths: tuple[Path, ...],
    as_json: bool,
    url: str | None,
    project: str | None,
    data: Path,
) -> int:
    """Show what of mystage's in Logfire differs from what PATHs define, and who changed it.

    PATHs are files and folders, by default dashboards/ and alerts/. Exits with 1 where something
    differs.
    """
    from telemetry.sync.drift import find_drift  # noqa: PLC0415 - not for --help

    with told_errors():
        definitions = read_definitions(paths)
        check_secrets(definitions)
        with open_project(Choice(url, project, data)) as (api, its_project):
            plan, remote, _ = plan_definitions(api, its_project, definitions)
    drifts = find_drift(plan, remote)
    if as_json:
        document = {
            "url": plan.url,
            "project": {"id": plan.project.id, "name": plan.project.name},
            "drift": [each.describe() for each in drifts],
        }
        click.echo(json.dumps(document, ensure_ascii=False))
    else:
        _print(drifts)
    return exits.FINDINGS if drifts else exits.OK


def _print(drifts: Sequence[Drift]) -> None:

    for drift in drifts:
        click.echo(clean(drift.title))
        for line in drift.diff:
            click.echo(f"    {line}")
        click.echo()
    click.echo(f"{len(drifts)} differ from their definitions" if drifts else "nothing differs")
