"""Where the emulator of a data folder is to be found, while it is up."""

from __future__ import annotations

import contextlib
import http.client
import os
from typing import TYPE_CHECKING, Final

from telemetry.errors import StoreUnusable
from telemetry.serving import HOST

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FOLDER: Final = "logfire"
"""Within a data folder: what the emulator keeps."""

EMULATOR_TOKEN: Final = "MYSTAGE_LOGFIRE_TOKEN"  # noqa: S105 - the name of a variable
"""The variable that names the only token an emulator lets in, and its users send."""

GREETING: Final = b"mystage's Logfire emulator"
"""What an emulator's front page begins with."""

_FILE: Final = "logfire.url"
_REAL: Final = "pylf_"
"""What the tokens of Logfire itself begin with."""

_PATIENCE: Final = 2.0
"""Seconds; it is on this machine."""


@contextlib.contextmanager
def announced(data: Path, url: str) -> Iterator[None]:
    """Let others find the emulator at ``url`` by its data folder, within the block.

    Raises:
        StoreUnusable: The folder cannot be written to.
    """
    file = data / _FILE
    try:
        file.write_text(f"{url}\n", encoding="utf-8")
    except OSError as error:
        raise StoreUnusable(
            f"{file} cannot be written: {error.strerror}. Name another folder with --data"
        ) from error
    try:
        yield
    finally:
        file.unlink(missing_ok=True)


def find_emulator(data: Path) -> str | None:
    """Return the URL of the emulator that is up for a data folder; None if none answers."""
    try:
        url = (data / _FILE).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return None  # none was ever started there, or it has stopped
    if not url.startswith(f"http://{HOST}:"):
        return None
    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=_PATIENCE)
    try:
        connection.request("GET", "/")
        greeting = connection.getresponse().read(len(GREETING))
    except (OSError, http.client.HTTPException, ValueError):
        return None  # what a killed emulator left behind
    finally:
        connection.close()
    # Another program may have been given its port since.
    return url if greeting == GREETING else None


def telemetry_environment(data: Path) -> dict[str, str]:
    """Return the variables that send a process's telemetry to the emulator of a data folder.

    None, if no emulator is up for it, or if the environment says already where telemetry goes.
    """
    if os.environ.get("LOGFIRE_BASE_URL") or os.environ.get("LOGFIRE_TOKEN", "").startswith(_REAL):
        return {}
    url = find_emulator(data)
    if url is None:
        return {}
    token = os.environ.get(EMULATOR_TOKEN)
    return {"LOGFIRE_BASE_URL": url} | ({"LOGFIRE_TOKEN": token} if token else {})
