"""The page of what the stand-in for Slack was sent, as it would look there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.routing import Route

from telemetry.console.app import Section, render
from telemetry.console.refreshing import read_refresh
from telemetry.errors import StoreUnavailable
from telemetry.slack.api import PREFIX, slack_routes
from telemetry.slack.blocks import render_message

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from telemetry.slack.inbox import Inbox

SHOWN: Final = 50
"""Threads, unless all are asked for."""

_SOURCES: Final = {"webhook": "incoming webhook", "api": "bot"}
"""Who writes, by the way that a message came."""


def inbox_section(inbox: Inbox) -> Section:
    """Return the section of the stand-in for Slack, its API included.

    Args:
        inbox: Where the messages are kept.
    """

    async def show(request: Request) -> Response:
        is_whole = request.query_params.get("show") == "all"
        try:
            threads = await run_in_threadpool(inbox.messages)
        except StoreUnavailable as error:
            raise HTTPException(503, str(error)) from error
        values = {
            "title": "Slack",
            "refresh": read_refresh(request),
            "threads": threads if is_whole else threads[:SHOWN],
            "total": len(threads),
            "sources": _SOURCES,
            "render_message": render_message,
        }
        return render(request, "inbox.html", values)

    return Section(title="Slack", path=PREFIX, routes=[Route(PREFIX, show), *slack_routes(inbox)])
