"""When an alert tells somebody: the four modes of Logfire.

https://logfire.pydantic.dev/docs/guides/web-ui/alerts/#notification-modes
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from telemetry.definitions.alerts import NotifyWhen


def notifies(
    mode: NotifyWhen, before: Sequence[dict[str, Any]], rows: Sequence[dict[str, Any]]
) -> bool:
    """Say whether a run of an alert tells somebody.

    Args:
        mode: The alert's ``notify_when``.
        before: What the run before returned; nothing for the first.
        rows: What this one returned.
    """
    match mode:
        case "has_matches":
            return bool(rows)
        case "has_matches_changed":
            return bool(rows) != bool(before)
        case "starts_having_matches":
            return bool(rows) and not before
        case "matches_changed":
            return _unordered(rows) != _unordered(before)


def _unordered(rows: Sequence[dict[str, Any]]) -> list[str]:
    """Return what rows say: without an ORDER BY they come in any order."""
    return sorted(repr(sorted(row.items())) for row in rows)
