"""The formats of webhooks, and which one ``auto`` is.

Logfire documents the names of the formats and not how it chooses: here ``auto`` is Slack's blocks
where an address looks like one of Slack's, and the raw data elsewhere.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from telemetry.emulator.alerting.slack import make_attachments, make_blocks

if TYPE_CHECKING:
    from collections.abc import Callable

    from telemetry.emulator.management.bodies import Content

AUTO: Final = "auto"
RAW_DATA: Final = "raw-data"
SLACK_BLOCKKIT: Final = "slack-blockkit"
SLACK_LEGACY: Final = "slack-legacy"

_SLACK_HOST: Final = re.compile(r"hooks\.slack(-gov)?\.com", re.IGNORECASE)
_SLACK_PATH: Final = re.compile(r"/(services/T\w+/B\w+/\w+|(.*/)?slack(/.*)?)", re.IGNORECASE)
"""As Slack's own, behind a proxy say; or with a part that is called slack, as Discord's."""

_WRITERS: Final[dict[str, Callable[[Content], Content]]] = {
    RAW_DATA: lambda notification: notification,
    SLACK_BLOCKKIT: make_blocks,
    SLACK_LEGACY: make_attachments,
}


def choose_format(configured: str, url: str) -> str:
    """Return the format that is sent to a webhook.

    Args:
        configured: What its channel says.
        url: Where it leads; where that is not known, its masked form, of which the host is told.
    """
    if configured != AUTO:
        return configured
    parts = urlsplit(url)
    is_slack = _SLACK_HOST.fullmatch(parts.hostname or "") or _SLACK_PATH.fullmatch(parts.path)
    return SLACK_BLOCKKIT if is_slack else RAW_DATA


def write_body(format_: str, notification: Content) -> Content:
    """Return a notification in a format."""
    return _WRITERS[format_](notification)
