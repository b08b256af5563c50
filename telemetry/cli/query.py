"""``mystage query``: ask the emulator, or Logfire itself, in SQL."""

from __future__ import annotations

import csv
import io
import json
import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import click

from telemetry.cli import CommandError
from telemetry.cli.durations import DURATION
from telemetry.cli.sources import Bindings, ask_source, open_client, source_options
from telemetry.errors import InvalidSql
from telemetry.terminal import clean, on_one_line

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_MAX_LIMIT: Final = 10_000
"""https://logfire.pydantic.dev/docs/how-to-guides/query-api/#additional-configuration"""


@click.command(
    epilog="""\b
Examples:
  mystage query "SELECT span_name, count(*) AS n FROM records GROUP BY 1 ORDER BY 2 DESC"
  mystage query "SELECT message, attributes->>'stage' AS stage FROM records WHERE level >= 'error'"
  mystage query --last 7d --format csv --limit 10000 --file failures.sql > failures.csv
  mystage query --file funnel.sql --resolution '5 minutes' --var service=sourcing
  mystage query --source logfire "SELECT count(*) FROM records"
"""
)
@click.argument("sql", required=False)
@click.option(
    "--file",
    type=click.File(encoding="utf-8"),
    help="Read the SQL from a file, or from standard input with '-'.",
)
@click.option(
    "--last",
    type=DURATION,
    default="24h",
    show_default=True,
    help="How far back to look, as 30m, 24h or 7d.",
)
@click.option(
    "--format",
    "output",
    type=click.Choice(["table", "json", "csv"]),
    default="table",
    show_default=True,
    help="How to print the rows. JSON is one document: columns and rows.",
)
@click.option(
    "--limit",
    type=click.IntRange(1, _MAX_LIMIT),
    default=100,
    show_default=True,
    help="How many rows to give at most.",
)
@click.option("--timezone", help="Time zone of the query, as Europe/Paris [default: UTC].")
@click.option(
    "--environment",
    "environments",
    multiple=True,
    help="Only rows of this deployment environment; '' for those without one. May be repeated.",
)
@click.option(
    "--var",
    "variables",
    type=Bindings(),
    multiple=True,
    help="Value of a dashboard variable, $NAME in the SQL. The same name again makes a list.",
)
@click.option("--resolution", default="1 minute", show_default=True, help="Value of $resolution.")
@source_options
def query(  # noqa: PLR0913 - one parameter for each option
    *,
    sql: str | None,
    file: Any,
    last: float,
    output: str,
    source: str,
    limit: int,
    timezone: str | None,
    environments: tuple[str, ...],
    variables: tuple[tuple[str, str], ...],
    resolution: str,
    data: Path,
    url: str | None,
) -> None:
    """Ask the telemetry in SQL, as Logfire takes it.

    The tables are records, records_all and metrics: docs/sql.md tells what is in them.
    """
    sql = _read_sql(sql, file)
    arguments: dict[str, Any] = {
        "sql": _render(sql, variables, resolution),
        "min_timestamp": datetime.now(UTC) - timedelta(seconds=last),
        "limit": limit,
        "timezone": timezone,
        "environment": list(environments) or None,
    }
    with open_client(source, data, url) as client:
        if output == "csv":
            text: str = ask_source(client.query_csv, client.base_url, arguments)
            click.echo(text, nl=False)
            count = sum(1 for _ in csv.reader(io.StringIO(text))) - 1
        else:
            result = ask_source(client.query_json_rows, client.base_url, arguments)
            count = len(result["rows"])
            if output == "json":
                click.echo(json.dumps(result, ensure_ascii=False))
            else:
                _print_table(result["columns"], result["rows"])
    if count >= limit:
        click.echo(f"{limit} rows, which is the limit: there may be more (--limit)", err=True)


def _read_sql(sql: str | None, file: Any) -> str:
    if (sql is None) == (file is None):
        raise click.UsageError("give the SQL either as an argument or with --file")
    if sql is not None:
        return sql
    try:
        text: str = file.read()
    except UnicodeDecodeError as error:
        raise click.UsageError(f"{file.name} is no UTF-8 text: {error}") from error
    return text


def _render(sql: str, variables: Sequence[tuple[str, str]], resolution: str) -> str:
    if "$" not in sql:
        return sql
    from telemetry.sql.resolution import render  # noqa: PLC0415 - loads sqlglot

    values: dict[str, str | list[str]] = {}
    for name, value in variables:
        before = values.get(name)
        if before is None:
            values[name] = value
        else:
            values[name] = [*([before] if isinstance(before, str) else before), value]
    try:
        return render(sql, values, resolution)
    except InvalidSql as error:
        raise CommandError(f"{error}. Give variables with --var NAME=VALUE") from error


def _print_table(columns: Sequence[Any], rows: Sequence[dict[str, Any]]) -> None:
    from rich.console import Console  # noqa: PLC0415 - not for --help
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    names = [column["name"] for column in columns]
    if not sys.stdout.isatty():
        # For a program: one row a line, tabs between values, nothing cut.
        for line in (names, *([_cell(row[name]) for name in names] for row in rows)):
            click.echo("\t".join(on_one_line(value) for value in line))
        return
    table = Table(box=None, header_style="bold")
    for column in columns:
        numeric = rows and all(isinstance(row[column["name"]], int | float) for row in rows)
        table.add_column(Text(column["name"]), justify="right" if numeric else "left")
    for row in rows:
        table.add_row(*(Text(_cell(row[name])) for name in names))
    Console().print(table)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return clean(text)
