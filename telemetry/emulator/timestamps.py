"""Moments as text, in one form of one length: it sorts as the moments do."""

from __future__ import annotations

from datetime import UTC, datetime


def write_timestamp(moment: datetime) -> str:
    """Return ``2026-01-31T12:00:00.000000Z``, as Logfire writes a moment."""
    text = moment.astimezone(UTC).isoformat(timespec="microseconds")
    return text.replace("+00:00", "Z")


def read_timestamp(text: str) -> datetime:
    """Return the moment that :func:`write_timestamp` wrote."""
    return datetime.fromisoformat(text)
