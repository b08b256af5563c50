"""``mystage test``: the unit tests of alerts and of dashboards' panels."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from telemetry.cli import CommandError, exits

if TYPE_CHECKING:
    from collections.abc import Sequence

    from telemetry.alerting.case_files import LocatedCase
    from telemetry.alerting.runner import Result
    from telemetry.alerting.subjects import PanelQuery, Subject
    from telemetry.definitions import Alert

    Subjects = dict[Subject, Alert | PanelQuery]

_PROGRESS = 50


@click.command(
    epilog="""\b
Examples:
  mystage test
  mystage test alerts/pipeline/error-rate.test.yaml dashboards/service-health
  mystage test --coverage --min-coverage 100
  mystage test --junit alerts.xml
"""
)
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path, exists=True))
@click.option("--match", default="", help="Only tests whose alert, panel or name contains this.")
@click.option(
    "--junit", type=click.Path(path_type=Path, dir_okay=False), help="Write JUnit's XML to a file."
)
@click.option(
    "--coverage", "wants_coverage", is_flag=True, help="Say which alerts and panels lack a test."
)
@click.option(
    "--min-coverage",
    type=click.FloatRange(0, 100),
    help=(
        "Fail where fewer percent of all have tests: of an alert one that fires and one that does"
        " not, of a panel one with rows."
    ),
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def test(  # noqa: PLR0913 - one parameter for each option
    *,
    paths: tuple[Path, ...],
    match: str,
    junit: Path | None,
    wants_coverage: bool,
    min_coverage: float | None,
    as_json: bool,
) -> int:
    """Run the unit tests of alerts and panels: their real SQL, on the real engine.

    PATHS are folders, and files named *.test.yaml; without any, dashboards and alerts of this
    folder. Exit codes: 0 all passed, 1 some did not, 64 wrong usage.
    """
    from telemetry.alerting import reports  # noqa: PLC0415 - not for --help
    from telemetry.alerting.coverage import measure_coverage  # noqa: PLC0415

    began = time.perf_counter()
    subjects, cases = _load(paths, match)
    results = _run(cases, subjects, quiet=as_json)
    seconds = time.perf_counter() - began
    coverage = measure_coverage(results, subjects)
    if junit is not None:
        try:
            junit.write_bytes(reports.as_junit(results, seconds))
        except OSError as error:
            raise CommandError(f"{junit} cannot be written: {error.strerror}") from error
    if as_json:
        click.echo(json.dumps(reports.as_json(results, coverage), ensure_ascii=False))
    else:
        click.echo(reports.summary(results, seconds))
        for line in coverage.lines() if wants_coverage or min_coverage is not None else ():
            click.echo(line)
    short = min_coverage is not None and coverage.percent < min_coverage
    if short:
        click.echo(f"coverage is below {min_coverage:g} %", err=True)
    return exits.FINDINGS if short or any(not each.passed for each in results) else exits.OK


def _load(paths: Sequence[Path], match: str) -> tuple[Subjects, list[LocatedCase]]:
    """Return the alerts and panels, and the tests that are asked for.

    Raises:
        CommandError: Some cannot be read, or test what there is not.
    """
    from telemetry.alerting.case_files import find_strays, folder_of, load_cases  # noqa: PLC0415 - not for --help
    from telemetry.alerting.subjects import subjects_of  # noqa: PLC0415
    from telemetry.definitions import FOLDERS, load_definitions, load_names  # noqa: PLC0415
    from telemetry.definitions.loader import find_repeats  # noqa: PLC0415

    given = list(paths) or [Path(each) for each in FOLDERS if Path(each).is_dir()]
    if not given:
        raise CommandError(
            "there are no folders dashboards and alerts here: go to the project's folder, or name"
            " paths",
            exit_code=exits.USAGE,
        )
    names = load_names()
    definitions = load_definitions(dict.fromkeys(map(folder_of, given)), names)
    subjects = subjects_of(definitions)
    read = load_cases(given, names)
    problems = [*definitions.problems, *find_repeats(definitions), *read.problems]
    problems += find_strays(read.cases, subjects)
    if problems:
        raise CommandError("\n".join(map(str, sorted(problems))))
    wanted = match.casefold()
    cases = [
        each for each in read.cases if wanted in f"{each.subject.title} {each.case.name}".casefold()
    ]
    if match and not cases:
        raise CommandError(f"no test's alert, panel or name contains {match!r}")
    return subjects, cases


def _run(cases: Sequence[LocatedCase], subjects: Subjects, *, quiet: bool) -> list[Result]:
    """Run tests; tell failures as they happen, and on a terminal how far it has come."""
    from telemetry.alerting.reports import failure_lines  # noqa: PLC0415 - not for --help
    from telemetry.alerting.runner import run_cases  # noqa: PLC0415

    results = []
    hidden = quiet or len(cases) < _PROGRESS or not sys.stdout.isatty()
    with click.progressbar(run_cases(cases, subjects), length=len(cases), hidden=hidden) as running:
        for result in running:
            results.append(result)
            if not result.passed and not quiet:
                for line in failure_lines(result):
                    click.echo(line)
    return results
