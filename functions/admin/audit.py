"""The log of what was done by whom, beside the history that each failed task keeps itself."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from telemetry.configuration import is_configured
from telemetry.terminal import on_one_line

if TYPE_CHECKING:
    from functions.admin.identity import Visitor

_log = logging.getLogger(__name__)


def log_action(
    visitor: Visitor, action: str, subject: str, *, note: str = "", **facts: Any
) -> None:
    """Tell log and Logfire that somebody did something; both add when.

    Args:
        visitor: Who.
        action: What, as a past participle.
        subject: The id of what it was done to.
        note: Why.
        **facts: What else there is to say.
    """
    _log.info("%s %s by %s", on_one_line(subject), action, on_one_line(visitor.name))
    if not is_configured():
        return
    import logfire  # noqa: PLC0415 - most of a cold start

    logfire.info(
        "{subject} {action} by {user}",
        subject=subject,
        action=action,
        note=note,
        user=visitor.name,
        **facts,
    )
