"""``mystage check``: everything that can be wrong offline, and who would suffer from it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from telemetry.cli import exits
from telemetry.cli.lint import run, show

if TYPE_CHECKING:
    from telemetry.lint.linter import Report


_DECLARED: Final = ("metric ", "span ", "attribute ", "value ")
"""What code declares; tables, columns and functions are Logfire's."""


@click.command(
    epilog="""\b
Examples:
  mystage check
  mystage check --format github
"""
)
@click.option(
    "--format",
    "output",
    type=click.Choice(["text", "json", "github", "sarif"]),
    default="text",
    show_default=True,
    help="How to print the findings.",
)
@click.option("--no-cache", is_flag=True, help="Judge each query anew.")
def check(*, output: str, no_cache: bool) -> int:
    """Check dashboards and alerts against the code.

    Beside all that `mystage lint` finds, it names each panel and alert that uses a metric, span or
    attribute which no code declares: after a name is changed in the code, those would have died.
    Exit codes: 0 nothing found, 1 findings, 64 wrong usage.
    """
    report = run((), no_cache=no_cache)
    show(report, output)
    if output == "text":
        for line in unknown_names(report):
            click.echo(line)
    return exits.FINDINGS if report.findings else exits.OK


def unknown_names(report: Report) -> list[str]:
    """Return a line for each unknown name, with everything that uses it."""
    return [
        f"{name}: not declared. Used by {'; '.join(users)}"
        for name, users in report.users.items()
        if name.startswith(_DECLARED)
    ]
