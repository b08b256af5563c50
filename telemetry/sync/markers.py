"""The line in a description that says an object is mystage's, and what was written.

Alerts, SLOs and dashboards carry it. Channels and schedules have no text that could: what is ours
of them is written down in the dashboard ``mystage-state`` (see ``telemetry.sync.state``).
"""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any, Final

_LENGTH: Final = 12
_MARKER: Final = re.compile(
    rf"^Managed by mystage \(([0-9a-f]{{{_LENGTH}}})\)[ \t]*$", re.MULTILINE
)


def digest_of(value: Any) -> str:
    """Return the digest of plain data, whatever the order of its keys."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def add_marker(text: str, content: Any) -> str:
    """Return a description with the marker at its end.

    Args:
        text: The description.
        content: What the object is in its canonical form: the marker holds its digest, so that it
            can be told later who changed it, a human or a definition.
    """
    marker = f"Managed by mystage ({digest_of(content)[:_LENGTH]})"
    return f"{strip_marker(text)}\n\n{marker}".lstrip("\n")


def strip_marker(text: str) -> str:
    """Return a description without the marker, wherever somebody has moved it."""
    return _MARKER.sub("", text.replace("\r\n", "\n")).strip()


def read_marker(text: Any) -> str | None:
    """Return the digest that a description's marker holds; None where there is no marker."""
    found = _MARKER.findall(text.replace("\r\n", "\n")) if isinstance(text, str) else []
    return found[-1] if found else None


def is_written(content: Any, marker: str | None) -> bool:
    """Say whether an object still is as mystage wrote it."""
    return marker is not None and digest_of(content).startswith(marker)
