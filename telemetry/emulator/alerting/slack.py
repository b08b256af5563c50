"""Messages as Slack takes them, of blocks and of the older attachments.

https://docs.slack.dev/reference/block-kit/blocks and
https://docs.slack.dev/legacy/legacy-messaging/legacy-secondary-message-attachments
"""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING, Final

from telemetry.emulator.timestamps import read_timestamp
from telemetry.slack.limits import MAX_HEADER, MAX_TEXT
from telemetry.slack.mrkdwn import escape, escape_inline, link, mark_up, write_plain
from telemetry.slack.tables import draw_code

if TYPE_CHECKING:
    from telemetry.emulator.management.bodies import Content

_MAX_PART: Final = MAX_TEXT // 2 - 1
"""Of an attachment, of which the description is one half and the rows are the other."""
_MAX_NAME: Final = 120
_RED, _GREEN, _YELLOW = "#d92d20", "#12b76a", "#f79009"


def make_blocks(notification: Content) -> Content:
    """Return a message of blocks: what fires, its description, its first rows, its window."""
    title = escape(f"{_state(notification)}: {notification['alert_name']}", MAX_HEADER)
    blocks: list[Content] = [{"type": "header", "text": write_plain(title)}]
    blocks += [{"type": "section", "text": mark_up(part)} for part in _parts(notification)]
    blocks.append({"type": "context", "elements": [mark_up(_context(notification))]})
    return {"text": _fallback(notification), "blocks": blocks}


def make_attachments(notification: Content) -> Content:
    """Return a message with an attachment: the same as :func:`make_blocks`, for older clients."""
    attachment = {
        "color": _color(notification),
        "fallback": _fallback(notification),
        "title": escape_inline(notification["alert_name"], MAX_HEADER),
        "text": "\n".join(_parts(notification)),
        "footer": _window(notification),
        "mrkdwn_in": ["text"],
    }
    if notification["alert_url"]:
        attachment["title_link"] = notification["alert_url"]
    return {"text": _fallback(notification), "attachments": [attachment]}


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
    name = escape_inline(notification["alert_name"], _MAX_NAME * 2)
    return f"{_state(notification)}: {name} ({_count(notification)})"


def _parts(notification: Content) -> list[str]:
    """Return the description, whose marks its author meant, and the rows."""
    description = (notification["alert_description"] or "").strip()
    parts = escape(description, _MAX_PART, lines=True), draw_code(notification["result"], _MAX_PART)
    return [part for part in parts if part]


def _context(notification: Content) -> str:
    parts = [_count(notification), _window(notification)]
    if url := notification["alert_url"]:
        parts.append(link(url, "Open the alert"))
    parts.append(escape_inline(notification["project_name"], _MAX_NAME))
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
