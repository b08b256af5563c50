"""Where the emulator of a data folder is to be found, while it is up."""

from __future__ import annotations

import contextlib
import http.client
import os
import urllib.request
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FOLDER: Final = "logfire"
"""Within a data folder: what the emulator keeps."""

_FILE: Final = "logfire.url"
_REAL: Final = "pylf_"
"""What the tokens of Logfire itself begin with."""

_PATIENCE: Final = 2.0
"""Seconds; it is on this machine."""


@contextlib.contextmanager
def announced(data: Path, url: str) -> Iterator[None]:
    """Let others find the emulator at ``url`` by its data folder, within the block."""
    file = data / _FILE
    file.write_text(f"{url}\n", encoding="utf-8")
    try:
        yield
    finally:
        file.unlink(missing_ok=True)


def find_emulator(data: Path) -> str | None:
    """Return the URL of the emulator that is up for a data folder; None if none answers."""
    try:
        url = (data / _FILE).read_text(encoding="utf-8").strip()
    except OSError:
        return None  # none was ever started there, or it has stopped
    if not url.startswith("http://127.0.0.1:"):
        return None
    try:
        with urllib.request.urlopen(url, timeout=_PATIENCE):  # noqa: S310 - checked above
            return url
    except (OSError, http.client.HTTPException, ValueError):
        return None  # what a killed emulator left behind


def telemetry_environment(data: Path) -> dict[str, str]:
    """Return the variables that send a process's telemetry to the emulator of a data folder.

    None, if no emulator is up for it, or if the environment says already where telemetry goes.
    """
    if os.environ.get("LOGFIRE_BASE_URL") or os.environ.get("LOGFIRE_TOKEN", "").startswith(_REAL):
        return {}
    url = find_emulator(data)
    return {} if url is None else {"LOGFIRE_BASE_URL": url}
