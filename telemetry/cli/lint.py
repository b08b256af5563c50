"""``mystage lint``: find what is wrong with dashboards and alerts before they are deployed."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from telemetry.cli import CommandError, exits

if TYPE_CHECKING:
    from telemetry.lint.linter import Report


@click.command(
    epilog="""\b
Examples:
  mystage lint
  mystage lint dashboards/service-health.yaml
  mystage lint --format github
  mystage lint --format sarif > lint.sarif
  mystage lint --fix
  mystage lint --explain MS011

\b
To silence a rule for a file, in SQL (in YAML behind #):
  -- lint: ignore MS017 (forty stages at most) until 2027-01-31
"""
)
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option(
    "--format",
    "output",
    type=click.Choice(["text", "json", "github", "sarif"]),
    default="text",
    show_default=True,
    help="How to print the findings.",
)
@click.option("--fix", "wants_fix", is_flag=True, help="Mend what can be mended without a doubt.")
@click.option("--no-cache", is_flag=True, help="Judge each query anew.")
@click.option("--rules", "wants_rules", is_flag=True, help="List the rules, and end.")
@click.option("--explain", metavar="CODE", help="Print a rule's documentation, and end.")
def lint(  # noqa: PLR0913 - one parameter for each option
    *,
    paths: tuple[Path, ...],
    output: str,
    wants_fix: bool,
    no_cache: bool,
    wants_rules: bool,
    explain: str | None,
) -> int:
    """Find what is wrong with dashboards and alerts, offline.

    PATHS are folders and files; without any, dashboards and alerts of this folder. Exit codes: 0
    nothing found, 1 findings, 64 wrong usage.
    """
    if wants_rules:
        return _print_rules()
    if explain is not None:
        return _explain(explain)
    report = run(paths, no_cache=no_cache)
    if wants_fix:
        from telemetry.lint.fixing import fix_all  # noqa: PLC0415 - not for --help

        report, made = fix_all(report, lambda: run(paths, no_cache=no_cache))
        for file, count in made.items():
            click.echo(f"{file}: {count} mended", err=True)
    show(report, output)
    return exits.FINDINGS if report.findings else exits.OK


def run(paths: tuple[Path, ...], *, no_cache: bool) -> Report:
    """Lint paths, or what this folder has.

    Raises:
        CommandError: There is nothing to lint.
    """
    # Logfire's plugin of pydantic would trace our models, and takes a third of a second to load.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "logfire-plugin")

    from telemetry.definitions.declarations import load_names  # noqa: PLC0415 - not for --help
    from telemetry.lint.cache import CACHE  # noqa: PLC0415
    from telemetry.lint.linter import default_paths  # noqa: PLC0415
    from telemetry.lint.linter import lint as find  # noqa: PLC0415

    found = list(paths) or default_paths()
    if not found:
        raise CommandError(
            "there are no folders dashboards and alerts here: go to the project's folder, or name"
            " paths",
            exit_code=exits.USAGE,
        )
    for path in found:
        if not path.exists():
            raise CommandError(f"{path}: no such file or folder", exit_code=exits.USAGE)
    return find(found, load_names(), cache=None if no_cache else CACHE)


def show(report: Report, output: str) -> None:
    """Print a report."""
    from telemetry.lint import output as formats  # noqa: PLC0415 - not for --help
    from telemetry.lint.sarif import as_sarif  # noqa: PLC0415

    if output == "json":
        click.echo(formats.as_json(report))
    elif output == "sarif":
        click.echo(as_sarif(report))
    elif output == "github":
        for line in formats.github_lines(report):
            click.echo(line)
    else:
        is_terminal = sys.stdout.isatty()
        lines = formats.terminal_lines if is_terminal else formats.plain_lines
        for line in lines(report):
            click.echo(line)
        click.echo(formats.summary(report), err=not is_terminal)


def _print_rules() -> int:
    from telemetry.lint.registry import all_rules  # noqa: PLC0415 - not for --help

    width = max(len(rule.name) for rule in all_rules())
    for rule in all_rules():
        click.echo(f"{rule.code}  {rule.name:<{width}}  {rule.title()}")
    return exits.OK


def _explain(code: str) -> int:
    from telemetry.lint.registry import find_rule  # noqa: PLC0415 - not for --help

    rule = find_rule(code)
    if rule is None:
        raise CommandError(
            f"there is no rule {code}: `mystage lint --rules` lists them", exit_code=exits.USAGE
        )
    click.echo(f"{rule.code} {rule.name}\n\n{rule.documentation()}")
    return exits.OK
