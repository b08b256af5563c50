"""The ``mystage`` command.

Its verbs are found by their entry points: see ``telemetry.cli.verbs``.
"""

from __future__ import annotations

import os
import sys
import traceback
from typing import Any, Final, NoReturn

import click

from telemetry.cli import exits
from telemetry.cli.verbs import VERBS, EntryPointGroup

_DEBUG: Final = "MYSTAGE_DEBUG"


@click.group(
    cls=EntryPointGroup,
    entry_point_group=VERBS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit codes: 0 fine, 1 findings or failures, 64 wrong usage, 69 a service out of"
    " reach, 70 a bug.",
)
@click.version_option(package_name="mystage", message="%(prog)s %(version)s")
def mystage() -> None:
    """Observability for data pipelines, with the pipeline it observes."""


class CommandError(click.ClickException):
    """Tell the user what failed, and end with an exit code.

    Args:
        message: What failed, where, and what to do next.
        exit_code: One of ``telemetry.cli.exits``.
    """

    def __init__(self, message: str, *, exit_code: int = exits.FINDINGS) -> None:
        super().__init__(message)
        self.exit_code = exit_code  # type: ignore[misc]  # a class variable in click's types


def main(arguments: list[str] | None = None) -> NoReturn:
    """Run the command line and exit with its code.

    Verbs return their exit code, or None for 0. An error is told in one line; a traceback is only
    shown where ``MYSTAGE_DEBUG`` is set.
    """
    sys.exit(_run(arguments))


def _run(arguments: list[str] | None) -> int:
    try:
        code: Any = mystage.main(arguments, prog_name="mystage", standalone_mode=False)
    except click.UsageError as error:
        error.show()
        return exits.USAGE
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("stopped", err=True)
        return exits.FINDINGS
    except BrokenPipeError:
        # Whoever read the output has gone; there is nobody left to tell.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return exits.FINDINGS
    except Exception as error:  # noqa: BLE001 - the last place that can say it in one line
        if os.environ.get(_DEBUG):
            traceback.print_exc()
        click.echo(
            f"Error: a bug in mystage: {type(error).__name__}: {error}\n"
            f"Set {_DEBUG}=1 and run it again for the traceback to report.",
            err=True,
        )
        return exits.BUG
    return code if isinstance(code, int) else exits.OK
