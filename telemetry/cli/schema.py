"""``mystage schema``: the JSON schemas of definitions and of their tests, for editors."""

from __future__ import annotations

import json

import click


@click.command(
    epilog="""\b
Examples:
  mystage schema > .mystage.schema.json
  mystage schema tests > .mystage.tests.schema.json

Then, in the first line of a definition, or of a file of tests:
\b
  # yaml-language-server: $schema=../.mystage.schema.json
"""
)
@click.argument(
    "what", type=click.Choice(["definitions", "tests"]), default="definitions", required=False
)
def schema(*, what: str) -> None:
    """Print the JSON schema of dashboards, alerts and the rest, or of their tests.

    Editors that know YAML complete keys by it and underline mistakes.
    """
    if what == "tests":
        from telemetry.alerting.editors import make_schema  # noqa: PLC0415 - not for --help
    else:
        from telemetry.definitions.editors import make_schema  # noqa: PLC0415
    click.echo(json.dumps(make_schema(), indent=1))
