"""What the verbs share that work on a project of Logfire's, or of its emulator."""

from __future__ import annotations

import contextlib
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from telemetry.cli import CommandError, exits
from telemetry.errors import (
    InvalidDefinitions,
    InvalidPlan,
    ServiceUnreachable,
    SyncError,
    TelemetryError,
)
from telemetry.terminal import clean

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from telemetry.definitions import Definitions
    from telemetry.sync.api import Api
    from telemetry.sync.plan import Plan
    from telemetry.sync.remote import Progress, Project

F = TypeVar("F", bound="Callable[..., Any]")

_ANSWERS: Final = frozenset({"y", "yes"})


@dataclass(frozen=True, slots=True)
class Choice:
    """Hold what the command line says about where to work."""

    url: str | None
    project: str | None
    data: Path


def instance_options(function: F) -> F:
    """Add the options that say where to work; they come as ``url``, ``project`` and ``data``."""
    for option in (
        click.option(
            "--data",
            type=click.Path(path_type=Path, file_okay=False),
            default=Path(".mystage"),
            envvar="MYSTAGE_DATA",
            show_default=True,
            help="The folder whose emulator to use, where nothing names an address or a key.",
        ),
        click.option(
            "--project",
            envvar="LOGFIRE_PROJECT",
            show_envvar=True,
            help="The project's name; not needed where there is one only.",
        ),
        click.option(
            "--url",
            help="Where the management API is [default: LOGFIRE_BASE_URL, or what the key in"
            " LOGFIRE_API_KEY says, or the emulator of --data].",
        ),
    ):
        function = option(function)
    return function


def paths_argument(function: F) -> F:
    """Add the files and folders with definitions; they come as ``paths``."""
    argument = click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
    return argument(function)


yes_option = click.option("--yes", is_flag=True, help="Do it without asking.")
json_option = click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON document instead of text."
)


@contextlib.contextmanager
def told_errors() -> Iterator[None]:
    """Tell the toolkit's errors in the block as errors of the command."""
    try:
        yield
    except ServiceUnreachable as error:
        raise CommandError(str(error), exit_code=exits.UNAVAILABLE) from error
    except InvalidPlan as error:
        raise CommandError(str(error)) from error
    except InvalidDefinitions as error:
        raise CommandError(f"the definitions cannot be used:\n{error}") from error
    except SyncError as error:
        raise CommandError(str(error)) from error
    except TelemetryError as error:
        raise CommandError(str(error)) from error


@contextlib.contextmanager
def open_project(choice: Choice) -> Iterator[tuple[Api, Project]]:
    """Connect to the project that is meant.

    Raises:
        SyncError: There is none, or it does not answer.
    """
    from telemetry.sync.instance import choose_instance  # noqa: PLC0415 - not for --help
    from telemetry.sync.remote import find_project  # noqa: PLC0415

    instance = choose_instance(choice.url, choice.data, os.environ)
    if not instance.local and instance.url.startswith("http://"):
        click.echo(f"warning: the key goes to {instance.url} unencrypted", err=True)
    with instance.connect() as api:
        yield api, find_project(api, choice.project)


def read_definitions(paths: Sequence[Path]) -> Definitions:
    """Return all definitions of the paths, or of the usual folders.

    Raises:
        InvalidDefinitions: One of them cannot be used.
    """
    from telemetry.definitions import FOLDERS, load_definitions, load_names  # noqa: PLC0415

    if not paths:
        usual = [Path(folder) for folder in FOLDERS]
        paths = [folder for folder in usual if folder.is_dir()]
        if not paths:
            raise CommandError(
                f"there are no folders {' and '.join(FOLDERS)} here: go to the project's folder, or"
                " name paths",
                exit_code=exits.USAGE,
            )
    for path in paths:
        if not path.exists():
            raise CommandError(f"{path}: no such file or folder", exit_code=exits.USAGE)
    return load_definitions(paths, load_names()).check()


def check_secrets(definitions: Definitions) -> None:
    """Look whether all secrets are there, before anything is asked.

    Raises:
        InvalidTarget: Some are not; it names all of them.
    """
    from telemetry.sync.targets import make_targets, read_secrets  # noqa: PLC0415 - not for --help

    read_secrets(make_targets(definitions))


@contextlib.contextmanager
def shown_progress() -> Iterator[Progress]:
    """Show on a terminal how far a longer piece of work is."""
    if not sys.stderr.isatty():
        yield lambda *_: None
        return
    from rich.console import Console  # noqa: PLC0415 - not for --help
    from rich.progress import Progress as Bars  # noqa: PLC0415

    with Bars(console=Console(stderr=True), transient=True) as bars:
        tasks: dict[str, Any] = {}

        def show(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bars.add_task(what, total=total)
            bars.update(tasks[what], completed=done, total=total)

        yield show


def print_plan(plan: Plan, *, err: bool = False) -> None:
    """Show a plan: one line and a diff for each object, and what it comes to."""
    from rich.console import Console  # noqa: PLC0415 - not for --help
    from rich.text import Text  # noqa: PLC0415

    from telemetry.sync.texts import (  # noqa: PLC0415
        diff_action,
        note_of,
        summary_of,
        title_of,
    )

    stream = sys.stderr if err else sys.stdout
    if stream.isatty():
        console = Console(stderr=err, highlight=False)

        def say(line: str, style: str = "") -> None:
            console.print(Text(line, style=style), soft_wrap=True)
    else:

        def say(line: str, style: str = "") -> None:  # noqa: ARG001 - plain text has none
            click.echo(line, err=err)

    say(f"Project {clean(plan.project.name)} at {plan.url}")
    for action in plan.actions:
        say("")
        say(title_of(action), "bold " + _STYLES[title_of(action)[0]])
        for line in diff_action(action):
            say(f"    {line}", _STYLES.get(line[:1], ""))
    say("")
    if note := note_of(plan):
        say(note)
    say(f"{summary_of(plan)}; {plan.unchanged} as they should be", "bold")


_STYLES: Final = {"+": "green", "~": "yellow", "-": "red", "@": "cyan"}


def ask(question: str, *, yes: bool) -> bool:
    """Ask whether to do something.

    Raises:
        click.UsageError: There is nobody to ask.
    """
    if yes:
        return True
    if not sys.stdin.isatty():
        raise click.UsageError("nobody is there to ask: say --yes once the plan has been looked at")
    click.echo(f"{question} [y/N] ", nl=False, err=True)
    return sys.stdin.readline().strip().lower() in _ANSWERS
