"""``mystage preview``: a dashboard as a page or a picture, with the rows there are."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from telemetry.cli import CommandError, exits
from telemetry.cli.durations import DURATION
from telemetry.cli.sources import Bindings, ask_rows, open_client, source_options

if TYPE_CHECKING:
    from telemetry.definitions import Dashboard
    from telemetry.preview.views import DashboardView

_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command(
    epilog="""\b
Examples:
  mystage preview pipeline-funnel
  mystage preview dashboards/service-health.yaml --html health.html --var service=sourcing
  mystage preview entity-creation --png entities.png --last 7d --dark
  mystage preview pipeline-funnel --source logfire --svg funnel.svg
"""
)
@click.argument("dashboard")
@click.option("--html", type=_FILE, help="Write a page [default: DASHBOARD.html].")
@click.option("--png", type=_FILE, help="Write a picture.")
@click.option("--svg", type=_FILE, help="Write a picture that stays sharp.")
@click.option("--dark", is_flag=True, help="Draw pictures on black; a page follows its reader.")
@click.option("--last", type=DURATION, help="How far back to look [default: as the dashboard].")
@click.option(
    "--var",
    "variables",
    type=Bindings(),
    multiple=True,
    help="Value of a dashboard variable. The same name again makes a list.",
)
@click.option("--resolution", help="Value of $resolution [default: what fits the time].")
@source_options
def preview(  # noqa: PLR0913 - one parameter for each option
    *,
    dashboard: str,
    html: Path | None,
    png: Path | None,
    svg: Path | None,
    dark: bool,
    last: float | None,
    variables: tuple[tuple[str, str], ...],
    resolution: str | None,
    source: str,
    data: Path,
    url: str | None,
) -> int:
    """Draw DASHBOARD, a slug or a file, with the rows that its queries return.

    Exit codes: 0 drawn, 1 drawn with panels whose query cannot be run, 64 wrong usage, 69 nobody
    to ask.
    """
    found = _find_dashboard(dashboard)
    given: dict[str, list[str]] = {}
    for name, value in variables:
        given.setdefault(name, []).append(value)
    seconds = last or float(found.duration)
    view = _fill(found, seconds, given, resolution, (source, data, url))
    if not (html or png or svg):
        html = Path(f"{found.slug}.html")
    _write(view, html=html, png=png, svg=svg, dark=dark)
    failed = [each for each in view.views if each.error]
    for each in failed:
        click.echo(f"{each.panel.name}: {each.error}", err=True)
    return exits.FINDINGS if failed else exits.OK


def _find_dashboard(wanted: str) -> Dashboard:
    """Return a dashboard by its slug or its file.

    Raises:
        CommandError: There is none, or it cannot be read.
    """
    from difflib import get_close_matches  # noqa: PLC0415 - not for --help

    from telemetry.definitions import (  # noqa: PLC0415
        FOLDERS,
        Dashboard,
        load_definitions,
        load_names,
    )

    path = Path(wanted)
    paths = [path] if path.is_file() else [Path(each) for each in FOLDERS if Path(each).is_dir()]
    definitions = load_definitions(paths, load_names())
    if definitions.problems:
        raise CommandError("\n".join(map(str, definitions.problems)))
    known = {each.model.slug: each.model for each in definitions.dashboards}
    found = next(iter(known.values()), None) if path.is_file() else known.get(wanted)
    if found is None:
        nearest = get_close_matches(wanted, known, 1)
        hint = f"Nearest: {nearest[0]}" if nearest else f"There are {', '.join(known) or 'none'}"
        raise CommandError(f"there is no dashboard {wanted!r}. {hint}", exit_code=exits.USAGE)
    if not isinstance(found, Dashboard):
        raise CommandError(
            f"{found.slug} is Perses JSON, which cannot be drawn: import it as YAML with"
            f" `mystage import dashboard {found.slug}`"
        )
    return found


def _fill(
    dashboard: Dashboard,
    seconds: float,
    variables: dict[str, list[str]],
    resolution: str | None,
    where: tuple[str, Path, str | None],
) -> DashboardView:
    from telemetry.preview.asking import Choice, fill_dashboard  # noqa: PLC0415 - not for --help

    until = datetime.now(UTC)
    since = until - timedelta(seconds=seconds)
    declared = {each.name for each in dashboard.variables}
    declared |= {each.name for panel in dashboard.panels for each in panel.variables}
    if unknown := sorted(set(variables) - declared):
        known = ", ".join(sorted(declared)) or "none"
        raise CommandError(
            f"the dashboard has no variable {unknown[0]!r}: there are {known}",
            exit_code=exits.USAGE,
        )
    with open_client(*where) as client:
        choice = Choice(since=since, until=until, variables=variables, resolution=resolution)
        return fill_dashboard(dashboard, lambda sql: ask_rows(client, sql, since), choice)


def _write(
    view: DashboardView, *, html: Path | None, png: Path | None, svg: Path | None, dark: bool
) -> None:
    """Write what is asked for, and say where.

    Raises:
        CommandError: The disk refuses.
    """
    from telemetry.preview.pages import write_page  # noqa: PLC0415 - not for --help
    from telemetry.preview.pictures import draw_dashboard, to_png  # noqa: PLC0415
    from telemetry.preview.themes import DARK, LIGHT  # noqa: PLC0415

    made: list[tuple[Path, bytes]] = []
    if html is not None:
        made.append((html, write_page(view).encode()))
    if svg is not None or png is not None:
        drawn = draw_dashboard(view, DARK if dark else LIGHT)
        if svg is not None:
            made.append((svg, drawn.encode()))
        if png is not None:
            made.append((png, to_png(drawn)))
    for path, content in made:
        try:
            path.write_bytes(content)
        except OSError as error:
            raise CommandError(f"{path} cannot be written: {error.strerror}") from error
        click.echo(path)
