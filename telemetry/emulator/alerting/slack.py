"""Messages as Slack takes them, of blocks and of the older attachments.

https://docs.slack.dev/reference/block-kit/blocks and
https://docs.slack.dev/legacy/legacy-messaging/legacy-secondary-message-attachments
"""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING, Any, Final

from telemetry.emulator.alerting.mrkdwn import cut, escape, escape_plain, flatten, write_table
from telemetry.emulator.timestamps import read_timestamp

if TYPE_CHECKING:
    from telemetry.emulator.management.bodies import Content

MOST_HEADER: Final = 150
MOST_TEXT: Final = 3_000
_MOST_ROWS: Final = 10
_MOST_NAME: Final = 120
_RED, _GREEN, _YELLOW = "#d92d20", "#12b76a", "#f79009"


def make_blocks(notification: Content) -> Content:
    """Return a message of blocks: what fires, its description, its first rows, its window."""
    blocks: list[Content] = [
        {
            "type": "header",
            "text": {"type": "plain_text", "text": cut(_title(notification), MOST_HEADER)},
        }
    ]
    if description := _description(notification):
        blocks.append(_section(description))
    if notification["result"]:
        blocks.append(_section(_table(notification)))
    blocks.append(
        {"type": "context", "elements": [{"type": "mrkdwn", "text": _context(notification)}]}
    )
    return {"text": _fallback(notification), "blocks": blocks}


def make_attachments(notification: Content) -> Content:
    """Return a message with an attachment: the same as :func:`make_blocks`, for older clients."""
    parts = [_description(notification)]
    if notification["result"]:
        parts.append(_table(notification))
    attachment = {
        "color": _color(notification),
        "fallback": _fallback(notification),
        "title": escape_plain(notification["alert_name"], MOST_HEADER),
        "text": "\n".join(filter(None, parts)),
        "footer": cut(_window(notification), MOST_HEADER),
        "mrkdwn_in": ["text"],
    }
    if notification["alert_url"]:
        attachment["title_link"] = notification["alert_url"]
    return {"text": _fallback(notification), "attachments": [attachment]}


def _title(notification: Content) -> str:
    return f"{_state(notification)}: {flatten(notification['alert_name'])}"


def _state(notification: Content) -> str:
    match notification["had_matches"], notification["has_matches"]:
        case (_, False):
            return "🟢 Resolved"
        case (True, True) if notification["notify_when"] == "matches_changed":
            return "🟡 Changed"
        case _:
            return "🔴 Firing"


def _color(notification: Content) -> str:
    return {"🟢": _GREEN, "🟡": _YELLOW}.get(_state(notification)[0], _RED)


def _fallback(notification: Content) -> str:
    """Return what a notification on a screen's edge shows."""
    name = escape_plain(notification["alert_name"], _MOST_NAME * 2)
    return f"{_state(notification)}: {name} ({_count(notification)})"


def _description(notification: Content) -> str:
    return escape(notification["alert_description"] or "", MOST_TEXT // 2).strip()


def _table(notification: Content) -> str:
    return write_table(notification["result"][:_MOST_ROWS], MOST_TEXT // 2 - 2)


def _context(notification: Content) -> str:
    parts = [_count(notification), _window(notification)]
    if url := notification["alert_url"]:
        parts.append(f"<{escape(url, MOST_TEXT // 2)}|Open the alert>")
    parts.append(escape_plain(notification["project_name"], _MOST_NAME))
    return " · ".join(parts)


def _count(notification: Content) -> str:
    length = notification["result_length"]
    return "1 row" if length == 1 else f"{length:,} rows" if length else "no rows"


def _window(notification: Content) -> str:
    start, end = (
        read_timestamp(notification[f"window_{side}"]).astimezone(UTC) for side in ("start", "end")
    )
    last = f"{end:%H:%M:%S}" if start.date() == end.date() else f"{end:%Y-%m-%d %H:%M:%S}"
    return f"{start:%Y-%m-%d %H:%M:%S} - {last} UTC"


def _section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}
