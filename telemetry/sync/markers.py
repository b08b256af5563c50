"""The line in a description that says an object is mystage's, and what was written.

Alerts, SLOs and dashboards carry it. Channels and schedules have no text that could: what is ours
of them is written down in the dashboard ``mystage-state`` (see ``telemetry.sync.state``).
"""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any, Final

_OWNER_LENGTH: Final = 8
_LENGTH: Final = 12
_MARKER: Final = re.compile(
    rf"^Managed by mystage \(([0-9a-f]{{{_OWNER_LENGTH}}})-([0-9a-f]{{{_LENGTH}}})\)[ \t]*$",
    re.MULTILINE,
)


def digest_of(value: Any) -> str:
    """Return the digest of plain data, whatever the order of its keys."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def add_marker(text: str, owner: Any, content: Any) -> str:
    """Return a description with the marker at its end.

    Args:
        text: The description.
        owner: Which object it is of. Whoever makes a copy of an object copies its description, and
            the copy is theirs.
        content: What the object is in its canonical form: the marker holds its digest, so that it
            can be told later who changed it, a human or a definition.
    """
    digests = f"{digest_of(owner)[:_OWNER_LENGTH]}-{digest_of(content)[:_LENGTH]}"
    marker = f"Managed by mystage ({digests})"
    return f"{strip_marker(text)}\n\n{marker}".lstrip("\n")


def strip_marker(text: str) -> str:
    """Return a description without the marker, wherever somebody has moved it."""
    return _MARKER.sub("", text.replace("\r\n", "\n")).strip()


def read_marker(text: Any, owner: Any) -> str | None:
    """Return the digest of the content that a description's marker holds.

    Args:
        text: The description.
        owner: Which object it is of.

    Returns:
        None where there is no marker, or only that of another object.
    """
    found = _MARKER.findall(text.replace("\r\n", "\n")) if isinstance(text, str) else []
    wanted = digest_of(owner)[:_OWNER_LENGTH]
    return next((content for of, content in reversed(found) if of == wanted), None)


def is_written(content: Any, marker: str | None) -> bool:
    """Say whether an object still is as mystage wrote it."""
    return marker is not None and digest_of(content).startswith(marker)
