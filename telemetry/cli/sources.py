"""Whom the verbs ask for telemetry: the emulator of this machine, or Logfire."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from telemetry.cli import CommandError, exits
from telemetry.configuration import ANY_TOKEN
from telemetry.emulator.address import EMULATOR_TOKEN
from telemetry.refusals import describe_refusal

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from logfire.query_client import LogfireQueryClient

    from telemetry.preview.asking import Answer

F = TypeVar("F", bound="Callable[..., Any]")

_TIMEOUT: Final = 60.0
_MOST_ROWS: Final = 1000
"""Of a panel; as many as its picture can show."""


def source_options(function: F) -> F:
    """Add the options that say whom to ask; they come as ``source``, ``data`` and ``url``."""
    for option in (
        click.option(
            "--url",
            help="Where the query API is [default: LOGFIRE_BASE_URL or found by --data; for"
            " Logfire, what the token says].",
        ),
        click.option(
            "--data",
            type=click.Path(path_type=Path, file_okay=False),
            default=Path(".mystage"),
            envvar="MYSTAGE_DATA",
            show_default=True,
            help="The folder whose emulator to ask, where no --url is given.",
        ),
        click.option(
            "--source",
            type=click.Choice(["local", "logfire"]),
            default="local",
            show_default=True,
            help="Whom to ask: the emulator, or Logfire with the token in LOGFIRE_READ_TOKEN.",
        ),
    ):
        function = option(function)
    return function


class Bindings(click.ParamType[tuple[str, str]]):
    """Convert ``name=value``."""

    name = "name=value"

    def convert(
        self, value: str | tuple[str, str], param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, str]:
        """Return name and value."""
        if isinstance(value, tuple):
            return value
        name, equals, bound = value.partition("=")
        if not (name and equals):
            self.fail(f"{value!r} is no NAME=VALUE.", param, ctx)
        return name, bound


def open_client(source: str, data: Path, url: str | None) -> LogfireQueryClient:
    """Return a client of the query API.

    Args:
        source: ``local`` or ``logfire``.
        data: The folder whose emulator is asked where nothing else says which.
        url: Where the API is; None for where it usually is.

    Raises:
        CommandError: There is nobody to ask, or no token to ask with.
    """
    from httpx import Timeout  # noqa: PLC0415 - not for --help
    from logfire.query_client import LogfireQueryClient  # noqa: PLC0415

    if source == "logfire":
        token = os.environ.get("LOGFIRE_READ_TOKEN")
        if not token:
            raise CommandError(
                "Logfire wants a read token: make one in the project's settings, and put it into"
                " LOGFIRE_READ_TOKEN"
            )
        return LogfireQueryClient(token, base_url=url, timeout=Timeout(_TIMEOUT))
    url = url or os.environ.get("LOGFIRE_BASE_URL")
    if url is None:
        from telemetry.emulator.address import find_emulator  # noqa: PLC0415

        url = find_emulator(data)
    if url is None:
        raise CommandError(
            f"no Logfire emulator is up for {data}: start one with"
            f" `mystage emulate logfire --data {data}`, or name it with --url",
            exit_code=exits.UNAVAILABLE,
        )
    # Never Logfire's own token: whoever listens there is not Logfire.
    token = os.environ.get(EMULATOR_TOKEN) or ANY_TOKEN
    return LogfireQueryClient(token, base_url=url, timeout=Timeout(_TIMEOUT))


def ask_rows(client: LogfireQueryClient, sql: str, since: datetime) -> Answer:
    """Return what a panel's query returns.

    Args:
        client: Whom to ask.
        sql: The query, with the values of its variables.
        since: How far back it looks.

    Raises:
        QueryFailed: It cannot be run.
        CommandError: Nobody answers.
    """
    from telemetry.errors import QueryFailed  # noqa: PLC0415 - not for --help
    from telemetry.preview.asking import Answer  # noqa: PLC0415

    arguments = {"sql": sql, "min_timestamp": since, "limit": _MOST_ROWS}
    try:
        result = ask_source(client.query_json_rows, client.base_url, arguments)
    except CommandError as error:
        if error.exit_code == exits.UNAVAILABLE:
            raise
        raise QueryFailed(str(error)) from error
    names = tuple(column["name"] for column in result["columns"])
    return Answer(names, tuple(result["rows"]))


def ask_source(ask: Any, url: str, arguments: dict[str, Any]) -> Any:
    """Return the answer of a client's method.

    Args:
        ask: The method.
        url: Where it asks, for messages.
        arguments: Of the method.

    Raises:
        CommandError: The query cannot be run, or nobody answers (``exits.UNAVAILABLE``).
    """
    import httpx  # noqa: PLC0415 - not for --help
    from logfire.query_client import (  # noqa: PLC0415
        QueryExecutionError,
        QueryRequestError,
        UnexpectedResponseError,
    )

    try:
        return ask(**arguments)
    except (QueryExecutionError, QueryRequestError) as error:
        raise CommandError(describe_refusal(error.args[0])) from error
    except UnexpectedResponseError as error:
        raise CommandError(f"{url}: {error}", exit_code=exits.UNAVAILABLE) from error
    except httpx.HTTPError as error:
        reason = str(error) or type(error).__name__
        raise CommandError(
            f"{url} does not answer: {reason}. Is it up? `mystage emulate logfire` starts one here",
            exit_code=exits.UNAVAILABLE,
        ) from error
