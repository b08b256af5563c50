"""Whom ``mystage plan --pictures`` asks for the rows that its pictures show."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from telemetry.cli import CommandError, exits
from telemetry.cli.sources import ask_rows, open_client
from telemetry.errors import QueryFailed
from telemetry.sync.instance import REGIONS, is_local
from telemetry.sync.pictures import draw_changes

if TYPE_CHECKING:
    from pathlib import Path

    from logfire.query_client import LogfireQueryClient

    from telemetry.preview.asking import Answer
    from telemetry.sync.pictures import Ask, Pictures
    from telemetry.sync.plan import Plan

_NO_TOKEN: Final = "not drawn: LOGFIRE_READ_TOKEN is not set"  # noqa: S105 - it names one


def draw_pictures(plan: Plan, data: Path, seconds: float | None) -> Pictures:
    """Return the pictures of the panels that a plan changes, with rows of whom it is for.

    Where rows cannot be had, the reason stands in the place of the pictures: the plan is made.

    Args:
        plan: The plan.
        data: The folder whose emulator the plan may be for.
        seconds: How far back they look; None for as far as the dashboards do.
    """
    until = datetime.now(UTC)
    local = is_local(plan.url)
    if not local and not os.environ.get("LOGFIRE_READ_TOKEN"):
        return draw_changes(plan, _refuse, until, seconds)
    # Of Logfire's own, the token says where to ask.
    url = None if plan.url in REGIONS.values() else plan.url
    with open_client("local" if local else "logfire", data, url) as client:
        return draw_changes(plan, _asking(client), until, seconds)


def _asking(client: LogfireQueryClient) -> Ask:
    silent: list[str] = []

    def ask(sql: str, since: datetime) -> Answer:
        if silent:  # the next one would wait as long
            raise QueryFailed(silent[0])
        try:
            return ask_rows(client, sql, since)
        except CommandError as error:
            if error.exit_code == exits.UNAVAILABLE:
                silent.append(str(error))
            raise QueryFailed(str(error)) from error

    return ask


def _refuse(_sql: str, _since: datetime) -> Answer:
    raise QueryFailed(_NO_TOKEN)
