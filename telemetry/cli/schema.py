"""``mystage schema``: the JSON schema of definitions, for editors."""

from __future__ import annotations

import json

import click


@click.command(
    epilog="""\b
Examples:
  mystage schema > .mystage.schema.json

Then, in the first line of a definition:
\b
  # yaml-language-server: $schema=../.mystage.schema.json
"""
)
def schema() -> None:
    """Print the JSON schema of dashboards, alerts and the rest.

    Editors that know YAML complete keys by it and underline mistakes.
    """
    from telemetry.definitions.editors import make_schema  # noqa: PLC0415 - not for --help

    click.echo(json.dumps(make_schema(), indent=1))
